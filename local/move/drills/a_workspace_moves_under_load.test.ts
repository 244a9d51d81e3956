/** Three moves; `npm run move-drill` makes twenty. */
import assert from "node:assert/strict";
import { drill } from "./moves.ts";

Deno.test("a workspace moves three times under load, with kills of all, and nothing is lost or doubled", async () => {
  const told = await drill(3, console.log, 150);
  console.log(JSON.stringify(told));
  assert.equal(told.moves, 3);
  assert.ok(told.killed.source > 0, "the source's server was killed");
  assert.ok(told.acknowledged > 50, "it was a load");
});
