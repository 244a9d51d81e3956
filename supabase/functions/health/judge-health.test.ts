import { assertDeepEquals, assertEquals } from "../_shared/asserts.ts";
import { type Figures, findTroubles, judge, type WorkFigures } from "./judge-health.ts";

const work: WorkFigures = {
  calls: { open: 3, failed: 0, lost: 0, overdue_since: null },
  jobs: [{ name: "purge", last_started_at: null, last_status: null, failures: 0 }],
  sealing: { lag_seconds: 59 },
};
const well: Figures = {
  database: { latency_ms: 1, pool: { size: 8, busy: 0, waiting: 0, refused: 0 } },
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
