/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, id, object, time } from "../_shared/http/answer-schemas.ts";

/** By handler. */
export const answers: Answers = {
  exportPerson: {
    200: z.object({
      format: z.literal(1),
      exported_at: time,
      person: z.object({ id, email: z.string().nullable() }),
      tables: z.record(z.string(), z.array(object)).describe(
        "The rows about the person, by table.",
      ),
    }),
  },
  requestErasure: {
    202: z.object({ receipt: id, status: z.literal("pending"), status_url: z.string() }),
  },
  tellErasure: {
    200: z.object({
      status: z.enum(["pending", "in_progress", "done", "failed", "cancelled"]),
      scope: z.enum(["account", "workspace"]),
      requested_at: time,
      erased_at: time.nullable(),
      finished_at: time.nullable(),
      cause: z.string().nullable(),
    }),
  },
  cancelErasure: { 200: z.object({ receipt: id, status: z.literal("cancelled") }) },
  workErasures: { 200: z.object({ claimed: count, erased: count, done: count, failed: count }) },
};
