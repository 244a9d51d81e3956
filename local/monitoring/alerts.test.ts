import assert from "node:assert/strict";
import { families } from "../../supabase/functions/health/metric-families.ts";
import { type Figures, findTroubles } from "../../supabase/functions/health/judge-health.ts";
import { providePrometheus } from "../services/prometheus.ts";
import { tryRun } from "../services/processes.ts";
import { projectRoot } from "../state.ts";

const folder = `${projectRoot}/monitoring`;
const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
const programs = await providePrometheus(console.log);

Deno.test({
  name: "promtool finds the rules right, and each raises its alert and nothing else",
  ignore: programs === null, // told as skipped: neither installed nor to be had here
  async fn() {
    for (const action of [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]]) {
      const [command, kind, file] = action as [string, string, string];
      const { code, stdout, stderr } = await tryRun(programs!.promtool, [
        command,
        kind,
        `${folder}/${file}`,
      ]);
      assert.equal(code, 0, stdout + stderr);
    }
  },
});

/** Everything that health can find wrong, at once and one after the other. */
function allTroubles(): string[] {
  const queue = {
    queue: "q",
    pending: 0,
    due: 0,
    in_progress: 0,
    lease_ended: 0,
    last_failure: null,
  };
  const job = { name: "j", last_started_at: null, last_status: "failed", failures: 1 };
  const bad: Figures = {
    database: {
      latency_ms: 1,
      pool: { size: 1, busy: 0, waiting: 0, refused: 0 },
      pgvector: null,
    },
    scratchpad: { kind: "postgres", breaker: "open", openings: 1, latency_ms: null },
    work: {
      calls: { open: 0, failed: 1, lost: 1, overdue_since: "2026-01-01" },
      jobs: [job],
      queues: [{ ...queue, failed: 1, oldest_due_seconds: 1e6 }],
      abandoned: 1,
      sealing: { lag_seconds: 1e6 },
    },
  };
  const without = { ...bad.database, latency_ms: null };
  return [bad, { ...bad, work: null }, { ...bad, database: without }].flatMap(findTroubles)
    .map((trouble) => trouble.replace(/:.*/, ""));
}

Deno.test("what health calls trouble has an alert, and no alert speaks of another", async () => {
  const named = [...(await read("alerts.yml")).matchAll(/trouble: (\w+)/g)].map(([, name]) => name);
  assert.deepEqual(new Set(named), new Set(allTroubles()));
});

Deno.test("alerts and the dashboard ask for metrics that there are", async () => {
  const known = new Set(
    families.flatMap(({ name, type }) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((part) => name + part) : [name]
    ),
  );
  for (const file of ["alerts.yml", "alerts.test.yml", "dashboard.json"]) {
    const asked = [...(await read(file)).matchAll(/\bgroundwork_\w+/g)].map(([name]) => name);
    assert.ok(asked.length > 10, `${file} asks for ${asked.length}`);
    assert.deepEqual(asked.filter((name) => !known.has(name)), [], file);
  }
});

Deno.test("operations.md has the part that each alert refers to", async () => {
  const text = await Deno.readTextFile(`${projectRoot}/docs/operations.md`);
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    `#${title.toLowerCase().replaceAll(/[^\w\s-]/g, "").replaceAll(/\s/g, "-")}`
  );
  const named = [...(await read("alerts.yml")).matchAll(/see: "([^"]+)"/g)].map(([, at]) => at);
  assert.deepEqual(named.filter((at) => !anchors.includes(at ?? "")), []);
});
