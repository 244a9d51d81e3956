/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count } from "../_shared/http/answer-schemas.ts";

/** By handler. */
export const answers: Answers = {
  dispatchCalls: {
    200: z.object({
      dialled: count.optional(),
      already_made: count.optional(),
      recorded: count.optional(),
      cancelled: count.optional(),
      waiting: count.optional(),
      retried: count.optional(),
      failed: count.optional(),
      lost: count.optional(),
      is_complete: z.boolean().describe("Whether all that was due was seen."),
    }),
  },
};
