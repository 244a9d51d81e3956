/**
 * What can end a relayed session besides its two ends: the permission, the token, the closing of
 * the session. Watched for as long as the relay runs.
 *
 * The permission is asked again when the answer is 1.5 s old, and all sockets of a person in this
 * isolate share the answer: a revoked person is cut off within that and one reading, less than 2 s
 * as long as the reading takes less than half a second. When nobody can be asked, nothing is passed
 * on, and after ten seconds the relay ends.
 */
import { inBackground } from "../_shared/background.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import { closeCodes, type Relay } from "./relay.ts";
import { isOver, type Session, touchSession } from "./session-store.ts";

/** How often, in milliseconds. */
export interface WatchTimes {
  /** A sign of life for the session, and whether it is still there. */
  readonly touch: number;
  /** Of so many touches one asks the audit log, whatever the scratchpad says. */
  readonly certainty: number;
  /** How long permissions may be unknown. */
  readonly unknown: number;
}

const defaults: WatchTimes = { touch: 10_000, certainty: 6, unknown: 10_000 };
/** Milliseconds after which an answer about a permission is asked for again. */
const answerAge = 1500;
const tryAgain = 500;
const shortest = 50;
const longestTimer = 2 ** 31 - 1;

/** Calls `step` after the time that it returned the last time, until stopped or it returns null. */
function repeat(first: number, step: () => Promise<number | null>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  function schedule(delay: number): void {
    timer = setTimeout(async () => {
      const next = await step();
      if (next !== null && !isStopped) schedule(next);
    }, Math.min(delay, longestTimer));
  }
  schedule(first);
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

/**
 * Watches until the relay ends.
 *
 * `expiresAt` is when the token ends, in milliseconds since 1970; `node` is this relay's name, as
 * where the session's socket is; `revision` is that of the permission that the relay was begun with:
 * nothing older is believed.
 */
export function watchSession(
  services: Services,
  { session, expiresAt, node, revision }: {
    session: Session;
    expiresAt: number;
    node: string;
    revision: number;
  },
  relay: Relay,
  times: WatchTimes = defaults,
): void {
  const { permissions } = services;
  let unknownSince = 0;
  let touches = 0;

  async function askPermission(): Promise<number | null> {
    const { user_id, agent_id } = session;
    try {
      const usable = await permissions.usable(user_id, { within: answerAge });
      if (usable.revision < revision) return shortest;
      if (!usable.byId.has(agent_id)) {
        relay.end(closeCodes.revoked, "You may not use this agent any more.");
        return null;
      }
      unknownSince = 0;
      relay.release();
      const next = Math.min(usable.readAt + answerAge, usable.goodUntil);
      return Math.max(shortest, next - Date.now());
    } catch (error) {
      // Not knowing is not a yes.
      relay.hold();
      unknownSince ||= Date.now();
      if (Date.now() - unknownSince < times.unknown) return tryAgain;
      log("warning", "permissions could not be asked; a relay ends", { error });
      relay.end(closeCodes.tryAgain, "Permissions cannot be asked now. Try again.");
      return null;
    }
  }

  async function touch(): Promise<number | null> {
    try {
      const isCertain = ++touches % times.certainty !== 0 || !await isOver(services, session.id);
      if (!isCertain || !await touchSession(services, session, node)) {
        relay.end(closeCodes.sessionClosed, "The session was closed.");
        return null;
      }
    } catch (error) {
      log("warning", "a session's sign of life was not noted", { error });
    }
    return times.touch;
  }

  function expire(): Promise<number | null> {
    const left = expiresAt - Date.now();
    if (left > 0) return Promise.resolve(left);
    relay.end(closeCodes.tokenExpired, "The token expired. Connect again with a new one.");
    return Promise.resolve(null);
  }

  const stops = [
    repeat(0, askPermission),
    repeat(0, touch),
    repeat(Math.max(0, expiresAt - Date.now()), expire),
  ];
  inBackground(
    "noting a relay's end",
    relay.ended.then(async () => {
      for (const stop of stops) stop();
      // No longer here; whether it was closed or has moved on is not this relay's to say.
      await touchSession(services, session, null);
    }),
  );
}
