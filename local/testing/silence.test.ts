import assert from "node:assert/strict";
import { giveUpOnSilence, listen, longestSilence } from "./silence.ts";

Deno.test("silence is borne longer on a busy machine, and there not for ever", () => {
  assert.equal(longestSilence(0.3, 2, 100), 100);
  assert.equal(longestSilence(6, 2, 100), 300);
  assert.equal(longestSilence(80, 2, 100), 500);
});

Deno.test("whoever says nothing is heard of once", async () => {
  const silences: number[] = [];
  await new Promise<void>((resolve) => {
    listen((seconds) => {
      silences.push(seconds);
      resolve();
    }, 1);
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(silences.length, 1);
});

Deno.test("a body that hangs is given up with the place where it did", async () => {
  await assert.rejects(
    giveUpOnSilence(({ at }) => {
      at("the second statement");
      return new Promise(() => {});
    }, 1),
    /given up: nothing for \d+ s, at the second statement/,
  );
});

Deno.test("a body that ends is not given up", async () => {
  assert.equal(await giveUpOnSilence(() => Promise.resolve("done"), 1), "done");
});
