import assert from "node:assert/strict";
import { countJUnit, type DenoTestOptions, runDenoTests } from "./deno-test.ts";

/** Runs files with these contents, and returns what it came to and what was said. */
async function runFiles(contents: string[], options: DenoTestOptions = {}) {
  const folder = await Deno.makeTempDir({ prefix: "groundwork-tests-" });
  try {
    const files = contents.map((_, index) => `${folder}/${index}.test.ts`);
    for (const [index, file] of files.entries()) await Deno.writeTextFile(file, contents[index]!);
    const over: string[] = [];
    let said = "";
    const { reasons, ...result } = await runDenoTests(files, {
      onFile: ({ file, passed, failed }) => over.push(`${file.at(-9)} ${passed} ${failed}`),
      say: (text) => said += text,
      ...options,
    });
    return { result, reasons, over, said };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

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
  const { result, reasons, said } = await runFiles([`throw new Error("not loaded, on purpose");`]);
  assert.deepEqual(result, { passed: 0, failed: 1, skipped: 0 });
  assert.match(said, /not loaded, on purpose/);
  assert.match(reasons.join(), /not loaded, on purpose/);
});

Deno.test("what fails is shown, what passes is not", async () => {
  const { result, reasons, over, said } = await runFiles([
    `Deno.test("good", () => console.log("nobody hears this"));`,
    `Deno.test("bad", () => { console.log("this is heard"); throw new Error("on purpose"); });`,
  ]);
  assert.deepEqual(result, { passed: 1, failed: 1, skipped: 0 });
  assert.deepEqual(over, ["0 1 0", "1 0 1"]);
  assert.match(said, /this is heard[^]*on purpose/);
  assert.doesNotMatch(said, /nobody hears this/);
  assert.equal(reasons.length, 1);
  assert.match(reasons[0]!, /^bad => .*1\.test\.ts:1:6\nerror: Error: on purpose/);
});

Deno.test("a test that hangs is named, what passed before and after it counts", async () => {
  const hangs = `
    Deno.test("passes", () => {});
    Deno.test("hangs on purpose", () => new Promise(() => setInterval(() => {}, 1000)));
    Deno.test("is never reached", () => {});`;
  const { result, reasons, over, said } = await runFiles(
    [`Deno.test("before", () => {});`, hangs, `Deno.test("after", () => {});`],
    { quiet: 3000 },
  );
  assert.deepEqual(result, { passed: 3, failed: 1, skipped: 0 });
  assert.deepEqual(over, ["0 1 0", "1 1 1", "2 1 0"]);
  const hung = /given up: nothing for \d+ s, while "hangs on purpose" ran in \S*1\.test\.ts/;
  assert.match(said, hung);
  assert.match(reasons.join(), hung);
});

Deno.test("a test that goes on saying something may take its time", async () => {
  const talks = `Deno.test("talks", async () => {
    for (let n = 0; n < 12; n++) {
      console.log(n);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  });`;
  const { result } = await runFiles([talks], { quiet: 4000 });
  assert.deepEqual(result, { passed: 1, failed: 0, skipped: 0 });
});
