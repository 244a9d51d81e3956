/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { z } from "zod";
import { type Answers, count, errorBody, seconds, time } from "../_shared/http/answer-schemas.ts";

const milliseconds = z.number().min(0).nullable().describe("Milliseconds; null: no answer.");
const health = z.object({
  status: z.enum(["up", "degraded", "down"]),
  troubles: z.array(z.string()).optional().describe("The figures are for a secret key only."),
  advice: z.array(z.string()).optional(),
  database: z.object({
    latency_ms: milliseconds,
    pool: z.object({ size: count, busy: count, waiting: count, refused: count }),
    pgvector: z.string().nullable(),
  }).optional(),
  scratchpad: z.object({
    kind: z.enum(["redis", "postgres"]),
    breaker: z.enum(["none", "closed", "open", "half-open"]),
    openings: count,
    latency_ms: milliseconds,
  }).optional(),
  work: z.object({
    calls: z.object({
      open: count,
      failed: count,
      lost: count,
      overdue_since: time.nullable(),
    }),
    jobs: z.array(z.object({
      name: z.string(),
      last_started_at: time.nullable(),
      last_status: z.string().nullable(),
      failures: count.describe("Within a day."),
    })),
    queues: z.array(z.object({
      queue: z.string(),
      pending: count,
      due: count,
      in_progress: count,
      lease_ended: count,
      failed: count,
      oldest_due_seconds: seconds,
      last_failure: z.string().nullable(),
    })),
    abandoned: count,
    sealing: z.object({ lag_seconds: seconds }),
  }).nullable().optional(),
});

/** By handler. */
export const answers: Answers = {
  reportHealth: { 200: health, 503: z.union([health, errorBody]) },
  reportMetrics: { 200: "text/plain" },
};
