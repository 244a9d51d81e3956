/**
 * Which scratchpad is in use now: Redis while it answers, Postgres when it does not, Redis again as
 * soon as it does, with nobody's help.
 */
import { type BreakerState, createCircuitBreaker } from "./circuit-breaker.ts";
import type { Database } from "../database.ts";
import type { Environment } from "../environment.ts";
import { log } from "../log.ts";
import type { Scratchpad } from "./scratchpad.ts";
import { createPostgresScratchpad } from "./postgres.ts";
import { createRedisScratchpad } from "./redis.ts";

/** The isolate's fast memory. */
export interface FailoverScratchpad {
  /** Whether answers can be shared between isolates at all, that is, whether there is a Redis. */
  readonly isShared: boolean;
  readonly state: BreakerState | "none";
  readonly openings: number;
  /** Milliseconds since 1970 of the latest change between Redis and Postgres; 0 before the first. */
  readonly changedAt: number;
  /** Does it on Redis if that answers, otherwise on Postgres. */
  use<Result>(work: (scratchpad: Scratchpad) => Promise<Result>): Promise<Result>;
  /** Does it on Redis or not at all: undefined when there is none or it did not answer. */
  tryShared<Result>(work: (scratchpad: Scratchpad) => Promise<Result>): Promise<Result | undefined>;
  /** On Postgres, whatever Redis does. */
  readonly fallback: Scratchpad;
  /**
   * Makes sure that what is kept is not believed. False when Redis could not be told: then the
   * breaker is open, and the epoch is renewed before anything is read from Redis here again.
   */
  clear(work: (scratchpad: Scratchpad) => Promise<void>): Promise<boolean>;
  stop(): void;
}

/** Makes the fast memory from the environment. */
export function createFailoverScratchpad(
  environment: Pick<Environment, "redis" | "redisPatience">,
  database: Database,
): FailoverScratchpad {
  const fallback = createPostgresScratchpad(database);
  const redis = environment.redis
    ? createRedisScratchpad(environment.redis, environment.redisPatience)
    : null;
  let missed = 0;
  const breaker = redis && createCircuitBreaker({
    // Whatever was revoked meanwhile could not clear its answers: none from before is believed.
    async probe() {
      const before = missed;
      await redis.renewEpoch();
      if (missed !== before) throw new Error("something was revoked while the epoch was renewed");
    },
    onChange: (state) => {
      if (state !== "half-open") log("warning", `Redis: the circuit breaker is ${state}`);
    },
  });

  async function tryShared<Result>(work: (scratchpad: Scratchpad) => Promise<Result>) {
    if (!redis || breaker?.state !== "closed") return undefined;
    try {
      return { result: await breaker.run(() => work(redis)) };
    } catch (error) {
      // Its message repeats the whole command, people's data included: the beginning says what is wrong.
      log("warning", "Redis did not answer; Postgres does", { reason: String(error).slice(0, 80) });
      return undefined;
    }
  }

  return {
    isShared: redis !== null,
    fallback,
    get state() {
      return breaker?.state ?? "none";
    },
    get openings() {
      return breaker?.openings ?? 0;
    },
    get changedAt() {
      return breaker?.changedAt ?? 0;
    },
    async use(work) {
      const done = await tryShared(work);
      return done ? done.result : await work(fallback);
    },
    async tryShared(work) {
      return (await tryShared(work))?.result;
    },
    async clear(work) {
      if (!redis) return true;
      const done = await tryShared(work);
      if (done) return true;
      missed++;
      breaker?.trip();
      return false;
    },
    stop: () => breaker?.stop(),
  };
}
