/** How often somebody may try: so many within five minutes, counted from the first. */
import { AuthError } from "./errors.ts";

/** Counts one more try for `key`. @throws AuthError 429 `over_request_rate_limit` */
export type Limiter = (key: string) => void;

const window = 300_000;
const longestList = 10_000;

/** Allows `most` tries for each key within five minutes. */
export function createLimiter(most: number, now: () => number = Date.now): Limiter {
  const counted = new Map<string, { since: number; tries: number }>();
  return (key) => {
    const at = now();
    const known = counted.get(key);
    if (known && at - known.since < window) {
      if (known.tries >= most) {
        throw new AuthError(429, "over_request_rate_limit", "Request rate limit reached");
      }
      known.tries++;
      return;
    }
    counted.delete(key);
    counted.set(key, { since: at, tries: 1 });
    // The oldest first: whoever makes up keys without end pushes out old ones, not the memory.
    const [oldest] = counted.keys();
    if (counted.size > longestList && oldest !== undefined) counted.delete(oldest);
  };
}
