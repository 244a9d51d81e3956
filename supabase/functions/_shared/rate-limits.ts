/** How many requests of each class of routes somebody may send. */
import { z } from "zod";
import { json } from "./environment-values.ts";

/** The defaults, in requests per person and minute; without a credential, per network. */
export const rateLimitDefaults = {
  check: 6000,
  read: 600,
  fresh: 300,
  write: 120,
  heartbeat: 240,
  chunks: 1200,
  work: 1200,
  anonymous: 300,
} as const;

/** A class of routes that share one allowance. */
export type RateLimitClass = keyof typeof rateLimitDefaults;

const perMinute = z.int().min(1).max(1_000_000_000);
export const rateLimits = json.pipe(z.strictObject({
  check: perMinute.default(rateLimitDefaults.check),
  read: perMinute.default(rateLimitDefaults.read),
  fresh: perMinute.default(rateLimitDefaults.fresh),
  write: perMinute.default(rateLimitDefaults.write),
  heartbeat: perMinute.default(rateLimitDefaults.heartbeat),
  chunks: perMinute.default(rateLimitDefaults.chunks),
  work: perMinute.default(rateLimitDefaults.work),
  anonymous: perMinute.default(rateLimitDefaults.anonymous),
}));
