/**
 * Makes the fast memory forget a person: the keys of docs/caching.md, one by one.
 *
 * A floor would name the person for ten minutes, so it is only raised to end the answers that are
 * kept, and goes with them. What keeps a reader that is on its way from writing an old answer back
 * is then the epoch, which is renewed in between: whatever was read under the former one is
 * refused.
 */
import type { RateLimitClass } from "../_shared/rate-limits.ts";
import { unavailable } from "../_shared/errors.ts";
import { rateWindow } from "../_shared/http/rate-limit.ts";
import type { Scratchpad } from "../_shared/scratchpad/scratchpad.ts";
import type { Services } from "../_shared/services.ts";
import { chunksOf, endOf, stopOf } from "../streams/stream-store.ts";
import { memberName, readTypingName, roomKey, typingKey } from "../presence/rooms.ts";

/** Whom, and where they may still be known. */
export interface Forgotten {
  readonly user: string;
  /** Null: everywhere. Otherwise what they were in this workspace. */
  readonly workspace: string | null;
  /** Higher than any revision of theirs that may be kept. */
  readonly revision: number;
  readonly sessions: readonly string[];
  readonly workspaces: readonly string[];
  /** Streams whose rows are gone: what was said in them goes too. */
  readonly streams: readonly string[];
}

type Stores = Pick<Services, "environment" | "scratchpad" | "permissions">;

/** Keys removed with one command. */
const atOnce = 500;

async function removeKeys(pad: Scratchpad, keys: string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += atOnce) {
    await pad.remove(keys.slice(start, start + atOnce));
  }
}

async function leaveRooms(pad: Scratchpad, { user, workspaces }: Forgotten): Promise<void> {
  for (const workspace of workspaces) {
    await pad.leave(roomKey(workspace), memberName("person", user));
    for (const { member } of await pad.members(typingKey(workspace))) {
      if (readTypingName(member).user_id === user) await pad.leave(typingKey(workspace), member);
    }
  }
}

async function leaveSessions(pad: Scratchpad, forgotten: Forgotten): Promise<void> {
  const mine = `sessions:${forgotten.user}`;
  const kept = (await pad.members(mine)).map(({ member }) => member);
  const known = new Set(forgotten.sessions);
  const ended = forgotten.workspace === null
    ? [...new Set([...kept, ...known])]
    : kept.filter((session) => known.has(session));
  await removeKeys(pad, ended.map((session) => `session:${session}`));
  if (forgotten.workspace === null) await pad.remove([mine, `${mine}:info`]);
  else for (const session of ended) await pad.leave(mine, session);
}

/** The counters of this minute and of the two before, which is as long as one lives. */
function counterKeys(user: string, classes: string[], now: number): string[] {
  const window = Math.floor(now / 1000 / rateWindow);
  return classes.flatMap((name) =>
    [0, 1, 2].map((before) => `limit:${name}:${user}:${window - before}`)
  );
}

/**
 * Forgets a person in Redis and in this isolate; what the Postgres scratchpad knows went with the
 * transaction that erased them. May be done again.
 *
 * @throws ApiError 503 `unavailable` when there is a Redis and it does not answer
 */
export async function forgetInScratchpad(stores: Stores, forgotten: Forgotten): Promise<void> {
  const { environment, scratchpad, permissions } = stores;
  const { user, revision, workspace } = forgotten;
  const told = await permissions.raiseFloors(new Map([[user, revision]]));
  if (!scratchpad.isShared) return;
  const done = told && await scratchpad.tryShared(async (pad) => {
    await leaveSessions(pad, forgotten);
    await leaveRooms(pad, forgotten);
    await removeKeys(pad, forgotten.streams.flatMap((id) => [chunksOf(id), endOf(id), stopOf(id)]));
    if (workspace === null) {
      const classes = Object.keys(environment.rateLimits) as RateLimitClass[];
      await pad.renewEpoch();
      await pad.remove([
        `agents:${user}`,
        `floor:${user}`,
        ...counterKeys(user, classes, Date.now()),
      ]);
    }
    return true;
  });
  if (!done) throw unavailable("Redis does not answer: it may still know the person.");
}
