/**
 * Server-sent events over `fetch`, which unlike the browser's EventSource sends a header with the token. A connection
 * that breaks, ends, or falls silent is followed by the next, which begins after the last event that was heard.
 */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { isTemporary, RefusedError } from "./calls.ts";
import { sleep } from "./sleep.ts";

/** One event, as it was sent. */
export interface ServerSentEvent {
  event: string;
  data: string;
  id: string | undefined;
}

/** How events are followed. */
export interface FollowOptions {
  /** Ends it. */
  signal?: AbortSignal;
  /** Hears of each connection that broke, and of the milliseconds until the next. */
  onBreak?: (error: unknown, pause: number) => void;
  /** Milliseconds without a word after which a connection is given up. Default 45 s: the functions speak every 15 s. */
  silence?: number;
}

/** Milliseconds. */
const firstPause = 500;
const longestPause = 15_000;

/**
 * Follows events until the signal, or until whoever reads them stops.
 *
 * @param connect opens a connection after the event with this id
 * @throws what `connect` throws, where it would be refused again
 */
export async function* followEvents(
  connect: (lastId: string | undefined, signal: AbortSignal) => Promise<Response>,
  { signal, onBreak = () => {}, silence = 45_000 }: FollowOptions = {},
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let lastId: string | undefined;
  let pause = firstPause;
  let refusals = 0;
  while (!signal?.aborted) {
    const connection = new AbortController();
    const end = () => connection.abort(signal?.reason);
    signal?.addEventListener("abort", end);
    let isEmpty = true;
    try {
      const response = await connect(lastId, connection.signal);
      for await (const event of readEvents(response, connection, silence)) {
        if (event.id !== undefined) lastId = event.id;
        isEmpty = false;
        pause = firstPause;
        refusals = 0;
        yield event;
      }
      if (isEmpty) throw new Error("the connection ended before anything was said");
      await sleep(firstPause * Math.random(), signal);
    } catch (error) {
      if (signal?.aborted) return;
      // A token may have ended on the way; the next one is asked for anew, once.
      const isStale = error instanceof RefusedError && error.status === 401 && refusals++ === 0;
      if (!isStale && !isTemporary(error)) throw error;
      const asked = error instanceof RefusedError ? (error.retryAfter ?? 0) * 1000 : 0;
      const wait = Math.max(asked, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, longestPause);
      onBreak(error, wait);
      await sleep(wait, signal);
    } finally {
      signal?.removeEventListener("abort", end);
      connection.abort();
    }
  }
}

/** Reads one connection, and breaks it when it has been silent for too long. */
async function* readEvents(
  response: Response,
  connection: AbortController,
  silence: number,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  if (!response.body) return;
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const giveUp = () => connection.abort(new Error("the connection was silent"));
  try {
    for (;;) {
      timer = setTimeout(giveUp, silence);
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      for (const { event = "message", data, id } of events.splice(0)) yield { event, data, id };
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => {});
  }
}
