import assert from "node:assert/strict";
import { countJUnit, runDenoTests } from "./deno-test.ts";

Deno.test("passed, failed and skipped cases of a JUnit report are counted", () => {
  const counts = countJUnit(`<testsuites><testsuite name="a">
    <testcase name="one &gt; step" line="1"></testcase>
    <testcase name="two"/>
    <testcase name="three"><failure message="no">&lt;/testcase&gt;</failure></testcase>
    <testcase name="four"><skipped/></testcase>
  </testsuite></testsuites>`);
  assert.deepEqual(counts, { passed: 2, failed: 1, skipped: 1 });
});

Deno.test("a test file that cannot be loaded counts as a failure", async () => {
  const file = await Deno.makeTempFile({ suffix: ".test.ts" });
  try {
    await Deno.writeTextFile(file, `throw new Error("this file does not load, on purpose");`);
    assert.deepEqual(await runDenoTests([file], {}, "null"), { passed: 0, failed: 1, skipped: 0 });
  } finally {
    await Deno.remove(file);
  }
});
