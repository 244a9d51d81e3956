import { assertEquals } from "../_shared/asserts.ts";
import { blockOf, publishableKey, readPage, runProgram } from "./programs.ts";

Deno.test("docs/tour.ts prints what the README says", async () => {
  const promised = blockOf(await readPage("README.md"), "text");
  assertEquals(await runProgram("docs/tour.ts", publishableKey), promised);
});
