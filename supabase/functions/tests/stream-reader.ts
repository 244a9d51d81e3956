/** A reader of a stream, as a client is one: what it heard, over however many connections. */
import { assertEquals } from "../_shared/asserts.ts";

/** What has been heard so far. */
export interface Heard {
  pieces: string[];
  /** The whole message, where it was told instead of pieces that nobody has any more. */
  whole: string | null;
}

/** Opens one more connection, from where the last one ended. */
export function openReader(
  url: string,
  token: string,
  { pieces }: Heard,
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(url, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(pieces.length > 0 ? { "last-event-id": String(pieces.length - 1) } : {}),
    },
    ...(signal ? { signal } : {}),
  });
}

/**
 * Listens until the stream's end is told, or the connection ends. Every piece comes in its place,
 * without gaps or doubles, or the assertion fails.
 *
 * @returns the status that the end tells; null when the connection ended before
 */
export async function listen(response: Response, heard: Heard): Promise<string | null> {
  let text = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const [, number, piece] = /^id: (\d+)\ndata: (.*)$/m.exec(event) ?? [];
      if (number !== undefined) {
        assertEquals(Number(number), heard.pieces.length, "in order, without gaps or doubles");
        heard.pieces.push(piece ?? "");
      }
      const [, message] = /^event: message\ndata: (.*)$/m.exec(event) ?? [];
      if (message) heard.whole = JSON.parse(message).parts[0].text;
      const [, end] = /^event: end\ndata: (.*)$/m.exec(event) ?? [];
      if (end) return JSON.parse(end).status;
    }
  }
  return null;
}
