import { assert, assertDeepEquals, assertEquals, assertRefused, eventually } from "../asserts.ts";
import { rateLimitDefaults } from "../rate-limits.ts";
import type { FailoverScratchpad } from "../scratchpad/failover.ts";
import { createRateLimiter } from "./rate-limit.ts";
import type { Scratchpad } from "../scratchpad/scratchpad.ts";

/** A scratchpad that only counts. */
function createCounting() {
  const counts = new Map<string, number>();
  let settlements = 0;
  const hit: Scratchpad["hit"] = (key, amount) => {
    settlements++;
    counts.set(key, (counts.get(key) ?? 0) + amount);
    return Promise.resolve(counts.get(key) ?? 0);
  };
  const scratchpad: Pick<FailoverScratchpad, "use"> = {
    use: (work) => work({ hit } as Scratchpad),
  };
  return { counts, scratchpad, settlements: () => settlements };
}

const limits = { ...rateLimitDefaults, write: 100 };
const noon = Date.parse("2026-01-31T12:00:15Z");

Deno.test("the request beyond the limit is refused, with what to wait, and the next window allows", async () => {
  const clock = { now: noon };
  const limiter = createRateLimiter(limits, createCounting().scratchpad, () => clock.now);
  for (let i = 1; i <= 100; i++) {
    assertDeepEquals(limiter.count("ada", "write"), { limit: 100, remaining: 100 - i, reset: 45 });
  }
  const refusal = await assertRefused(() => limiter.count("ada", "write"), 429, "rate_limited");
  assertDeepEquals(refusal.headers, {
    "ratelimit-limit": "100",
    "ratelimit-remaining": "0",
    "ratelimit-reset": "45",
    "retry-after": "45",
  });
  clock.now += 45_000;
  assertEquals(limiter.count("ada", "write").remaining, 99);
});

Deno.test("people and classes are counted apart", async () => {
  const limiter = createRateLimiter(limits, createCounting().scratchpad, () => noon);
  for (let i = 0; i < 100; i++) limiter.count("ada", "write");
  await assertRefused(() => limiter.count("ada", "write"), 429, "rate_limited");
  assertEquals(limiter.count("bob", "write").remaining, 99);
  assertEquals(limiter.count("ada", "check").remaining, limits.check - 1);
});

Deno.test("a hundred requests settle ten times, none of them waiting", async () => {
  const counting = createCounting();
  const limiter = createRateLimiter(limits, counting.scratchpad, () => noon);
  for (let i = 0; i < 100; i++) {
    limiter.count("ada", "write");
    await Promise.resolve().then(() => {}).then(() => {});
  }
  await eventually("settled", () => [...counting.counts.values()][0] === 100);
  assert(counting.settlements() <= 10, `${counting.settlements()} settlements`);
});

Deno.test("isolates together let through the limit and at most a tenth more for each beyond the first", async () => {
  const { scratchpad } = createCounting();
  const isolates = Array.from(
    { length: 4 },
    () => createRateLimiter(limits, scratchpad, () => noon),
  );
  let through = 0;
  for (let i = 0; i < 1000; i++) {
    try {
      isolates[i % isolates.length]?.count("ada", "write");
      through++;
    } catch { /* refused: that is what is counted */ }
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert(through >= 100 && through <= 130, `${through} went through`);
});

Deno.test("when the scratchpad is gone each isolate goes on by itself", async () => {
  const gone: Pick<FailoverScratchpad, "use"> = { use: () => Promise.reject(new Error("gone")) };
  const limiter = createRateLimiter(limits, gone, () => noon);
  for (let i = 0; i < 100; i++) {
    limiter.count("ada", "write");
    await new Promise((resolve) => setTimeout(resolve));
  }
  await assertRefused(() => limiter.count("ada", "write"), 429, "rate_limited");
});
