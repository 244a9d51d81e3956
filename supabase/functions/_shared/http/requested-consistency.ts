/** How old an answer may be, as a request says it, counted where it is dear. */
import type { Person } from "../access/authentication.ts";
import { readConsistency, type RequestedConsistency } from "../access/consistency.ts";
import type { RequestContext } from "./app.ts";

/**
 * What this request asks for. Whoever asks for more than `cached` may go past every cache to the
 * database, and is therefore counted a second time, in a class of its own.
 *
 * @throws ApiError 400 `invalid_parameter`, 429 `rate_limited`
 */
export function requestedConsistency(
  context: RequestContext,
  caller: Person,
): RequestedConsistency {
  const asked = readConsistency(context.req.raw.headers.get("x-consistency"));
  if (asked !== "cached") context.env.rateLimiter.count(caller.userId, "fresh");
  return asked;
}
