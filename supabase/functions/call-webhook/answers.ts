/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, id } from "../_shared/http/answer-schemas.ts";

const recorded = z.object({ recorded: z.literal(true), outcome_id: id, is_new: z.boolean() });

/** By handler. */
export const answers: Answers = {
  receiveReport: {
    200: z.union([recorded, z.object({ recorded: z.literal(false) })]),
    201: recorded,
  },
};
