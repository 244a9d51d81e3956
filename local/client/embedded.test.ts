import assert from "node:assert/strict";
import { makeCalls } from "./calls.ts";
import { pagePath, readPage } from "./page.ts";
import { startWorld } from "./world.ts";

Deno.test({
  name:
    "docs/local-stack.md says of every method of supabase-js what it does on the embedded database",
  // Clients that were thrown away keep their timers for a while.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using world = await startWorld(null);
    const { outcomes, problems } = await makeCalls(world);
    assert.deepEqual(problems, []);
    const page = readPage(await Deno.readTextFile(pagePath), "embedded");
    assert.deepEqual(Object.fromEntries(outcomes), Object.fromEntries(page), "npm run local-stack");
  },
});
