import assert from "node:assert/strict";
import { parseTap } from "./tap.ts";

Deno.test("passed tests are counted", () => {
  assert.deepEqual(parseTap(["1..2", "ok 1 - one", "ok 2 - two"]), {
    passed: 2,
    failures: [],
    skipped: [],
  });
});

Deno.test("a failure carries its diagnostics", () => {
  const { passed, failures } = parseTap([
    "1..2",
    "not ok 1 - one\n# Failed test 1\n#   have: 2",
    "ok 2",
  ]);
  assert.equal(passed, 1);
  assert.deepEqual(failures, ["not ok 1 - one\n# Failed test 1\n#   have: 2"]);
});

Deno.test("a plan that does not fit what ran is a failure", () => {
  assert.deepEqual(parseTap(["1..3", "ok 1", "ok 2"]).failures, ["planned 3 tests, ran 2"]);
  assert.deepEqual(parseTap(["1..1", "ok 1", "ok 2"]).failures, ["planned 1 tests, ran 2"]);
});

Deno.test("tests without a plan, and nothing at all, are failures", () => {
  assert.deepEqual(parseTap(["ok 1"]).failures, ["no plan"]);
  assert.deepEqual(parseTap([]).failures, ["no plan"]);
});

Deno.test("a plan that comes last, as no_plan() writes it, is one", () => {
  assert.deepEqual(parseTap(["ok 1 - a", "1..1"]).failures, []);
});

Deno.test("numbers out of order are failures", () => {
  assert.deepEqual(parseTap(["1..2", "ok 1", "ok 3 - c"]).failures, [
    "test 2 calls itself number 3: c",
  ]);
});

Deno.test("a skipped test is neither passed nor failed, and says why", () => {
  assert.deepEqual(parseTap(["1..1", "ok 1 - # SKIP needs pg_cron"]), {
    passed: 0,
    failures: [],
    skipped: ["needs pg_cron"],
  });
});

Deno.test("a failing test marked TODO is a failure", () => {
  assert.equal(parseTap(["1..1", "not ok 1 - later # TODO some day"]).failures.length, 1);
});

Deno.test("bailing out is a failure", () => {
  assert.deepEqual(parseTap(["1..0", "Bail out! no database"]).failures, [
    "Bail out! no database",
  ]);
});

Deno.test("other rows of a script are not taken for tests", () => {
  assert.deepEqual(parseTap(["1..1", "okay then", "ok 1 - one", "5f1c"]).failures, []);
});
