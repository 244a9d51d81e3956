import { assertEquals } from "../_shared/asserts.ts";
import { blockOf, publishableKey, readPage, runProgram } from "./programs.ts";

Deno.test("docs/chat.ts prints what docs/assistant.md says", async () => {
  const promised = blockOf(await readPage("docs/assistant.md"), "text");
  assertEquals(await runProgram("docs/chat.ts", publishableKey), promised);
});
