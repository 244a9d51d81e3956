/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, object, time } from "../_shared/http/answer-schemas.ts";

const items = z.object({ items: z.array(z.object({ id: z.int(), is_new: z.boolean() })) });

/** By handler. */
export const answers: Answers = {
  enqueueWork: { 200: items, 201: items },
  claimWork: {
    200: z.object({
      work: z.array(z.object({
        id: z.int(),
        workspace_id: id,
        attempts: count,
        max_attempts: count,
        claim_token: id,
        lease_expires_at: time,
        work: object.describe("The queue's own columns."),
      })),
    }),
  },
  heartbeatWork: { 200: z.object({ lease_expires_at: time }) },
  completeWork: { 200: z.object({ completed: count }) },
  failWork: { 200: z.object({ failed: count }) },
  snoozeWork: { 200: z.object({ snoozed: count }) },
  cancelWork: { 200: z.object({ cancelled: count }) },
  redriveWork: { 200: z.object({ redriven: count }) },
};
