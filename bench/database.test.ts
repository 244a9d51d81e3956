import assert from "node:assert/strict";
import { endEach } from "./database.ts";

Deno.test("what does not end does not keep the rest from ending, nor the table from being told", async () => {
  const ended: string[] = [];
  const told: unknown[] = [];
  const { error } = console;
  console.error = (...words) => told.push(words.at(-1));
  try {
    const stuck = new Error("waited in vain");
    await endEach([
      () => Promise.resolve(ended.push("first")),
      () => Promise.reject(stuck),
      () => Promise.resolve(ended.push("last")),
    ]);
    assert.deepEqual(told, [stuck]);
  } finally {
    console.error = error;
  }
  assert.deepEqual(ended, ["first", "last"]);
});
