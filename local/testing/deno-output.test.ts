import assert from "node:assert/strict";
import { type FileOutcome, findErrors, readDenoOutput } from "./deno-output.ts";

const SAID = `running 3 tests from ./local/a.test.ts
one ...
------- output -------
two ... ok (1ms)
running 1 test from ./nowhere.test.ts
----- output end -----
one ... ok (11ms)
two ...
  a step ... ok (1ms)
two ... FAILED (3ms)
three ... ignored (0ms)
running 2 tests from ./local/b.test.ts
four ... ok (4ms)
five ...`;

function readIn(parts: string[]) {
  const files: FileOutcome[] = [];
  const output = readDenoOutput((outcome) => files.push(outcome));
  for (const part of parts) output.read(part);
  const short = ({ text: _, ...outcome }: FileOutcome) => outcome;
  const current = output.current();
  return { files: files.map(short), current: current && short(current), rest: output.rest() };
}

const a = { file: "local/a.test.ts", passed: 2, failed: 1, skipped: ["three"], running: null };
const b = { file: "local/b.test.ts", passed: 1, failed: 0, skipped: [] };

Deno.test("what ended is counted, what runs is known, what tests print counts for nothing", () => {
  const { files, current } = readIn([SAID]);
  assert.deepEqual(files, [a]);
  assert.deepEqual(current, { ...b, running: "five" });
});

Deno.test("a line that a test does not end hides nothing after it", () => {
  const { files, current } = readIn([`running 2 tests from ./local/c.test.ts
speaking ...
------- output -------
no end of the line----- output end -----
speaking ... ok (1ms)
failing ... FAILED (1ms)

 ERRORS 
`]);
  assert.deepEqual(files, [
    { file: "local/c.test.ts", passed: 1, failed: 1, skipped: [], running: null },
  ]);
  assert.equal(current, null);
});

Deno.test("it does not matter where the parts of the output end", () => {
  assert.deepEqual(readIn([...SAID]), readIn([SAID]));
});

Deno.test("the errors at the end belong to no file", () => {
  const { files, current, rest } = readIn([
    `${SAID} ok (1ms)\n\n ERRORS \n\ntwo => no\nrunning late ...\n`,
  ]);
  assert.deepEqual(files, [a, { ...b, passed: 2, running: null }]);
  assert.equal(current, null);
  assert.equal(rest, " ERRORS \n\ntwo => no\nrunning late ...\n");
});

Deno.test("what failed is told apart, test by test, or all of it where none is to blame", () => {
  const told = ` ERRORS

one => ./a.test.ts:2:6
error: Error: x

a => b
    at file:///a.test.ts:2:64

two ... a step => ./a.test.ts:3:45
error: Error: y

 FAILURES

one => ./a.test.ts:2:6
`.replace("ERRORS", "ERRORS ").replace("FAILURES", "FAILURES ");
  assert.deepEqual(findErrors(told), [
    "one => ./a.test.ts:2:6\nerror: Error: x\n\na => b\n    at file:///a.test.ts:2:64",
    "two ... a step => ./a.test.ts:3:45\nerror: Error: y",
  ]);
  assert.deepEqual(findErrors("error: Module not found"), ["error: Module not found"]);
});

Deno.test("who took over a minute is counted as it ended, and was running until then", () => {
  const begun = `running 3 tests from ./local/slow.test.ts
failing ...'failing' has been running for over (1m0s)
`;
  assert.equal(readIn([begun]).current?.running, "failing");
  const { files } = readIn([...`${begun} FAILED (1m2s)
speaking ...
------- output -------
'speaking' has been running for over (1m0s)
 FAILED (1m2s)
----- output end -----
speaking ... ok (1m2s)
in steps ...
  one ... ok (0ms)
  two ...'in steps' has been running for over (1m0s)
 ok (1m2s)
in steps ... ok (1m2s)

 ERRORS 
`]);
  assert.deepEqual(files, [
    { file: "local/slow.test.ts", passed: 4, failed: 1, skipped: [], running: null },
  ]);
});
