/**
 * Rate limits per person, or per network of somebody without a credential, and route class, in
 * fixed windows of a minute.
 *
 * A request costs no round trip: each isolate counts by itself and settles with the scratchpad in
 * the background each time it has counted a tenth of the limit. So all isolates together let
 * through at most the limit plus, for each isolate beyond the first, a tenth of it and what arrives
 * while it settles; and across the edge of a window up to twice the limit, as fixed windows do.
 * When the scratchpad is gone each isolate goes on with what it knows: it lets through.
 */
import { inBackground } from "../background.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { type RateLimitClass } from "../rate-limits.ts";
import { ApiError } from "../errors.ts";
import { forAll } from "../statements.ts";
import type { FailoverScratchpad } from "../scratchpad/failover.ts";

/** What one person has left of one class. */
export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly reset: number;
}

/** The isolate's rate limits. */
export interface RateLimiter {
  /** Counts one request. @throws ApiError 429 `rate_limited` with the headers */
  count(person: string, routeClass: RateLimitClass, weight?: number): Allowance;
}

/** Seconds of a window. All isolates' windows begin at full minutes. */
export const rateWindow = 60;

interface Counter {
  window: number;
  /** What all isolates had counted when this one last settled. */
  settled: number;
  /** Counted here since. */
  pending: number;
  /** How many must be pending for the next settlement: more after one that failed. */
  settleAt: number;
  settling: boolean;
}

/** The headers that tell a client where it stands (draft-ietf-httpapi-ratelimit-headers-03). */
export function allowanceHeaders(allowance: Allowance): Record<string, string> {
  return {
    "ratelimit-limit": String(allowance.limit),
    "ratelimit-remaining": String(allowance.remaining),
    "ratelimit-reset": String(allowance.reset),
  };
}

function mapClasses<Value>(make: () => Value): Record<RateLimitClass, Value> {
  return {
    check: make(),
    read: make(),
    fresh: make(),
    write: make(),
    heartbeat: make(),
    chunks: make(),
    work: make(),
    anonymous: make(),
  };
}

/** Makes the isolate's rate limiter. `now` is for tests. */
export function createRateLimiter(
  limits: Record<RateLimitClass, number>,
  scratchpad: Pick<FailoverScratchpad, "use">,
  now: () => number = Date.now,
): RateLimiter {
  const counters = mapClasses(() => createBoundedMap<string, Counter>(20_000));

  async function settle(key: string, counter: Counter, step: number): Promise<void> {
    counter.settling = true;
    const { pending, window } = counter;
    try {
      const total = await scratchpad.use((pad) =>
        pad.hit(`${key}:${window}`, pending, 2 * rateWindow)
      );
      if (counter.window !== window) return; // the next window has begun meanwhile
      counter.pending -= pending;
      counter.settled = Math.max(total, counter.settled);
      counter.settleAt = step;
    } catch (error) {
      counter.settleAt += step;
      throw error;
    } finally {
      counter.settling = false;
    }
  }

  return {
    count(person, routeClass, weight = 1) {
      const limit = limits[routeClass];
      const seconds = now() / 1000;
      const window = Math.floor(seconds / rateWindow);
      const step = limit / 10;
      let counter = counters[routeClass].get(person);
      if (!counter) {
        counter = { window, settled: 0, pending: 0, settleAt: step, settling: false };
        counters[routeClass].set(person, counter);
      } else if (counter.window !== window) {
        counter.window = window;
        counter.settled = 0;
        counter.pending = 0;
        counter.settleAt = step;
      }
      const reset = Math.ceil((window + 1) * rateWindow - seconds);
      if (counter.settled + counter.pending + weight > limit) {
        const allowance = { limit, remaining: 0, reset };
        throw new ApiError(429, "rate_limited", "Too many requests of this kind.", {
          hint: `Try again in ${reset} s.`,
          headers: { ...allowanceHeaders(allowance), "retry-after": String(reset) },
        });
      }
      counter.pending += weight;
      if (!counter.settling && counter.pending >= counter.settleAt) {
        inBackground(
          "settling a rate limit",
          forAll(() => settle(`limit:${routeClass}:${person}`, counter, step)),
        );
      }
      const remaining = Math.max(0, limit - counter.settled - counter.pending);
      return { limit, remaining, reset };
    },
  };
}
