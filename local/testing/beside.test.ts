import assert from "node:assert/strict";
import { SUITES } from "./arguments.ts";
import { argumentsBeside, showMarked } from "./beside.ts";

const everything = {
  suites: [...SUITES],
  databases: ["embedded" as const, "real" as const],
  redis: ["redis" as const, "none" as const],
  match: "",
};

Deno.test("where both databases are asked for, the real one's suites run beside", () => {
  assert.deepEqual(argumentsBeside(everything), [
    "--real",
    "--only",
    "pgtap,routes,abuse,browser,drills,concurrency,rollbacks",
  ]);
});

Deno.test("a run beside selects what was selected", () => {
  const some = { ...everything, suites: ["unit" as const, "routes" as const] };
  assert.deepEqual(argumentsBeside({ ...some, redis: ["none"], match: "work" }), [
    ...["--real", "--only", "routes", "--no-redis", "--match", "work"],
  ]);
  assert.deepEqual(argumentsBeside({ ...some, redis: ["redis"] })?.at(-1), "--redis");
});

Deno.test("for one database, or for units alone, there is nothing beside", () => {
  assert.equal(argumentsBeside({ ...everything, databases: ["real"] }), null);
  assert.equal(argumentsBeside({ ...everything, suites: ["unit"] }), null);
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
