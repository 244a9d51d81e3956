import { assertEquals } from "../_shared/asserts.ts";
import { blockOf, publishableKey, readPage, runProgram } from "./programs.ts";

Deno.test("docs/agents.md shows what docs/agents.ts prints, as often as one likes", async () => {
  const shown = blockOf(await readPage("docs/agents.md"), "text");
  for (const _walk of [1, 2]) {
    assertEquals(await runProgram("docs/agents.ts", publishableKey), shown);
  }
});
