import { z } from "zod";
import { identifyFromUrl } from "../_shared/access/authentication.ts";
import { inBackground } from "../_shared/background.ts";
import { ApiError, unavailable } from "../_shared/errors.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { countedAs } from "../_shared/http/route.ts";
import { readQuery, uuidParameter } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import { forThisRequest } from "../_shared/statements.ts";
import {
  chunksOf,
  type Ending,
  readScope,
  requireStream,
  type Stream,
  whoseFor,
} from "./stream-store.ts";
import { atOnce, followTail, type Tail } from "./stream-tail.ts";

const query = z.strictObject({
  access_token: z.string().optional(),
  from: z.coerce.number().int().min(0).max(1_000_000).optional(),
});

/** Milliseconds after which a reader looks around, whatever it waits for. */
const longestWait = 400;
/** Milliseconds after which a slow reader is looked at again: streams do not say when. */
const lookAgain = 40;
/** Milliseconds after which a reader is asked to come again, however long the isolate goes on to live. */
const longestRead = 140_000;
const keepAliveInterval = 15_000;
/** Bytes that may wait for a slow reader. */
const longestBacklog = 256 * 1024;
/** Readers that one isolate has at most: each may have such a backlog, and an isolate has 256 MiB. */
const mostReaders = 500;
let readers = 0;

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

/**
 * `GET /streams/:id`: server-sent events, each with the chunk's number as its id; a client that
 * comes back with `Last-Event-ID` (or `?from=`) goes on after it, without gaps or doubles.
 *
 * The last event is `end`: `{status, message_id, error}`, or `{status: "renew"}` after 140 s and
 * when the isolate ends, after which the client comes again. Where chunks were lost with the fast memory, `message`
 * gives the whole message before the end.
 */
export async function readStream(context: RequestContext): Promise<Response> {
  const services = context.env;
  const request = context.req.raw;
  const id = uuidParameter(context.req.param("id"), "id");
  const { access_token, from } = readQuery(request, query);
  const caller = await identifyFromUrl(services.authenticator, request, access_token, readScope);
  if (caller.kind !== "service") services.rateLimiter.count(countedAs(caller), "read");
  const first = firstWanted(request, from);
  const stream = await requireStream(services, id, caller, readScope, true);
  const until = Math.min(
    Date.now() + longestRead,
    services.lifetime.lastCall,
    caller.kind === "service" ? Infinity : caller.expiresAt,
  );
  // What an agent was allowed is asked for again while it listens; of people the stream's row tells.
  const check = async () =>
    void (caller.kind === "agent" && await whoseFor(services, caller, readScope));
  return new Response(await listen(services, stream, first, until, ownEvents, { check }), {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}
takes(readStream, { query });

/** How a stream is said to a reader: its own events, or another protocol's. */
export interface Face {
  /** What is said first. */
  readonly opening: string;
  say(chunk: string, number: number): string;
  /**
   * What is said at the end; `next`: how many chunks this reader has. The whole message is there to
   * be read where that is not all.
   */
  end(end: Ending, next: number, readMessage: (id: string) => Promise<unknown>): Promise<string>;
  /** What is said where the reader is sent away before the end. */
  leave(status: "renew" | "gone"): string;
}

/**
 * Counts one more reader of a stream, until what is returned is called: of the person, over all
 * isolates, and of this isolate.
 *
 * @param person null for the service, whose readers the isolate alone bounds
 * @throws ApiError 429 `limit_reached`, 503 when the isolate has no room
 */
export async function holdReader(
  services: Services,
  workspace: string | null,
  person: string | null,
): Promise<() => void> {
  const { limits } = services;
  const name = "streams_read_at_once";
  if (readers >= mostReaders) throw unavailable("Too many streams are read here.");
  readers++;
  let letGo = () => {};
  try {
    if (person) letGo = await limits.holdEverywhere(name, person, await limits.of(workspace, name));
  } catch (error) {
    readers--;
    throw error;
  }
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    readers--;
    letGo();
  };
}

/**
 * Follows a stream until its end, the reader's time, or the reader's leaving, which `onGone` hears of.
 *
 * @throws ApiError 429 `limit_reached` when its person reads as many as they may, 503 when the isolate has no room
 */
export async function listen(
  services: Services,
  stream: Stream,
  first: number,
  until: number,
  face: Face,
  { onGone = () => {}, check = () => Promise.resolve() }: {
    onGone?: () => void;
    /** Throws where the reader may read no longer. */
    check?: () => Promise<void>;
  } = {},
): Promise<ReadableStream<Uint8Array>> {
  const letGo = await holdReader(services, stream.workspace_id, stream.user_id);
  const encoder = new TextEncoder();
  let isGone = false;
  let isLastCall = false;
  const forgetCall = services.lifetime.onLastCall(() => isLastCall = true);
  const goneFrom = forThisRequest(onGone);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => {
        if (!isGone && text !== "") controller.enqueue(encoder.encode(text));
      };
      const hasRoom = () => (controller.desiredSize ?? 0) > 0;
      send(face.opening);
      const isOver = () => isLastCall || Date.now() >= until;
      const reader = {
        services,
        stream,
        first,
        face,
        isOver,
        send,
        hasRoom,
        isGone: () => isGone,
        check,
      };
      const following = follow(reader)
        .catch((error) => log("warning", "a reader was sent away", { cause: error }))
        .finally(() => {
          forgetCall();
          letGo();
          if (!isGone) controller.close();
        });
      // The platform does not count a stream that goes on as a reason to keep the isolate.
      inBackground("a stream's reading", following);
    },
    cancel() {
      isGone = true;
      goneFrom();
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
  check: () => Promise<void>;
}

/** Sends what comes until the end, the reader's time, or the reader's leaving. */
async function follow(reader: Reader): Promise<void> {
  const tail = followTail(reader.services, reader.stream, reader.first);
  try {
    await tell(reader, tail);
  } finally {
    tail.leave();
  }
}

async function tell(reader: Reader, tail: Tail): Promise<void> {
  const { services, stream: { id }, face, isOver, send, hasRoom, isGone, check } = reader;
  let next = reader.first;
  let saidAt = Date.now();
  while (!isGone()) {
    if (isOver()) return send(face.leave("renew"));
    await check();
    if (!hasRoom()) {
      await new Promise((resolve) => setTimeout(resolve, lookAgain));
      continue;
    }
    const { end } = tail;
    const shared = tail.from(next);
    const chunks = shared ??
      await services.scratchpad.use((pad) => pad.readChunks(chunksOf(id), next, atOnce));
    for (const chunk of chunks.slice(0, atOnce)) send(face.say(chunk, next++));
    if (chunks.length > 0) {
      saidAt = Date.now();
      continue;
    }
    if (end === "gone") return send(face.leave("gone"));
    if (end) return send(await face.end(end, next, tail.message));
    if (!shared) tail.rewind(next);
    if (Date.now() - saidAt >= keepAliveInterval) {
      saidAt = Date.now();
      send(": still here\n\n");
    }
    await tail.next(longestWait);
  }
}

/** Our own events: each chunk with its number, and the end with what came of it. */
const ownEvents: Face = {
  opening: "retry: 500\n\n",
  say: (chunk, number) => formatEvent(chunk, undefined, number),
  leave: (status) => formatEvent(JSON.stringify({ status }), "end"),
  async end({ status, message_id, error, total }, next, readMessage) {
    const told = formatEvent(JSON.stringify({ status, message_id, error }), "end");
    // The whole message first, where this reader could not have read all of it.
    if (message_id === null || (next === total && next > 0)) return told;
    const message = await readMessage(message_id);
    return message ? formatEvent(JSON.stringify(message), "message") + told : told;
  },
};
