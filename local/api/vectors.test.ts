import assert from "node:assert/strict";
import { correctVectors } from "./vectors.ts";

const names = new Set(["embedding"]);
const send = (body: string, type = "application/json") =>
  new Request("http://127.0.0.1/rest/v1/x", {
    method: "POST",
    body,
    headers: { "content-type": type },
  });

Deno.test("vectors become texts, in one row and in many; other arrays stay", async () => {
  const row = { embedding: [1, 0.5], tags: ["a"], metadata: { embedding: [1] } };
  const expected = { ...row, embedding: "[1,0.5]" };
  assert.deepEqual(
    await (await correctVectors(send(JSON.stringify(row)), names)).json(),
    expected,
  );
  assert.deepEqual(
    await (await correctVectors(send(JSON.stringify([row, { embedding: null }])), names)).json(),
    [expected, { embedding: null }],
  );
});

Deno.test("what is no JSON passes as it is", async () => {
  assert.equal(await (await correctVectors(send("{"), names)).text(), "{");
  assert.equal(
    await (await correctVectors(send("embedding=1", "text/plain"), names)).text(),
    "embedding=1",
  );
});
