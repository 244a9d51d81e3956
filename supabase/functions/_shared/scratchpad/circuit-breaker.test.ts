import { rejects } from "node:assert/strict";
import { assert, assertDeepEquals, assertEquals, eventually } from "../asserts.ts";
import { BreakerOpen, type BreakerState, createCircuitBreaker } from "./circuit-breaker.ts";

function setUp(probe: () => Promise<void>) {
  const seen: BreakerState[] = [];
  const breaker = createCircuitBreaker({
    failures: 3,
    firstPause: 1,
    longestPause: 4,
    probe,
    onChange: (state) => seen.push(state),
  });
  const fail = () => breaker.run(() => Promise.reject(new Error("down")));
  return { breaker, fail, seen };
}

Deno.test("it opens after failures in a row and then does not try", async () => {
  const { breaker, fail } = setUp(() => new Promise(() => {}));
  await rejects(fail, /down/);
  await rejects(fail, /down/);
  assertEquals(await breaker.run(() => Promise.resolve(1)), 1); // breaks the row
  for (let i = 0; i < 3; i++) await rejects(fail, /down/);
  let tried = false;
  await rejects(() => breaker.run(() => Promise.resolve(tried = true)), BreakerOpen);
  assert(!tried);
  assertEquals(breaker.openings, 1);
  breaker.stop();
});

Deno.test("it closes by itself once the probe succeeds, and lets nobody through before", async () => {
  let works = false;
  let probes = 0;
  const { breaker, fail, seen } = setUp(() => {
    probes++;
    return works ? Promise.resolve() : Promise.reject(new Error("still down"));
  });
  for (let i = 0; i < 3; i++) await rejects(fail, /down/);
  await eventually("three probes failed", () => probes >= 3);
  await rejects(() => breaker.run(() => Promise.resolve()), BreakerOpen);
  works = true;
  await eventually("closed", () => breaker.state === "closed");
  assertEquals(await breaker.run(() => Promise.resolve("again")), "again");
  assertDeepEquals(seen.slice(0, 3), ["open", "half-open", "open"]);
  assertDeepEquals(seen.slice(-2), ["half-open", "closed"]);
});

Deno.test("tripping opens it without a failure", async () => {
  const { breaker } = setUp(() => new Promise(() => {}));
  breaker.trip();
  assertEquals(breaker.state, "open");
  await rejects(() => breaker.run(() => Promise.resolve()), BreakerOpen);
  breaker.stop();
});
