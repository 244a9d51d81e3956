/**
 * Where the token of a WebSocket is. Browsers cannot send headers with one, so besides
 * `Authorization` there are the two usual forms:
 *
 * - a subprotocol: `new WebSocket(url, ["groundwork", "bearer.<token>"])`, answered with `groundwork`
 * - the query, `?access_token=<token>`: simple, and written into the logs of whatever is on the way
 */
import { ApiError } from "../_shared/errors.ts";
import { readQuery } from "../_shared/input.ts";
import { z } from "zod";

/** The subprotocol that is answered when it was offered. */
export const protocolName = "groundwork";
/** The same, of a client that knows `formatComeAgain` (relay.ts); answered before the other. */
export const handoverProtocol = "groundwork.handover";
const tokenPrefix = "bearer.";

/** A socket's query. */
export const tokenQuery = z.strictObject({ access_token: z.string().min(1).optional() });

/** What a WebSocket's request says of who sends it. */
export interface Credentials {
  /** Undefined when there is none besides the headers that every route knows. */
  readonly token: string | undefined;
  /** To be answered; null when none was offered. */
  readonly protocol: string | null;
}

/**
 * Finds the token that is not in a header: the subprotocol's first, then the query's.
 *
 * @throws ApiError 400 `invalid_parameter`
 */
export function readToken(request: Request): Credentials {
  const { access_token } = readQuery(request, tokenQuery);
  const offered = (request.headers.get("sec-websocket-protocol") ?? "").split(",")
    .map((one) => one.trim()).filter(Boolean);
  const protocol = [handoverProtocol, protocolName].find((one) => offered.includes(one)) ?? null;
  if (offered.length > 0 && protocol === null) {
    // A browser gives up when none of its protocols is answered, and a token is none to be repeated.
    throw new ApiError(400, "invalid_parameter", "sec-websocket-protocol: lacks groundwork", {
      hint: 'Offer ["groundwork", "bearer.<token>"].',
    });
  }
  const inProtocol = offered.find((one) => one.startsWith(tokenPrefix))?.slice(tokenPrefix.length);
  return { token: inProtocol ?? access_token, protocol };
}
