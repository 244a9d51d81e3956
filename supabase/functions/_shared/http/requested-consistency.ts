/** How old an answer may be, as a request says it, counted where it is dear. */
import type { Person } from "../access/authentication.ts";
import { type Consistency, readConsistency } from "../access/consistency.ts";
import type { RequestContext } from "./app.ts";

/**
 * What this request asks of permissions. Whoever asks for more than `cached` may go past every cache to the
 * database, and is therefore counted a second time, in a class of its own. Permissions are not read from
 * replicas: nothing older than a position is what the primary says now.
 *
 * @throws ApiError 400 `invalid_parameter`, 429 `rate_limited`
 */
export function requestedConsistency(
  context: RequestContext,
  caller: Person,
): Consistency {
  const asked = readConsistency(context.req.raw.headers.get("x-consistency"));
  if (asked !== "cached") context.env.rateLimiter.count(caller.userId, "fresh");
  return typeof asked === "object" && "atPosition" in asked ? "fresh" : asked;
}
