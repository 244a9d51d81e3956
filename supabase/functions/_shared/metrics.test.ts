import { assertDeepEquals, assertEquals, eventually } from "./asserts.ts";
import type { Database } from "./database.ts";
import { createMetrics } from "./metrics.ts";

/** A database that keeps what it was told, or is away. */
function listener() {
  const told: Record<string, number>[] = [];
  const state = { isAway: false };
  const sql = Object.assign(
    (_words: TemplateStringsArray, _slot: number, increments: Record<string, number>) => increments,
    { json: (value: unknown) => value },
  );
  const run = (build: (given: typeof sql) => unknown) => {
    if (state.isAway) return Promise.reject(new Error("away"));
    told.push(build(sql) as Record<string, number>);
    return Promise.resolve([]);
  };
  return { told, state, database: { run } as unknown as Pick<Database, "run"> };
}

Deno.test("what was counted is told once, and what is counted elsewhere by what it grew", async () => {
  const { told, database } = listener();
  let openings = 5;
  const metrics = createMetrics(database, () => ({ openings }));
  metrics.add("a");
  metrics.add("a", 2);
  metrics.cell("b").value++;
  await metrics.flush();
  openings = 7;
  await metrics.flush();
  await metrics.flush();
  assertDeepEquals(told, [{ a: 3, b: 1 }, { openings: 2 }]);
  metrics.stop();
});

Deno.test("what could not be told is told the next time", async () => {
  const { told, state, database } = listener();
  const metrics = createMetrics(database);
  metrics.add("a");
  state.isAway = true;
  await metrics.flush();
  metrics.add("a");
  state.isAway = false;
  await metrics.flush();
  assertDeepEquals(told, [{ a: 2 }]);
  metrics.stop();
});

Deno.test("it is told by itself after the pause, all in one", async () => {
  const { told, database } = listener();
  const metrics = createMetrics(database, undefined, 20);
  for (let n = 0; n < 100; n++) metrics.add("a");
  assertEquals(told.length, 0);
  await eventually("it was told", () => told.length > 0);
  assertDeepEquals(told, [{ a: 100 }]);
  metrics.stop();
});

Deno.test("series are not without end", async () => {
  const { told, database } = listener();
  const metrics = createMetrics(database);
  for (let n = 0; n < 3000; n++) metrics.add(`a${n}`);
  await metrics.flush();
  assertEquals(Object.keys(told[0] ?? {}).length, 2000);
  metrics.stop();
});
