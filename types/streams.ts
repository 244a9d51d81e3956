/**
 * Answers on their way: heard without gaps or doubles over however many connections, and said so that what the fast
 * memory has lost is said again.
 *
 * @example
 * ```ts
 * for await (const event of readStream(groundwork, streamId)) {
 *   if (event.type === "chunk") show(event.text);
 *   if (event.type === "end") console.log(event.status);
 * }
 * ```
 */
import { callFunction, type Through } from "./calls.ts";
import { followEvents, type FollowOptions } from "./server-sent-events.ts";
import type { StoredUIMessage } from "./ui-messages.ts";

export { RefusedError, type Through } from "./calls.ts";
export * from "./stream-writer.ts";

/** What a reader hears. */
export type StreamEvent =
  | {
    type: "chunk";
    /** From 0. */
    number: number;
    text: string;
  }
  /** The whole answer, where some of its chunks are lost: it takes the place of what was heard. */
  | { type: "message"; message: StoredUIMessage }
  | {
    type: "end";
    /** `gone`: its conversation was deleted, or the reader left the workspace. */
    status: "finished" | "failed" | "stopped" | "gone";
    message_id: string | null;
    error: string | null;
  };

/** How a stream is read. */
export interface ReadStreamOptions extends FollowOptions {
  /** The number of the first chunk that is wanted. Default 0. */
  from?: number;
}

/**
 * Reads a stream to its end. A connection that breaks is followed by the next, from where it broke.
 *
 * @param through a client of supabase-js, or a URL with a token or key
 * @param stream its id
 * @throws RefusedError `not_found`, `insufficient_scope`, …: what would be refused again
 */
export async function* readStream(
  through: Through,
  stream: string,
  { from = 0, ...options }: ReadStreamOptions = {},
): AsyncGenerator<StreamEvent, void, undefined> {
  let next = from;
  const connect = async (_: string | undefined, signal: AbortSignal) =>
    await callFunction(through, `streams/${encodeURIComponent(stream)}`, {
      method: "GET",
      signal,
      headers: next > 0 ? { "last-event-id": String(next - 1) } : {},
    }) as Response;
  for await (const { event, data, id } of followEvents(connect, options)) {
    if (id !== undefined) {
      yield { type: "chunk", number: Number(id), text: data };
      next = Number(id) + 1;
    } else if (event === "message") {
      yield { type: "message", message: JSON.parse(data) };
    } else if (event === "end") {
      const { status, message_id = null, error = null } = JSON.parse(data);
      if (status === "renew") continue;
      yield { type: "end", status, message_id, error };
      return;
    }
  }
}

/**
 * Asks for the end of an answer. Its writer finishes it with what was said until then.
 *
 * @throws RefusedError `not_found`, …
 */
export async function stopStream(through: Through, stream: string): Promise<void> {
  await callFunction(through, `streams/${encodeURIComponent(stream)}/stop`);
}

/** The text of an AI SDK's chunk; null where it says something else, or is no such chunk. */
function textOfLine(line: string): string | null {
  try {
    const chunk = JSON.parse(line);
    if (typeof chunk?.type !== "string") return null;
    return chunk.type === "text-delta" ? String(chunk.delta) : "";
  } catch {
    return null;
  }
}

/**
 * The text of a chunk. Writers say plain text, or the AI SDK's chunks: as JSON, or as the lines of
 * `toUIMessageStreamResponse`.
 */
export function textOfChunk(chunk: string): string {
  const lines = chunk.startsWith("data: ")
    ? chunk.split("\n").filter((line) => line.startsWith("data: ") && line !== "data: [DONE]")
      .map((line) => line.slice("data: ".length))
    : [chunk];
  const texts = lines.map(textOfLine);
  return texts.includes(null) ? chunk : texts.join("");
}

/** The text of a stored message. */
export function textOfMessage({ parts }: Pick<StoredUIMessage, "parts">): string {
  return parts.map(({ type, text }) => type === "text" ? String(text) : "").join("");
}
