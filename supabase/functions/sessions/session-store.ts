/**
 * Where sessions are kept: in the scratchpad while they live, and in the audit log for good.
 *
 *   session:{id}      the session, for 24 h after its last sign of life
 *   sessions:{user}   the same, as the set of a person's sessions
 *
 * What the scratchpad forgot is found again in the audit log. What the audit log says is closed is
 * closed, whatever the scratchpad says: where that matters the database is asked.
 */
import { z } from "zod";
import type { Person, Service } from "../_shared/access/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";
import type { Services } from "../_shared/services.ts";

const schema = z.object({
  id: z.string(),
  user_id: z.string(),
  agent_id: z.string(),
  workspace_id: z.string(),
  /** Which process holds the session's socket; null when none is known to. */
  node: z.string().nullable(),
  opened_at: z.string(),
  last_seen_at: z.string(),
});

/** A session, as it is kept. */
export type Session = z.output<typeof schema>;

type Stores = Pick<Services, "scratchpad" | "database">;

/** Seconds without a sign of life after which the scratchpad forgets a session. */
export const idleLifetime = 24 * 60 * 60;

const keyOf = (id: string) => `session:${id}`;
const setOf = (user: string) => `sessions:${user}`;

/** A session as clients see it. */
export function describeSession(
  { id: session_id, ...session }: Session,
): Omit<Session, "id"> & { session_id: string } {
  return { session_id, ...session };
}

/** Keeps a session that is new or was forgotten. */
export async function keepSession({ scratchpad }: Stores, session: Session): Promise<void> {
  await scratchpad.use(async (pad) => {
    await pad.set(keyOf(session.id), session, idleLifetime);
    await pad.join(setOf(session.user_id), session.id, session, idleLifetime);
  });
}

/** Forgets a session. */
export async function dropSession(
  { scratchpad }: Stores,
  session: Pick<Session, "id" | "user_id">,
): Promise<void> {
  await scratchpad.use(async (pad) => {
    await pad.remove([keyOf(session.id)]);
    await pad.leave(setOf(session.user_id), session.id);
  });
}

interface Recorded {
  user_id: string;
  agent_id: string;
  workspace_id: string;
  opened_at: string;
  closed_at: string | null;
}

/** A session as the audit log knows it: its node is not known there. Null when it never was. */
export async function findRecorded(
  { database }: Stores,
  id: string,
): Promise<{ session: Session; isClosed: boolean } | null> {
  const [row] = await database.run((sql) =>
    sql<Recorded[]>`
      select user_id, agent_id, workspace_id,
        to_jsonb(opened_at) #>> '{}' as opened_at, to_jsonb(closed_at) #>> '{}' as closed_at
      from private.find_session(${id})`
  );
  if (!row) return null;
  const opened_at = new Date(row.opened_at).toISOString();
  const { user_id, agent_id, workspace_id } = row;
  return {
    session: {
      id,
      user_id,
      agent_id,
      workspace_id,
      node: null,
      opened_at,
      last_seen_at: opened_at,
    },
    isClosed: row.closed_at !== null,
  };
}

/**
 * Notes a sign of life, and where the socket is.
 *
 * A session that is kept is replaced in one step, so that a closing at the same time is not undone.
 * One that was forgotten is kept anew, after asking the audit log both before and after.
 *
 * @returns the session as it is kept now; null when it is closed or never was
 */
export async function touchSession(
  stores: Stores,
  session: Session,
  node: string | null = session.node,
): Promise<Session | null> {
  const seen = { ...session, node, last_seen_at: new Date().toISOString() };
  const isKept = await stores.scratchpad.use(async (pad) => {
    if (!await pad.replace(keyOf(seen.id), seen, idleLifetime)) return false;
    await pad.join(setOf(seen.user_id), seen.id, seen, idleLifetime);
    return true;
  });
  if (isKept) return seen;
  if (await isOver(stores, seen.id)) return null;
  await keepSession(stores, seen);
  if (!await isOver(stores, seen.id)) return seen;
  await dropSession(stores, seen);
  return null;
}

/** Whether a session is closed or never was, by the audit log. */
export async function isOver(stores: Stores, id: string): Promise<boolean> {
  return (await findRecorded(stores, id))?.isClosed ?? true;
}

/**
 * The session that a caller names: their own, or any for the service.
 *
 * @throws ApiError 404 `not_found`, also for another person's session
 */
export async function requireSession(
  stores: Stores,
  id: string,
  caller: Person | Service,
): Promise<{ session: Session; isClosed: boolean }> {
  const kept = schema.safeParse(await stores.scratchpad.use((pad) => pad.get(keyOf(id))));
  const found = kept.success
    ? { session: kept.data, isClosed: false }
    : await findRecorded(stores, id);
  if (!found || caller.kind === "person" && found.session.user_id !== caller.userId) {
    throw notFound("The session");
  }
  return found;
}

/** 409: it was the caller's, and is closed for good. */
export function sessionClosed(): ApiError {
  return new ApiError(409, "session_closed", "The session has been closed.", {
    hint: "Open another one.",
  });
}

/** A person's sessions that are kept and not closed, the latest seen first. */
export async function listOpen(
  { scratchpad, database }: Stores,
  user: string,
  limit: number,
): Promise<Session[]> {
  const members = await scratchpad.use((pad) => pad.members(setOf(user)));
  const kept = members.flatMap(({ info }): Session[] => {
    const parsed = schema.safeParse(info);
    return parsed.success ? [parsed.data] : [];
  });
  if (kept.length === 0) return [];
  const latest = kept.toSorted((one, other) => one.last_seen_at < other.last_seen_at ? 1 : -1)
    .slice(0, limit);
  const ids: Json = latest.map(({ id }) => id);
  const closed = await database.run((sql) =>
    sql<{ id: string }[]>`
      select subject_id as id from public.audit_log
      where action = 'session.closed'
        and subject_id in (select jsonb_array_elements_text(${sql.json(ids)}))`
  );
  const over = new Set(closed.map(({ id }) => id));
  return latest.filter(({ id }) => !over.has(id));
}
