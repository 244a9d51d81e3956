/**
 * Where sessions are kept: in the scratchpad for as long as they are used, and, as what was opened
 * and closed, in the audit log. Whatever the scratchpad forgot is found there again.
 */
import { z } from "zod";
import type { Person, Service } from "../_shared/authentication.ts";
import { ApiError, notFound } from "../_shared/errors.ts";
import type { Services } from "../_shared/services.ts";

/** Seconds for which an unused session is kept in the scratchpad. */
export const idleTtl = 24 * 60 * 60;

const session = z.object({
  user_id: z.string(),
  agent_id: z.string(),
  workspace_id: z.string(),
  opened_at: z.string(),
  /** Where its socket is; null when it has none that we were told of. */
  node: z.string().nullable(),
  last_seen_at: z.string(),
});

/** An open session. */
export type Session = z.infer<typeof session>;

type Store = Pick<Services, "memory" | "database">;

function key(id: string): string {
  return `session:${id}`;
}

function keyOfPerson(user: string): string {
  return `sessions:${user}`;
}

/** Keeps a session for another idle time, as seen now. */
export async function keepSession({ memory }: Store, id: string, known: Session): Promise<void> {
  const value = { ...known, last_seen_at: new Date().toISOString() };
  await memory.use(async (pad) => {
    await pad.set(key(id), value, idleTtl);
    await pad.join(keyOfPerson(known.user_id), id, { agent_id: known.agent_id }, idleTtl);
  });
}

/** Forgets a session. */
export async function forgetSession({ memory }: Store, id: string, user: string): Promise<void> {
  await memory.use(async (pad) => {
    await pad.remove([key(id)]);
    await pad.leave(keyOfPerson(user), id);
  });
}

function sessionClosed(): ApiError {
  return new ApiError(409, "session_closed", "The session has been closed.", {
    hint: "Open another one.",
  });
}

interface Found {
  user_id: string;
  agent_id: string;
  workspace_id: string;
  opened_at: string;
  is_closed: boolean;
}

/**
 * A session as the audit log knows it: the truth, also when the scratchpad knows it otherwise.
 *
 * @throws ApiError 404 `not_found`, 409 `session_closed`
 */
export async function findSession({ database }: Store, id: string): Promise<Session> {
  const [row] = await database.run((sql) =>
    sql<Found[]>`
      select user_id, agent_id, workspace_id, to_jsonb(opened_at) #>> '{}' as opened_at,
        closed_at is not null as is_closed
      from private.find_session(${id})`
  );
  if (!row) throw notFound("The session");
  if (row.is_closed) throw sessionClosed();
  const { is_closed: _, ...found } = row;
  return { ...found, node: null, last_seen_at: new Date().toISOString() };
}

/** Whether the caller may touch the session: its person, or the service. Nobody else knows that it exists. */
export function requireOwner(caller: Person | Service, { user_id }: Session): void {
  if (caller.kind === "person" && caller.userId !== user_id) throw notFound("The session");
}

/**
 * An open session, from the scratchpad or, when that has forgotten it, from the audit log, and then
 * kept again.
 *
 * @throws ApiError 404 `not_found`, 409 `session_closed`
 */
export async function loadSession(
  store: Store,
  id: string,
  caller: Person | Service,
): Promise<Session> {
  const kept = session.safeParse(await store.memory.use((pad) => pad.get(key(id))));
  if (kept.success) {
    requireOwner(caller, kept.data);
    return kept.data;
  }
  const found = await findSession(store, id);
  requireOwner(caller, found);
  await keepSession(store, id, found);
  return found;
}

/** A person's sessions that the scratchpad knows of. */
export async function listOpen({ memory }: Store, user: string) {
  const members = await memory.use((pad) => pad.members(keyOfPerson(user)));
  return members.map(({ member, info, endsAt }) => ({
    session_id: member,
    agent_id: (info as { agent_id: string }).agent_id,
    ends_at: new Date(endsAt).toISOString(),
  }));
}
