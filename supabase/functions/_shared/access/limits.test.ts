import { rejects, throws } from "node:assert";
import { assertEquals } from "../asserts.ts";
import type { Database } from "../database.ts";
import { ApiError } from "../errors.ts";
import { createLimits } from "./limits.ts";

/** A fast memory that several isolates share, and that may be away. */
function startPad() {
  const sets = new Map<string, Set<string>>();
  const known = (key: string) => sets.get(key) ?? sets.set(key, new Set()).get(key)!;
  const state = { isAway: false };
  const one = {
    join: (key: string, member: string) => Promise.resolve(!!known(key).add(member)),
    leave: (key: string, member: string) => Promise.resolve(known(key).delete(member)),
    members: (key: string) => Promise.resolve([...known(key)].map((member) => ({ member }))),
  };
  const pad = {
    use: <Result>(work: (pad: never) => Promise<Result>) =>
      state.isAway ? Promise.reject(new Error("away")) : work(one as never),
  };
  return { pad: pad as unknown as Parameters<typeof createLimits>[1], state };
}

function startLimits() {
  let asked = 0;
  let clock = 0;
  const database = {
    run: () => Promise.resolve([{ value: ++asked }]),
  } as unknown as Database;
  const { pad } = startPad();
  return {
    limits: createLimits(database, pad, () => clock),
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

Deno.test("what a person holds counts over all isolates, and in each alone where the fast memory is away", async () => {
  const { pad, state } = startPad();
  const database = {} as unknown as Database;
  const [here, there] = [createLimits(database, pad), createLimits(database, pad)];
  const held = [
    await here.holdEverywhere("relays_at_once", "kim", 2),
    await there.holdEverywhere("relays_at_once", "kim", 2),
  ];
  const isRefused = (error: unknown) =>
    error instanceof ApiError && error.code === "limit_reached" && error.details?.used === 2;
  await rejects(here.holdEverywhere("relays_at_once", "kim", 2), isRefused);
  await rejects(there.holdEverywhere("relays_at_once", "kim", 2), isRefused);
  held.push(await there.holdEverywhere("relays_at_once", "lee", 2)); // a neighbour
  held[0]!();
  held.push(await there.holdEverywhere("relays_at_once", "kim", 2));
  await rejects(here.holdEverywhere("relays_at_once", "kim", 2), isRefused);
  state.isAway = true;
  held.push(await here.holdEverywhere("relays_at_once", "kim", 2));
  held.push(await here.holdEverywhere("relays_at_once", "kim", 2));
  await rejects(here.holdEverywhere("relays_at_once", "kim", 2), isRefused);
  for (const letGo of held) letGo();
});

Deno.test("a limit is asked for once in two seconds", async () => {
  const { limits, pass } = startLimits();
  assertEquals(await limits.of("place", "relays_at_once"), 1);
  assertEquals(await limits.of("place", "relays_at_once"), 1);
  pass(2001);
  assertEquals(await limits.of("place", "relays_at_once"), 2);
});
