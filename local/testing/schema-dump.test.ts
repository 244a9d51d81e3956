import assert from "node:assert/strict";
import { diffLines } from "./schema-dump.ts";

Deno.test("the same lines, also repeated, make no difference", () => {
  assert.deepEqual(diffLines(["a", "b", "b"], ["a", "b", "b"]), []);
});

Deno.test("a line lost, a line won and a line once too often are each said", () => {
  assert.deepEqual(diffLines(["a", "b"], ["b", "b", "c"]), ["− a", "+ b", "+ c"]);
});
