import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import {
  type Figures,
  findAdvice,
  findTroubles,
  judge,
  type QueueFigures,
  type WorkFigures,
} from "./judge-health.ts";

function queueOf(queue: string, changes: Partial<QueueFigures> = {}): QueueFigures {
  const nothing = { pending: 0, due: 0, in_progress: 0, lease_ended: 0, failed: 0 };
  return { queue, ...nothing, oldest_due_seconds: 0, last_failure: null, ...changes };
}

const work: WorkFigures = {
  calls: { open: 3, failed: 0, lost: 0, overdue_since: null },
  jobs: [{ name: "purge", last_started_at: null, last_status: null, failures: 0 }],
  queues: [
    queueOf("chores", {
      pending: 1e6,
      due: 1e6,
      in_progress: 9,
      lease_ended: 3,
      oldest_due_seconds: 900,
    }),
    queueOf("function_calls", { failed: 3, oldest_due_seconds: 1e6 }), // long ago: calls has the last day's
  ],
  abandoned: 0,
  sealing: { lag_seconds: 59 },
};
const well: Figures = {
  database: {
    latency_ms: 1,
    pool: { size: 8, busy: 0, waiting: 0, refused: 0 },
    pgvector: "0.8.4",
  },
  scratchpad: { kind: "redis", breaker: "closed", openings: 0, latency_ms: 1 },
  work,
};

Deno.test("when all is well nothing is said", () => {
  assertDeepEquals(findTroubles(well), []);
  assertDeepEquals(
    findTroubles({
      ...well,
      scratchpad: { ...well.scratchpad, kind: "postgres", breaker: "none" },
    }),
    [],
    "a deployment without Redis lacks nothing",
  );
  assertEquals(judge([]), "up");
});

for (
  const [trouble, figures] of Object.entries<Partial<Figures>>({
    redis_unreachable: { scratchpad: { ...well.scratchpad, breaker: "half-open" } },
    calls_lost: { work: { ...work, calls: { ...work.calls, lost: 1 } } },
    calls_failed: { work: { ...work, calls: { ...work.calls, failed: 1 } } },
    calls_overdue: { work: { ...work, calls: { ...work.calls, overdue_since: "2026-01-01" } } },
    "job_failing:purge": {
      work: {
        ...work,
        jobs: [{
          name: "purge",
          last_started_at: "2026-01-01",
          last_status: "failed",
          failures: 1,
        }],
      },
    },
    "dead_letters:chores": { work: { ...work, queues: [queueOf("chores", { failed: 1 })] } },
    "work_waiting:chores": {
      work: { ...work, queues: [queueOf("chores", { due: 1, oldest_due_seconds: 901 })] },
    },
    leases_not_released: { work: { ...work, abandoned: 1 } },
    sealing_behind: { work: { ...work, sealing: { lag_seconds: 301 } } },
    figures_unavailable: { work: null },
  })
) {
  Deno.test(`${trouble} degrades`, () => {
    assertDeepEquals(findTroubles({ ...well, ...figures }), [trouble]);
    assertEquals(judge([trouble]), "degraded");
  });
}

Deno.test("without the database everything is down, whatever else is the matter", () => {
  const figures = { ...well, database: { ...well.database, latency_ms: null }, work: null };
  assertEquals(judge(findTroubles(figures)), "down");
});

Deno.test("a pgvector that leaves damaged indexes as they are is to be replaced, and degrades nothing", () => {
  const adviceOf = (pgvector: string | null) =>
    findAdvice({ ...well, database: { ...well.database, pgvector } });
  for (const version of ["0.7.9", "0.8", "0.8.0", "0.8.3"]) {
    assertDeepEquals(adviceOf(version), ["pgvector_outdated"], version);
  }
  for (const version of ["0.8.4", "0.8.7", "0.8.10", "0.9.0", "1.0", null]) {
    assertDeepEquals(adviceOf(version), [], String(version));
  }
});
