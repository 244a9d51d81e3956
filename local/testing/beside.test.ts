import assert from "node:assert/strict";
import { SUITES } from "./arguments.ts";
import { planLanes, showMarked } from "./beside.ts";

const everything = {
  suites: [...SUITES],
  databases: ["embedded" as const, "real" as const],
  redis: ["redis" as const, "none" as const],
  match: "",
};

Deno.test("where both databases are asked for, four lanes share the suites", () => {
  assert.deepEqual(planLanes(everything), {
    own: ["routes", "abuse", "concurrency"],
    beside: [
      { mark: "real │ ", runs: [["--real", "--only", "routes,abuse,concurrency"]] },
      {
        mark: "unit, drills │ ",
        runs: [["--real", "--only", "unit,drills"], ["--embedded", "--only", "drills"]],
      },
      {
        mark: "browser, rollbacks, pgtap │ ",
        runs: [
          ["--real", "--only", "browser,rollbacks,pgtap"],
          ["--embedded", "--only", "browser,rollbacks,pgtap"],
        ],
      },
    ],
  });
});

Deno.test("no suite is left out, and none runs twice on the same database", () => {
  const some = [["drills", "unit"], ["browser"], ["rollbacks", "unit"], ["unit", "pgtap"]] as const;
  for (const suites of [everything.suites, ...some.map((names) => [...names])]) {
    const { own, beside } = planLanes({ ...everything, suites });
    const of = (database: string) =>
      beside.flatMap(({ runs }) => runs).filter(([first]) => first === database)
        .flatMap((args) => args[2]!.split(","));
    assert.deepEqual(of("--real").toSorted(), suites.toSorted());
    assert.deepEqual(
      [...own, ...of("--embedded")].toSorted(),
      suites.filter((name) => name !== "unit").toSorted(),
    );
  }
});

Deno.test("a run beside selects what was selected", () => {
  const some = { ...everything, suites: ["routes" as const, "abuse" as const] };
  assert.deepEqual(planLanes({ ...some, redis: ["none"], match: "work" }).beside, [
    {
      mark: "real │ ",
      runs: [["--real", "--only", "routes,abuse", "--no-redis", "--match", "work"]],
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
