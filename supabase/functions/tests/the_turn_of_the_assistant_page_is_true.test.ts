import { assertEquals } from "../_shared/asserts.ts";
import { blockOf, publishableKey, readPage, runProgram } from "./programs.ts";

Deno.test("docs/turn.ts prints what docs/assistant.md says", async () => {
  const promised = blockOf(await readPage("docs/assistant.md"), "text", 1);
  assertEquals(await runProgram("docs/turn.ts", publishableKey), promised);
});
