import assert from "node:assert/strict";
import { SUITES } from "./arguments.ts";
import { argumentsBeside } from "./beside.ts";

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
    "pgtap,routes,drills,concurrency,rollbacks",
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
