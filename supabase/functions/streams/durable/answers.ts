/** The protocol's answers: catching up, waiting for more, and server-sent events. */
import { Buffer } from "node:buffer";
import { inBackground } from "../../_shared/background.ts";
import { ApiError } from "../../_shared/errors.ts";
import type { Services } from "../../_shared/services.ts";
import { log } from "../../_shared/log.ts";
import { offsetOf, type Wanted } from "./requests.ts";
import { type Read, read } from "./store.ts";

/** On every answer of a stream, so that no browser takes what is in it for something else. */
export const guards: Record<string, string> = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "cross-origin",
};

/** Milliseconds: how long a reader waits for more, how long it reads, and between two looks. */
const longestWait = 10_000;
const longestEvents = 60_000;
const shortPause = 50;
const longPause = 400;
/** Bytes that may wait for a reader of events: a slow one is not read ahead for. */
const longestBacklog = 256 * 1024;

/** A cursor keeps caches from answering the same for ever: the number of an interval, and always onwards. */
function cursorAfter(given: number | null): string {
  const interval = Math.floor((Date.now() - Date.UTC(2024, 9, 9)) / 20_000);
  if (given === null || given < interval) return String(interval);
  return String(given + 1 + Math.floor(Math.random() * 180));
}

export function gone(): ApiError {
  return new ApiError(410, "stream_gone", "What was here is gone.");
}

/** What is told of a stream in the headers of an answer that has come as far as `next`. */
export function headersOf(found: Read, next: number): Record<string, string> {
  const isAtTail = next >= found.tail;
  return {
    ...guards,
    "stream-next-offset": offsetOf(next),
    ...(isAtTail ? { "stream-up-to-date": "true" } : {}),
    ...(isAtTail && found.is_closed ? { "stream-closed": "true" } : {}),
  };
}

const bytesOf = (base64: string) => Buffer.from(base64, "base64");

/** The body of what was read. */
export function bodyOf(found: Read): string | Uint8Array<ArrayBuffer> {
  if (found.is_json) return `[${found.pieces.join(",")}]`;
  const parts = found.pieces.map(bytesOf);
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const pausing = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

/** Asks again whether a reader may read, when a second has passed since it was asked last. */
function eachSecond(check: () => Promise<unknown>): () => Promise<void> {
  let asked = Date.now();
  return async () => {
    if (Date.now() - asked < 1000) return;
    asked = Date.now();
    await check();
  };
}

/** Looks until there is something after a position, the stream's end, or the end of the time. */
async function awaitMore(
  { services, path, check }: Reading,
  from: number,
  until: number,
  isGone: () => boolean = () => false,
): Promise<Read> {
  for (let pause = shortPause;; pause = Math.min(pause * 1.5, longPause)) {
    await check();
    const found = await read(services, path, from, false);
    if (found.is_gone) throw gone();
    const isOver = Date.now() >= until || isGone();
    if (found.pieces.length > 0 || found.is_closed || isOver) return found;
    await pausing(pause);
  }
}

/** Who reads what. */
export interface Reading {
  readonly services: Services;
  readonly path: string;
  /** Throws where the reader may read no longer. */
  check(): Promise<unknown>;
}

/** `live=long-poll`: 200 with what came, 204 when nothing did. */
export async function longPoll(
  reading: Reading,
  wanted: Wanted,
  first: Read,
): Promise<Response> {
  const { services } = reading;
  const from = wanted.from === "now" ? first.tail : wanted.from;
  const until = Math.min(Date.now() + longestWait, services.lifetime.lastCall);
  const found = await awaitMore(
    { ...reading, check: eachSecond(reading.check) },
    from,
    until,
  );
  const headers = {
    ...headersOf(found, found.next),
    "stream-cursor": cursorAfter(wanted.cursor),
    "cache-control": "no-store",
  };
  if (found.pieces.length === 0) return new Response(null, { status: 204, headers });
  return new Response(bodyOf(found), {
    headers: { ...headers, "content-type": found.content_type },
  });
}

/** One event. Whatever ends a line in its data ends one here: no piece makes an event of its own. */
function formatEvent(data: string, event: string): string {
  return `event: ${event}\n${data.split(/\r\n|\r|\n/).map((line) => `data:${line}\n`).join("")}\n`;
}

const isText = ({ content_type, is_json }: Read) => is_json || content_type.startsWith("text/");

function dataOf(found: Read): string {
  if (found.is_json) return `[${found.pieces.join(",")}]`;
  if (!isText(found)) {
    // Each piece was encoded by itself, and in lines.
    return Buffer.from(bodyOf(found) as Uint8Array).toString("base64");
  }
  return new TextDecoder().decode(bodyOf(found) as Uint8Array);
}

function controlOf(found: Read, next: number, cursor: number | null): string {
  const isAtTail = next >= found.tail;
  return formatEvent(
    JSON.stringify({
      streamNextOffset: offsetOf(next),
      ...(isAtTail && found.is_closed
        ? { upToDate: true, streamClosed: true }
        : { streamCursor: cursorAfter(cursor), ...(isAtTail ? { upToDate: true } : {}) }),
    }),
    "control",
  );
}

/** `live=sse`: what there is and what comes, for a minute, each with where to go on. */
export function events(
  reading: Reading,
  wanted: Wanted,
  first: Read,
  letGo: () => void,
): Response {
  const { services } = reading;
  const checked = { ...reading, check: eachSecond(reading.check) };
  const encoder = new TextEncoder();
  let isGone = false;
  const until = Math.min(Date.now() + longestEvents, services.lifetime.lastCall);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const reader: Listener = {
        from: wanted.from === "now" ? first.tail : wanted.from,
        cursor: wanted.cursor,
        until,
        send: (text) => void (isGone || controller.enqueue(encoder.encode(text))),
        hasRoom: () => (controller.desiredSize ?? 0) > 0,
        isGone: () => isGone,
      };
      const following = follow(checked, reader)
        .catch((error) => log("warning", "a reader was sent away", { cause: error }))
        .finally(() => {
          letGo();
          if (!isGone) controller.close();
        });
      inBackground("a stream's reading", following);
    },
    cancel() {
      isGone = true;
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: longestBacklog }));
  return new Response(body, {
    headers: {
      ...guards,
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
      ...(isText(first) ? {} : { "stream-sse-data-encoding": "base64" }),
    },
  });
}

/** Who listens to events, and where they are. */
interface Listener {
  from: number;
  cursor: number | null;
  until: number;
  send: (text: string) => void;
  hasRoom: () => boolean;
  isGone: () => boolean;
}

async function follow(
  reading: Reading,
  { from, cursor, until, send, hasRoom, isGone }: Listener,
): Promise<void> {
  let next = from;
  for (let isFirst = true; !isGone(); isFirst = false) {
    while (!hasRoom() && !isGone()) {
      if (Date.now() >= until) return;
      await pausing(shortPause);
    }
    const found = await awaitMore(reading, next, isFirst ? 0 : until, isGone);
    if (found.pieces.length > 0) send(formatEvent(dataOf(found), "data"));
    else if (!isFirst && !found.is_closed) return; // the minute is over
    next = found.next;
    send(controlOf(found, next, cursor));
    if (found.is_closed && next >= found.tail) return;
  }
}
