import assert from "node:assert/strict";
import { SUITES } from "./arguments.ts";
import { planLanes, showMarked } from "./beside.ts";

const everything = {
  suites: [...SUITES],
  databases: ["embedded" as const, "real" as const],
  redis: ["redis" as const, "none" as const],
  match: "",
};

Deno.test("where both databases are asked for, the real one's suites, and units and drills, run beside", () => {
  assert.deepEqual(planLanes(everything), {
    own: ["pgtap", "routes", "abuse", "browser", "drills", "concurrency", "rollbacks"],
    beside: [
      {
        mark: "real │ ",
        args: ["--real", "--only", "pgtap,routes,abuse,browser,concurrency,rollbacks"],
      },
      { mark: "unit, drills │ ", args: ["--real", "--only", "unit,drills"] },
    ],
  });
});

Deno.test("no suite is left out, and none runs twice on the same database", () => {
  const { own, beside } = planLanes(everything);
  const theirs = beside.flatMap(({ args }) => args[2]!.split(","));
  assert.deepEqual(theirs.toSorted(), [...SUITES].toSorted());
  assert.deepEqual([...own, "unit"].toSorted(), [...SUITES].toSorted());
});

Deno.test("a run beside selects what was selected", () => {
  const some = { ...everything, suites: ["pgtap" as const, "routes" as const] };
  assert.deepEqual(planLanes({ ...some, redis: ["none"], match: "work" }).beside, [
    {
      mark: "real │ ",
      args: ["--real", "--only", "pgtap,routes", "--no-redis", "--match", "work"],
    },
  ]);
  assert.equal(planLanes({ ...some, redis: ["redis"] }).beside[0]!.args.at(-1), "--redis");
});

Deno.test("for one database, or for units alone, there is nothing beside", () => {
  const one = { ...everything, databases: ["real" as const] };
  assert.deepEqual(planLanes(one), { own: one.suites, beside: [] });
  assert.deepEqual(planLanes({ ...everything, suites: ["unit"] }), { own: ["unit"], beside: [] });
});

Deno.test("what a run beside says is shown line by line, marked, wherever its parts end", async () => {
  const shown: string[] = [];
  const bytes = new TextEncoder().encode("one\n\ntwö\nthree");
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  await showMarked(stream, "real │ ", (line) => shown.push(line));
  assert.deepEqual(shown, ["real │ one", "real │ twö", "real │ three"]);
});
