import { assertEquals } from "../_shared/asserts.ts";
import { blockOf, publishableKey, readPage, runProgram } from "./programs.ts";

Deno.test("docs/agents.md shows what docs/agents.ts prints", async () => {
  const page = await readPage("docs/agents.md");
  assertEquals(await runProgram("docs/agents.ts", publishableKey), blockOf(page, "text"));
});
