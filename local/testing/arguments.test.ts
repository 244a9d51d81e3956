import assert from "node:assert/strict";
import { parseArguments, SUITES } from "./arguments.ts";

Deno.test("without arguments everything is covered", () => {
  assert.deepEqual(parseArguments([]), {
    suites: [...SUITES],
    databases: ["embedded", "real"],
    redis: ["redis", "none"],
    match: "",
  });
});

Deno.test("suites, databases, fast memories and files can be chosen", () => {
  const selection = parseArguments([
    "--only=pgtap,drills",
    "--embedded",
    "--no-redis",
    "--match",
    "x",
  ]);
  assert.deepEqual(selection, {
    suites: ["pgtap", "drills"],
    databases: ["embedded"],
    redis: ["none"],
    match: "x",
  });
});

Deno.test("a misspelt suite or argument is refused, not ignored", () => {
  assert.throws(() => parseArguments(["--only", "pgtab"]), /pgtab/);
  assert.throws(() => parseArguments(["--only"]), /unknown suite/);
  assert.throws(() => parseArguments(["--embeded"]), /--embeded/);
});
