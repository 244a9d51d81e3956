/** The relays that this isolate holds, so that closing a session reaches them at once. */
import { unavailable } from "../_shared/errors.ts";
import { closeCodes, type Relay } from "./relay.ts";

/** Relays that one isolate holds at most: each may buffer a few MiB, and an isolate has 256. */
export const mostRelays = 200;

const relays = new Map<string, Set<Relay>>();
let count = 0;

/** How many are open here. */
export function countRelays(): number {
  return count;
}

/** @throws ApiError 503 `unavailable` when this isolate holds as many as it may */
export function requireRoom(): void {
  if (count >= mostRelays) throw unavailable("Too many sockets are open here.");
}

/** Remembers a relay until it ends. */
export function holdRelay(session: string, relay: Relay): void {
  const ofSession = relays.get(session) ?? new Set();
  relays.set(session, ofSession.add(relay));
  count++;
  relay.ended.then(() => {
    count--;
    ofSession.delete(relay);
    if (ofSession.size === 0 && relays.get(session) === ofSession) relays.delete(session);
  });
}

/** Ends what this isolate relays for a session that was closed. */
export function endRelaysOf(session: string): void {
  for (const relay of relays.get(session) ?? []) {
    relay.end(closeCodes.sessionClosed, "The session was closed.");
  }
}
