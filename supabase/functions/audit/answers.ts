/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, time } from "../_shared/http/answer-schemas.ts";

const entries = z.object({
  entries: z.array(z.object({ id: z.int(), is_new: z.boolean() })),
});

/** By handler. */
export const answers: Answers = {
  logEntries: { 200: entries, 201: entries },
  verifyChain: {
    200: z.object({
      is_valid: z.boolean(),
      entries: count,
      seals: count,
      broken_at: z.int().nullable(),
      reason: z.string().nullable(),
      head_digest: z.string().nullable(),
      sealed_through: time.nullable(),
    }),
  },
};
