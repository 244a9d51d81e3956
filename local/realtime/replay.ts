/** Broadcasts of a private topic that the database still keeps, for a client that was away. */
import type postgres from "postgres";
import { encodeBody, outgoingBroadcast } from "./protocol.ts";
import type { Outgoing } from "./protocol.ts";

/** As many as the platform replays at most. */
const mostReplayed = 25;

/** A kept broadcast. */
export interface Kept {
  id: string;
  message: Outgoing;
}

/**
 * The newest broadcasts since a moment, oldest first.
 * @param since milliseconds since 1970
 * @param limit at most 25, which is also the default
 * @throws RangeError when the parameters are not numbers
 */
export async function readKept(
  sql: postgres.Sql,
  name: string,
  { since, limit = mostReplayed }: { since?: unknown; limit?: unknown },
): Promise<Kept[]> {
  if (!Number.isSafeInteger(since) || !Number.isSafeInteger(limit)) {
    throw new RangeError("since and limit are whole numbers");
  }
  const rows = await sql<
    { id: string; event: string; payload: string | null; bytes: Uint8Array | null }[]
  >`
    select id::text, event, payload::text, binary_payload as bytes
    from realtime.messages
    where topic = ${name} and private and extension = 'broadcast' and event is not null
      and inserted_at >= (to_timestamp(${Number(since) / 1000}) at time zone 'utc')
      and inserted_at < (now() at time zone 'utc') + interval '1 minute'
    order by inserted_at desc
    limit ${Math.max(1, Math.min(Number(limit), mostReplayed))}`;
  return rows.reverse().map(({ id, event, payload, bytes }) => ({
    id,
    message: outgoingBroadcast(`realtime:${name}`, {
      event,
      encoding: bytes ? "binary" : "json",
      body: bytes ? new Uint8Array(bytes) : encodeBody(JSON.parse(payload ?? "{}")),
      meta: { replayed: true, id },
    }),
  }));
}
