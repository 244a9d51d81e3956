import assert from "node:assert/strict";
import { rememberPositions } from "./replicas.ts";

/** A backend whose answers tell these positions, one after another; what it was asked is written down. */
function backend(...positions: (string | null)[]) {
  const asked: (string | null)[] = [];
  const fetch = rememberPositions((input, init) => {
    asked.push(new Headers(init?.headers).get("x-consistency"));
    const told = positions.shift();
    return Promise.resolve(
      new Response(String(input), { headers: told ? { "x-position": told } : {} }),
    );
  });
  return { asked, fetch };
}
const at = (path: string) => `https://one.example/functions/v1/${path}`;

Deno.test("what was told last is asked for, and nothing older", async () => {
  const { asked, fetch } = backend("0/A0", "0/9F", null, "1/0", "0/FFFFFFFF", null);
  for (let n = 0; n < 6; n++) await fetch(at("memory/search"), { method: "POST" });
  const older = "at-least:0/A0";
  assert.deepEqual(asked, [null, older, older, older, "at-least:1/0", "at-least:1/0"]);
});

Deno.test("only what a replica may answer is asked for so, and who asks otherwise is not overruled", async () => {
  const { asked, fetch } = backend("0/A0");
  await fetch(at("memory"), { method: "POST" });
  await fetch(at("access/check"), { method: "POST" });
  await fetch("https://one.example/rest/v1/memories");
  await fetch(at("knowledge/search"), { headers: { "x-consistency": "fresh" } });
  await fetch(new Request(at("context/of/7"), { headers: { authorization: "Bearer -" } }));
  assert.deepEqual(asked, [null, null, null, "fresh", "at-least:0/A0"]);
});
