import assert from "node:assert/strict";
import { SUITES } from "./arguments.ts";
import { planLanes, showMarked } from "./beside.ts";

const everything = {
  suites: [...SUITES],
  databases: ["embedded" as const, "real" as const],
  redis: ["redis" as const, "none" as const],
  match: "",
};

Deno.test("where both databases are asked for, three lanes share the suites", () => {
  const apart = "unit,drills,rollbacks";
  assert.deepEqual(planLanes(everything), {
    own: ["pgtap", "routes", "abuse", "browser", "concurrency"],
    beside: [
      { mark: "real │ ", runs: [["--real", "--only", "pgtap,routes,abuse,browser,concurrency"]] },
      {
        mark: "unit, drills, rollbacks │ ",
        runs: [["--real", "--only", apart], ["--embedded", "--only", "drills,rollbacks"]],
      },
    ],
  });
});

Deno.test("no suite is left out, and none runs twice on the same database", () => {
  for (const suites of [everything.suites, ["drills" as const, "unit" as const]]) {
    const { own, beside } = planLanes({ ...everything, suites });
    const of = (database: string) =>
      beside.flatMap(({ runs }) => runs).filter(([first]) => first === database)
        .flatMap((args) => args[2]!.split(","));
    assert.deepEqual(of("--real").toSorted(), suites.toSorted());
    assert.deepEqual([...own, ...of("--embedded"), "unit"].toSorted(), suites.toSorted());
  }
});

Deno.test("a run beside selects what was selected", () => {
  const some = { ...everything, suites: ["pgtap" as const, "routes" as const] };
  assert.deepEqual(planLanes({ ...some, redis: ["none"], match: "work" }).beside, [
    {
      mark: "real │ ",
      runs: [["--real", "--only", "pgtap,routes", "--no-redis", "--match", "work"]],
    },
  ]);
  assert.equal(planLanes({ ...some, redis: ["redis"] }).beside[0]!.runs[0]!.at(-1), "--redis");
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
