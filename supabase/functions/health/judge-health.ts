/** What is measured, and what it means. */

/** A word for the whole. */
export type Health = "up" | "degraded" | "down";

/** A scheduled job of the database. */
export interface JobFigures {
  name: string;
  last_started_at: string | null;
  last_status: string | null;
  /** Within a day. */
  failures: number;
}

/** How a queue stands. The ledger of function calls is among them, as `function_calls`. */
export interface QueueFigures {
  queue: string;
  pending: number;
  due: number;
  in_progress: number;
  /** Of what is in progress: held by a lease that has ended. */
  lease_ended: number;
  /** Dead letters. */
  failed: number;
  oldest_due_seconds: number;
  last_failure: string | null;
}

/** What the database says of its own work. */
export interface WorkFigures {
  calls: {
    open: number;
    /** Within a day. */
    failed: number;
    lost: number;
    /** The oldest that should have been answered and was not looked at. */
    overdue_since: string | null;
  };
  jobs: JobFigures[];
  queues: QueueFigures[];
  /** Leases that ended a minute ago and were not given back: the job looks each ten seconds. */
  abandoned: number;
  sealing: {
    /** Age of the oldest entry that is not sealed yet; 0 when all are. */
    lag_seconds: number;
  };
}

/** Everything, as it is answered to those with a secret key. */
export interface Figures {
  database: {
    latency_ms: number | null;
    pool: { size: number; busy: number; waiting: number; refused: number };
    /** Version of the extension; null when the database could not say. */
    pgvector: string | null;
  };
  scratchpad: {
    kind: "redis" | "postgres";
    breaker: "none" | "closed" | "open" | "half-open";
    openings: number;
    latency_ms: number | null;
  };
  /** Null when the database could not say. */
  work: WorkFigures | null;
}

const longestSealingLag = 300;
const longestWait = 900;

/** What is not as it should be, in words that an operator can look up. Nothing: all is well. */
export function findTroubles(figures: Figures): string[] {
  if (figures.database.latency_ms === null) return ["database_unreachable"];
  const { work, scratchpad } = figures;
  if (!work) return ["figures_unavailable"];
  return [
    scratchpad.breaker !== "none" && scratchpad.breaker !== "closed" && "redis_unreachable",
    work.calls.lost > 0 && "calls_lost",
    work.calls.failed > 0 && "calls_failed",
    work.calls.overdue_since !== null && "calls_overdue",
    ...work.jobs.map((job) => job.last_status === "failed" && `job_failing:${job.name}`),
    // The ledger's own failures are told above, those of the last day.
    ...work.queues.filter(({ queue }) => queue !== "function_calls").flatMap((queue) => [
      queue.failed > 0 && `dead_letters:${queue.queue}`,
      queue.oldest_due_seconds > longestWait && `work_waiting:${queue.queue}`,
    ]),
    work.abandoned > 0 && "leases_not_released",
    work.sealing.lag_seconds > longestSealingLag && "sealing_behind",
  ].filter((trouble) => typeof trouble === "string");
}

/** From here on vacuum repairs HNSW indexes that it had damaged before 0.8.3. */
const oldestVector = [0, 8, 4];

/** What should be done and hurts nobody at the moment; it degrades nothing. */
export function findAdvice({ database }: Figures): string[] {
  if (database.pgvector === null) return [];
  const version = database.pgvector.split(".").map(Number);
  const place = oldestVector.findIndex((part, index) => (version[index] ?? 0) !== part);
  const isOlder = place >= 0 && (version[place] ?? 0) < (oldestVector[place] ?? 0);
  return isOlder ? ["pgvector_outdated"] : [];
}

/** Without the database nothing works; everything else makes things slower or later. */
export function judge(troubles: string[]): Health {
  if (troubles.includes("database_unreachable")) return "down";
  return troubles.length > 0 ? "degraded" : "up";
}
