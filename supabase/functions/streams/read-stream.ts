import { z } from "zod";
import { identifyFromUrl } from "../_shared/access/authentication.ts";
import { inBackground } from "../_shared/background.ts";
import { ApiError } from "../_shared/errors.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { readQuery, uuidParameter } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import {
  chunksOf,
  type Ending,
  ending,
  endOf,
  findStream,
  requireStream,
  type Stream,
} from "./stream-store.ts";

const query = z.strictObject({
  access_token: z.string().optional(),
  from: z.coerce.number().int().min(0).max(1_000_000).optional(),
});

/** Milliseconds between two looks while chunks come, and while none do. */
const shortPause = 40;
const longPause = 400;
/** Milliseconds between two looks into Postgres for an end that the fast memory has lost. */
const doubt = 1000;
/** Milliseconds after which a reader is asked to come again, however long the isolate goes on to live. */
const longestRead = 140_000;
const keepAliveInterval = 15_000;
/** Chunks in one look, and bytes that may wait for a slow reader. */
const atOnce = 500;
const longestBacklog = 256 * 1024;

/** Where to go on: after the last event that the client has seen. */
function firstWanted(request: Request, from: number | undefined): number {
  const last = request.headers.get("last-event-id");
  if (last === null || last === "") return from ?? 0;
  const number = Number(last);
  if (!Number.isInteger(number) || number < 0) {
    throw new ApiError(400, "invalid_parameter", "last-event-id: must be a chunk's number");
  }
  return number + 1;
}

/** One server-sent event; a chunk may have several lines. */
export function formatEvent(data: string, event?: string, id?: number): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
  return `${id === undefined ? "" : `id: ${id}\n`}${event ? `event: ${event}\n` : ""}${lines}\n`;
}

/** What came of a stream, from the fast memory or, seldom, from Postgres. */
async function findEnding(
  services: Services,
  id: string,
  askDatabase: boolean,
): Promise<Ending | "gone" | null> {
  const told = ending.safeParse(await services.scratchpad.use((pad) => pad.get(endOf(id))));
  if (told.success) return told.data;
  if (!askDatabase) return null;
  const stream = await findStream(services, id);
  if (!stream) return "gone";
  if (stream.status === "open") return null;
  return {
    status: stream.status,
    message_id: await findMessage(services, stream) ? stream.message_id : null,
    error: stream.error,
    total: -1, // nobody knows any more
  };
}

export async function findMessage(
  { database }: Services,
  { message_id }: Pick<Stream, "message_id">,
): Promise<unknown> {
  const [row] = await database.run((sql) =>
    sql<{ message: unknown }[]>`
      select jsonb_build_object('id', id, 'role', role, 'parts', parts, 'metadata', metadata) as message
      from public.messages where id = ${message_id}`
  );
  return row?.message ?? null;
}

/**
 * `GET /streams/:id`: server-sent events, each with the chunk's number as its id; a client that
 * comes back with `Last-Event-ID` (or `?from=`) goes on after it, without gaps or doubles.
 *
 * The last event is `end`: `{status, message_id, error}`, or `{status: "renew"}` after 140 s and
 * when the isolate ends, after which the client comes again. Where chunks were lost with the fast memory, `message` gives the whole
 * message before the end.
 */
export async function readStream(context: RequestContext): Promise<Response> {
  const services = context.env;
  const request = context.req.raw;
  const id = uuidParameter(context.req.param("id"), "id");
  const { access_token, from } = readQuery(request, query);
  const caller = await identifyFromUrl(services.authenticator, request, access_token);
  if (caller.kind === "person") services.rateLimiter.count(caller.userId, "read");
  const first = firstWanted(request, from);
  const stream = await requireStream(services, id, caller, true);
  const until = Math.min(
    Date.now() + longestRead,
    services.lifetime.lastCall,
    caller.kind === "person" ? caller.expiresAt : Infinity,
  );
  return new Response(listen(services, stream, first, until, eventsOf(services)), {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

/** How a stream is said to a reader: its own events, or another protocol's. */
export interface Face {
  /** What is said first. */
  readonly opening: string;
  say(chunk: string, number: number): string;
  /** What is said at the end; `next`: how many chunks this reader has. */
  end(stream: Stream, end: Ending, next: number): Promise<string>;
  /** What is said where the reader is sent away before the end. */
  leave(status: "renew" | "gone"): string;
}

/** Follows a stream until its end, the reader's time, or the reader's leaving, which `onGone` hears of. */
export function listen(
  services: Services,
  stream: Stream,
  first: number,
  until: number,
  face: Face,
  onGone: () => void = () => {},
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let isGone = false;
  let isLastCall = false;
  const forgetCall = services.lifetime.onLastCall(() => isLastCall = true);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => {
        if (!isGone && text !== "") controller.enqueue(encoder.encode(text));
      };
      const hasRoom = () => (controller.desiredSize ?? 0) > 0;
      send(face.opening);
      const isOver = () => isLastCall || Date.now() >= until;
      const reader = { services, stream, first, face, isOver, send, hasRoom, isGone: () => isGone };
      const following = follow(reader)
        .catch((error) => log("warning", "a reader was sent away", { cause: error }))
        .finally(() => {
          forgetCall();
          if (!isGone) controller.close();
        });
      // The platform does not count a stream that goes on as a reason to keep the isolate.
      inBackground("a stream's reading", following);
    },
    cancel() {
      isGone = true;
      onGone();
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: longestBacklog }));
}

interface Reader {
  services: Services;
  stream: Stream;
  first: number;
  face: Face;
  /** Whether the reader's time or the isolate's is over. */
  isOver: () => boolean;
  send: (text: string) => void;
  hasRoom: () => boolean;
  isGone: () => boolean;
}

/** Sends what comes until the end, the reader's time, or the reader's leaving. */
async function follow(reader: Reader): Promise<void> {
  const { services, stream, face, isOver, send, hasRoom, isGone } = reader;
  const { id } = stream;
  let next = reader.first;
  let pause = shortPause;
  let doubtedAt = 0;
  let saidAt = Date.now();
  while (!isGone()) {
    if (isOver()) return send(face.leave("renew"));
    // The end is asked for first: what is read after it is all there is.
    const askDatabase = Date.now() - doubtedAt >= doubt;
    if (askDatabase) doubtedAt = Date.now();
    const end = pause > shortPause || askDatabase
      ? await findEnding(services, id, askDatabase)
      : null;
    const chunks = hasRoom()
      ? await services.scratchpad.use((pad) => pad.readChunks(chunksOf(id), next, atOnce))
      : [];
    for (const chunk of chunks) send(face.say(chunk, next++));
    if (end === "gone") return send(face.leave("gone"));
    if (end && chunks.length === 0 && hasRoom()) return send(await face.end(stream, end, next));
    if (chunks.length > 0) {
      saidAt = Date.now();
      pause = shortPause;
      if (chunks.length === atOnce) continue;
    } else {
      if (Date.now() - saidAt >= keepAliveInterval) {
        saidAt = Date.now();
        send(": still here\n\n");
      }
      pause = Math.min(pause * 1.5, longPause);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Our own events: each chunk with its number, and the end with what came of it. */
function eventsOf(services: Services): Face {
  return {
    opening: "retry: 500\n\n",
    say: (chunk, number) => formatEvent(chunk, undefined, number),
    leave: (status) => formatEvent(JSON.stringify({ status }), "end"),
    async end(_stream, end, next) {
      const { status, message_id, error } = end;
      const told = formatEvent(JSON.stringify({ status, message_id, error }), "end");
      // The whole message first, where this reader could not have read all of it.
      if (message_id === null || (next === end.total && next > 0)) return told;
      const message = await findMessage(services, { message_id });
      return message ? formatEvent(JSON.stringify(message), "message") + told : told;
    },
  };
}
