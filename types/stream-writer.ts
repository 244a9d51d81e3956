/** The writer's end of a stream: an agent's or the service's. */
import { callFunction, isTemporary, RefusedError, type Through } from "./calls.ts";
import { sleep } from "./sleep.ts";

/** What an answer becomes in the conversation. */
export interface FinishedMessage {
  parts: ({ type: string } & Record<string, unknown>)[];
  metadata?: Record<string, unknown>;
  /** The service's only. */
  token_count?: number;
}

/** An answer that is being said. */
export interface StreamWriter {
  /** The stream's id: what readers need. */
  readonly id: string;
  /** The id that its message will have. */
  readonly message_id: string;
  /** Says a chunk, now or with the next request. */
  say(chunk: string): void;
  /** Is aborted when its reader has asked for the end, or when it has ended otherwise: finish then. */
  readonly stopped: AbortSignal;
  /**
   * Says the rest, and ends it: with the message, or with an error, or with both.
   *
   * @throws RefusedError `stream_ended`, …
   */
  finish(end: { message?: FinishedMessage; error?: string }): Promise<void>;
}

/** As many chunks and characters as one request has at most. */
const mostChunks = 500;
const mostCharacters = 250_000;
const firstPause = 200;
const longestPause = 5_000;

/**
 * Begins an answer in a conversation. What is said is kept until the end, and said again where the backend has lost it.
 *
 * @param through an agent's token with the scope `conversations:write`, or the secret key
 * @throws RefusedError `not_found`, `insufficient_scope`, …
 * @example
 * ```ts
 * const answer = await writeStream({ url, token: tokens.forPerson(theirs) }, { conversation_id });
 * for await (const piece of model) answer.say(piece);
 * await answer.finish({ message: { parts: [{ type: "text", text }] } });
 * ```
 */
export async function writeStream(
  through: Through,
  about: { conversation_id: string; message_id?: string; parent_id?: string },
): Promise<StreamWriter> {
  const opened = await callFunction(through, "streams", { body: about });
  const { stream_id, message_id } = opened as { stream_id: string; message_id: string };
  return continueStream(through, { stream_id, message_id });
}

/**
 * Goes on with a stream that was opened already, such as by a turn of `useChat`: its work item names both ids.
 *
 * @param through an agent's token with the scope `conversations:write`, or the secret key
 */
export function continueStream(
  through: Through,
  { stream_id, message_id }: { stream_id: string; message_id: string },
): StreamWriter {
  const path = `streams/${stream_id}`;
  const chunks: string[] = [];
  const stopped = new AbortController();
  let acknowledged = 0;
  let isEnding = false;
  let failure: unknown;
  let speaking: Promise<void> | null = null;

  function takeSome(): string[] {
    const some: string[] = [];
    let size = 0;
    for (const chunk of chunks.slice(acknowledged, acknowledged + mostChunks)) {
      size += chunk.length;
      if (some.length > 0 && size > mostCharacters) break;
      some.push(chunk);
    }
    return some;
  }

  async function sayOnce(): Promise<void> {
    const from = acknowledged;
    const some = takeSome();
    try {
      const said = await callFunction(through, `${path}/chunks`, { body: { from, chunks: some } });
      if ((said as { stop?: boolean }).stop) stopped.abort();
      acknowledged = from + some.length;
    } catch (error) {
      if (!(error instanceof RefusedError && error.code === "stream_gap")) throw error;
      acknowledged = Number(error.hint);
    }
  }

  /** One request at a time: what is said meanwhile goes out together in the next. */
  async function sayAll(): Promise<void> {
    for (let pause = firstPause; acknowledged < chunks.length && !failure;) {
      try {
        await sayOnce();
        pause = firstPause;
      } catch (error) {
        if (!isTemporary(error)) {
          failure = error;
          stopped.abort(error);
        } else if (isEnding && pause >= longestPause) return; // the whole message says it all
        else await sleep(pause);
        pause = Math.min(pause * 2, longestPause);
      }
    }
  }

  function speak(): Promise<void> {
    speaking ??= sayAll().finally(() => {
      speaking = null;
    });
    return speaking;
  }

  return {
    id: stream_id,
    message_id,
    stopped: stopped.signal,
    say(chunk) {
      chunks.push(chunk);
      speak();
    },
    async finish(end) {
      isEnding = true;
      await speak();
      for (let pause = firstPause;; pause = Math.min(pause * 2, longestPause)) {
        try {
          await callFunction(through, `${path}/finish`, {
            body: { ...end, chunks: chunks.length },
          });
          return;
        } catch (error) {
          if (!isTemporary(error) || pause >= longestPause) throw error;
          await sleep(pause);
        }
      }
    },
  };
}
