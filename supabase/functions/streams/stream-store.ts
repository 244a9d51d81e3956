/**
 * Where streams are kept: the row in Postgres, the chunks in the fast memory.
 *
 *   stream:{id}       the chunks, in order
 *   stream:{id}:end   what came of it, told when the message is in Postgres
 *   stream:{id}:stop  its reader has asked for its end; Postgres knows it too
 */
import { z } from "zod";
import { rightsOf } from "../_shared/access/agent-rights.ts";
import type { Agent, Person, Service } from "../_shared/access/authentication.ts";
import { createBoundedMap } from "../_shared/bounded-map.ts";
import { notFound } from "../_shared/errors.ts";
import type { Services } from "../_shared/services.ts";

/** A stream's row. */
export interface Stream {
  readonly id: string;
  readonly workspace_id: string;
  readonly conversation_id: string;
  readonly user_id: string;
  /** The agent with whom it is talked. */
  readonly agent_id: string | null;
  readonly message_id: string;
  readonly parent_id: string | null;
  readonly status: "open" | "finished" | "failed" | "stopped";
  readonly error: string | null;
  /** The message's id as its client sent it, where that is not `message_id`. */
  readonly client_id: string | null;
  readonly stop_requested_at: Date | null;
  /** How many chunks were said, once it has ended; null where nobody knew. */
  readonly chunks: number | null;
}

/** How a stream ended: what readers are told. */
export const ending = z.object({
  status: z.enum(["finished", "failed", "stopped"]),
  message_id: z.string().nullable(),
  error: z.string().nullable(),
  /** How many chunks were said; who has read so many has read all. */
  total: z.int(),
});
export type Ending = z.output<typeof ending>;
/** The total of a stream of which nobody knows how many chunks were said. */
export const unknownTotal = -1;

/** Seconds that chunks live while nobody adds to them, and after the end. */
export const openLifetime = 24 * 60 * 60;
export const endedLifetime = 60 * 60;

export const chunksOf = (id: string): string => `stream:${id}`;
export const endOf = (id: string): string => `stream:${id}:end`;
export const stopOf = (id: string): string => `stream:${id}:stop`;

/** Milliseconds for which an isolate believes that a stream is still open. */
const believedFor = 2000;
const openStreams = new WeakMap<
  Services,
  ReturnType<typeof createBoundedMap<string, { stream: Stream; goodUntil: number }>>
>();

/** The stream's row, as the database has it now. */
export async function findStream({ database }: Services, id: string): Promise<Stream | null> {
  const [row] = await database.run((sql) =>
    sql<Stream[]>`
      select stream.id, stream.workspace_id, stream.conversation_id, stream.user_id, talk.agent_id,
        stream.message_id, stream.parent_id, stream.status, stream.error, stream.client_id, stream.stop_requested_at,
        stream.chunks
      from public.streams as stream
      join public.conversations as talk on talk.id = stream.conversation_id
      where stream.id = ${id} and talk.deleted_at is null
        and private.belongs_to(stream.user_id, stream.workspace_id)`
  );
  return row ?? null;
}

/** What an agent needs for hearing and for saying an answer. */
export const readScope = "conversations:read";
export const writeScope = "conversations:write";

/** Whose a conversation is to be for a caller; null where any will do, as for the service. */
export async function whoseFor(
  { database }: Services,
  caller: Person | Service | Agent,
  scope: string,
): Promise<{ user: string; agent: string | null } | null> {
  if (caller.kind === "service") return null;
  if (caller.kind === "person") return { user: caller.userId, agent: null };
  const { userId, agentId } = await rightsOf(database, caller, scope);
  // As itself an agent talks with nobody.
  if (userId === null) throw notFound("The conversation");
  return { user: userId, agent: agentId };
}

/**
 * The caller's stream: a person's own, an agent's where it answers the person, the service's are all.
 *
 * @param scope what an agent needs for it
 * @throws ApiError 404 `not_found`, also for streams of others; 403 `insufficient_scope`
 */
export async function requireStream(
  services: Services,
  id: string,
  caller: Person | Service | Agent,
  scope: string,
  fresh = false,
): Promise<Stream> {
  let known = openStreams.get(services);
  if (!known) openStreams.set(services, known = createBoundedMap(10_000));
  let kept = fresh ? undefined : known.get(id);
  if (!kept || kept.goodUntil <= Date.now()) {
    const stream = await findStream(services, id);
    if (!stream) throw notFound("The stream");
    kept = { stream, goodUntil: Date.now() + believedFor };
    if (stream.status === "open") known.set(id, kept);
    else known.delete(id);
  }
  const { stream } = kept;
  const whose = await whoseFor(services, caller, scope);
  if (
    whose && (stream.user_id !== whose.user || whose.agent && stream.agent_id !== whose.agent)
  ) throw notFound("The stream");
  return stream;
}

/**
 * Lets in who may use a conversation: its owner, the agent with whom it is talked, the service.
 *
 * @returns its workspace
 * @throws ApiError 404 `not_found`, 403 `insufficient_scope`
 */
export async function requireConversation(
  services: Services,
  conversation: string,
  caller: Person | Service | Agent,
  scope: string,
): Promise<string> {
  const whose = await whoseFor(services, caller, scope);
  const [user, agent] = [whose?.user ?? null, whose?.agent ?? null];
  const [talk] = await services.database.run((sql) =>
    sql<{ workspace_id: string }[]>`
      select talk.workspace_id from public.conversations as talk
      where talk.id = ${conversation} and talk.deleted_at is null
        and (${user}::uuid is null or talk.user_id = ${user}::uuid
          and private.belongs_to(talk.user_id, talk.workspace_id))
        and (${agent}::uuid is null or talk.agent_id = ${agent}::uuid)`
  );
  if (!talk) throw notFound("The conversation");
  return talk.workspace_id;
}

/** Forgets what this isolate believed of a stream. */
export function forgetStream(services: Services, id: string): void {
  openStreams.get(services)?.delete(id);
}

/** A stream as clients see it: its id is called stream_id there, and whose it is they know. */
export function showStream(stream: Stream): Record<string, unknown> {
  const { id, conversation_id, message_id, parent_id, status, error, client_id } = stream;
  const { stop_requested_at } = stream;
  return {
    stream_id: id,
    ...{ conversation_id, message_id, parent_id, status, error, client_id },
    ...(stop_requested_at ? { stop_requested_at } : {}),
  };
}
