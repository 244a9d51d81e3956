/** Where durable streams are kept: in Postgres; answers on their way, in the same form, in the fast memory. */
import { Buffer } from "node:buffer";
import type { Agent, Person, Service } from "../../_shared/access/authentication.ts";
import { notFound } from "../../_shared/errors.ts";
import type { Json } from "../../_shared/scratchpad/scratchpad.ts";
import type { Services } from "../../_shared/services.ts";
import { parseJson } from "../../_shared/json.ts";
import {
  chunksOf,
  endOf,
  openLifetime,
  readScope,
  requireConversation,
  requireStream,
} from "../stream-store.ts";
import { placeOf } from "./requests.ts";

/** A stream, and what was read of it. */
export interface Read {
  readonly id: number | string;
  readonly content_type: string;
  readonly is_json: boolean;
  readonly tail: number;
  readonly is_closed: boolean;
  readonly ttl: number | null;
  readonly expires_at: string | null;
  readonly is_gone: boolean;
  /** JSON texts, or base64. */
  readonly pieces: string[];
  /** Where to read on. */
  readonly next: number;
}

/** What came of an append. */
export interface Appended extends Read {
  readonly outcome?: string;
  readonly epoch?: number;
  readonly producer_seq?: number;
  readonly expected?: number;
  readonly received?: number;
}

/** Bytes in one answer, about. */
const atOnce = 256 * 1024;

/**
 * Lets in who may use a path: the service; of a conversation's streams, its owner and the agent.
 *
 * @returns the conversation that the path is of, and the workspace
 * @throws ApiError 404 `not_found`, 403 `insufficient_scope`
 */
export async function requireAccess(
  services: Services,
  path: string,
  caller: Person | Service | Agent,
  scope: string,
): Promise<{ conversation?: string; workspace: string | null }> {
  const place = placeOf(path);
  if (place.kind === "conversation") {
    const workspace = await requireConversation(services, place.conversation, caller, scope);
    return { conversation: place.conversation, workspace };
  }
  if (place.kind === "answer") {
    const { workspace_id } = await requireStream(services, place.stream, caller, scope, true);
    return { workspace: workspace_id };
  }
  if (caller.kind !== "service") throw notFound("The stream");
  return { workspace: null };
}

/** An answer that is being said: each of its chunks is a message, an object where it is JSON of one. */
async function readAnswer(services: Services, id: string, from: number | null): Promise<Read> {
  const key = chunksOf(id);
  // The end is asked for first: what is read after it is all there is.
  const end = await services.scratchpad.use((pad) => pad.get(endOf(id)));
  const { next: tail } = await services.scratchpad.use((pad) =>
    pad.append(key, 0, [], openLifetime)
  );
  const chunks = from === null
    ? []
    : await services.scratchpad.use((pad) => pad.readChunks(key, from, 500));
  const pieces = chunks.map((chunk) => {
    const value = parseJson(chunk);
    return typeof value === "object" && value !== null ? chunk : JSON.stringify(chunk);
  });
  const next = (from ?? tail) + pieces.length;
  const stream = end ? null : await requireStream(services, id, { kind: "service" }, readScope);
  return {
    id,
    content_type: "application/json",
    is_json: true,
    tail: Math.max(tail, next),
    is_closed: end !== null || stream?.status !== "open",
    ttl: null,
    expires_at: null,
    is_gone: from !== null && from > tail, // the fast memory has lost it
    pieces,
    next,
  };
}

/**
 * A stream and its pieces from a position on; null: only itself.
 *
 * @throws ApiError 404 `not_found`
 */
export async function read(
  services: Services,
  path: string,
  from: number | null,
  touches: boolean,
): Promise<Read> {
  const place = placeOf(path);
  if (place.kind === "answer") return await readAnswer(services, place.stream, from);
  const [row] = await services.database.run((sql) =>
    sql<{ read: Read | null }[]>`
      select private.read_durable(${path}, ${from}, ${atOnce}, ${touches}) as read`
  );
  if (!row?.read) throw notFound("The stream");
  return row.read;
}

/** Base64 of bytes, as Postgres decodes it. */
const encode = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

export async function create(
  { database }: Services,
  path: string,
  wanted: Record<string, unknown>,
  bytes: Uint8Array,
): Promise<Read & { is_new: boolean }> {
  const [row] = await database.run((sql) =>
    sql<{ made: Read & { is_new: boolean } }[]>`
      select private.create_durable(
        ${path}, ${sql.json(wanted as Json)}, decode(${encode(bytes)}, 'base64')) as made`
  );
  if (!row) throw new Error("create_durable returned no row");
  return row.made;
}

export async function append(
  { database }: Services,
  path: string,
  wanted: Record<string, unknown>,
  bytes: Uint8Array,
): Promise<Appended> {
  const [row] = await database.run((sql) =>
    sql<{ appended: Appended | null }[]>`
      select private.append_durable(
        ${path}, ${sql.json(wanted as Json)}, decode(${encode(bytes)}, 'base64')) as appended`
  );
  if (!row?.appended) throw notFound("The stream");
  return row.appended;
}

/** @returns whether there was one, or what was left of it for its forks */
export async function remove(
  { database }: Services,
  path: string,
): Promise<"removed" | "gone" | null> {
  const [row] = await database.run((sql) =>
    sql<{ was: "removed" | "gone" | null }[]>`
      with found as materialized (select found from private.find_durable(${path}, false) as found),
      removed as materialized (
        select private.remove_durable(found) from found
        where (found).id is not null and (found).removed_at is null
      )
      select case when (found).id is null then null when (found).removed_at is not null then 'gone'
        else 'removed' end as was
      from found left join removed on true`
  );
  return row?.was ?? null;
}
