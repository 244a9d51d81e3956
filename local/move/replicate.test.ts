import assert from "node:assert/strict";
import type { Side } from "./connect.ts";
import { stopFollowing } from "./replicate.ts";

/** A target whose server answers so, one after the other, when its workers are told to end. */
function target(...answers: (number | string)[]) {
  const ask = () => {
    const answer = answers.shift();
    return typeof answer === "number"
      ? Promise.resolve([{ n: answer }])
      : Promise.reject(Object.assign(new Error("no"), { code: answer }));
  };
  const sql = Object.assign(ask, { unsafe: () => Promise.resolve([]) });
  return { side: { sql, url: "" } as unknown as Side, left: answers };
}

Deno.test("a worker that nobody may end yet is waited for, until none is left", async () => {
  const { side, left } = target(1, "42501", 2, 0);
  await stopFollowing(side, "there");
  assert.deepEqual(left, []);
});

Deno.test("any other refusal ends the step", async () => {
  const { side, left } = target(1, "57P01", 0);
  await assert.rejects(stopFollowing(side, "there"), { code: "57P01" });
  assert.deepEqual(left, [0]);
});
