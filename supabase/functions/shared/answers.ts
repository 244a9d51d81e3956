/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, id, time } from "../_shared/http/answer-schemas.ts";

/** By handler. */
export const answers: Answers = {
  tellShared: {
    200: z.object({
      title: z.string().nullable(),
      created_at: time,
      by: z.string().nullable().describe("The name that its owner shows."),
      messages: z.array(z.object({
        id,
        role: z.enum(["user", "assistant"]),
        created_at: time,
        parts: z.array(z.object({ type: z.literal("text"), text: z.string() })),
      })),
    }),
  },
};
