/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count } from "../_shared/http/answer-schemas.ts";

/** By handler. */
export const answers: Answers = {
  embedPending: {
    200: z.object({ model: z.string(), embedded: count, stale: count, failed: count }),
  },
};
