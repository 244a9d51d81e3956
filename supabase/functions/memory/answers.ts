/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, time } from "../_shared/http/answer-schemas.ts";

const remembered = (outcome: z.ZodType) => z.object({ id, outcome });

/** By handler. */
export const answers: Answers = {
  rememberStatement: {
    200: remembered(z.literal("confirmed")),
    201: remembered(z.enum(["added", "superseded"])),
  },
  recallMemories: {
    200: z.object({
      memories: z.array(z.object({
        id,
        kind: z.enum(["profile", "fact"]),
        category: z.string(),
        tier: z.string(),
        subject: z.string().nullable(),
        content: z.string(),
        confidence: z.number(),
        score: z.number(),
        similarity: z.number().nullable(),
        valid_from: time,
        confirmed_at: time,
      })),
      by_meaning: z.boolean(),
    }),
  },
  forgetMemory: { 200: z.object({ forgotten: count }) },
};
