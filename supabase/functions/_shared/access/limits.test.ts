import { throws } from "node:assert";
import { assertEquals } from "../asserts.ts";
import type { Database } from "../database.ts";
import { ApiError } from "../errors.ts";
import { createLimits } from "./limits.ts";

function startLimits() {
  let asked = 0;
  let clock = 0;
  const database = {
    run: () => Promise.resolve([{ value: ++asked }]),
  } as unknown as Database;
  return {
    limits: createLimits(database, () => clock),
    pass: (milliseconds: number) => clock += milliseconds,
  };
}

Deno.test("a person holds as many as they may, and again when one has ended; others are not in their way", () => {
  const { limits } = startLimits();
  const first = limits.hold("relays_at_once", "kim", 2);
  limits.hold("relays_at_once", "kim", 2);
  const isRefused = (error: unknown) =>
    error instanceof ApiError && error.code === "limit_reached" && error.details?.used === 2;
  throws(() => limits.hold("relays_at_once", "kim", 2), isRefused);
  limits.hold("relays_at_once", "lee", 2);
  limits.hold("streams_read_at_once", "kim", 2);
  first();
  first(); // said twice is once
  limits.hold("relays_at_once", "kim", 2);
  throws(() => limits.hold("relays_at_once", "kim", 2), isRefused);
  limits.hold("relays_at_once", "kim", null);
});

Deno.test("a limit is asked for once in two seconds", async () => {
  const { limits, pass } = startLimits();
  assertEquals(await limits.of("place", "relays_at_once"), 1);
  assertEquals(await limits.of("place", "relays_at_once"), 1);
  pass(2001);
  assertEquals(await limits.of("place", "relays_at_once"), 2);
});
