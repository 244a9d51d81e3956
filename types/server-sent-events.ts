/**
 * Server-sent events over `fetch`, which unlike the browser's EventSource sends a header with the token. A connection
 * that breaks, ends, or falls silent is followed by the next, which begins after the last event that was heard.
 */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { isTemporary, RefusedError } from "./calls.ts";

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
}

/** Milliseconds. The functions say something every 15 s. */
const longestSilence = 45_000;
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
  { signal, onBreak = () => {} }: FollowOptions = {},
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
      for await (const event of readEvents(await connect(lastId, connection.signal), connection)) {
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
): AsyncGenerator<ServerSentEvent, void, undefined> {
  if (!response.body) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isAlive = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => connection.abort(new Error("the connection was silent")),
      longestSilence,
    );
  };
  isAlive();
  const heard = new TransformStream<string, string>({
    transform(text, controller) {
      isAlive();
      controller.enqueue(text);
    },
  });
  const reader = response.body.pipeThrough(new TextDecoderStream() as Decoder).pipeThrough(heard)
    .pipeThrough(new EventSourceParserStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield { event: value.event ?? "message", data: value.data, id: value.id };
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => {});
  }
}

/** The types of the DOM say of it that it reads more than bytes of `fetch`. */
type Decoder = ReadableWritablePair<string, Uint8Array>;

/** Resolves after a while, or at once when the signal comes. */
function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    if (signal?.aborted) done();
    else signal?.addEventListener("abort", done);
  });
}
