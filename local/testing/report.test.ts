import assert from "node:assert/strict";
import {
  exitCode,
  formatFailures,
  formatFile,
  formatSuites,
  formatTotal,
  type SuiteResult,
} from "./report.ts";

const suite = (name: string, passed: number, failed: number, skipped = 0): SuiteResult => ({
  name,
  passed,
  failed,
  skipped,
  reasons: [],
  seconds: 1.25,
});

Deno.test("the total is one line over all suites", () => {
  assert.equal(formatTotal([suite("a", 3, 0), suite("b", 4, 2, 7)]), "7 passed, 2 failed");
});

Deno.test("each suite has a line, failures stand out, and skipped tests are said", () => {
  assert.deepEqual(formatSuites([suite("a", 3, 0), suite("long", 4, 2, 1)]), [
    "ok     a     3 passed, 0 failed (1.3 s)",
    "FAILED long  4 passed, 2 failed, 1 skipped (1.3 s)",
  ]);
});

Deno.test("a run in which nothing ran, or only skipped tests, is no success", () => {
  assert.equal(exitCode([]), 1);
  assert.equal(exitCode([suite("a", 0, 0, 5)]), 1);
  assert.equal(exitCode([suite("a", 1, 0)]), 0);
  assert.equal(exitCode([suite("a", 1, 0), suite("b", 5, 1)]), 1);
});

Deno.test("a file's line says how it went and how far the suite has come", () => {
  const file = { path: "a.test.ts", passed: 3, failed: 0, seconds: 4.25 };
  assert.equal(formatFile(file, 7, 120), "ok     [  7/120] a.test.ts (3; 4.3 s)");
  assert.equal(
    formatFile({ ...file, failed: 1 }, 120, 120),
    "FAILED [120/120] a.test.ts (3 passed, 1 failed; 4.3 s)",
  );
});

Deno.test("what failed is said once more at the end, as far as it fits there", () => {
  const long = Array.from({ length: 25 }, (_, line) => `line ${line}`).join("\n");
  const reasons = ["one => a.test.ts:1:1\nerror: no\n\n  at a", long];
  const told = formatFailures([suite("good", 3, 0), { ...suite("bad", 1, 2), reasons }]);
  assert.deepEqual(told.slice(0, 5), [
    "── what failed in bad",
    ...["one => a.test.ts:1:1", "error: no", "  at a", "line 0"],
  ]);
  assert.deepEqual(told.slice(-2), ["line 19", "… 5 more lines"]);
});
