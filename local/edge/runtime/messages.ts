/** What the stack, a runtime and its isolates say to each other. Runs on both versions of Deno. */

/** From the stack to a runtime: one JSON a line. */
export type ToRuntime =
  /** Boot an isolate; `wallClock` in milliseconds. */
  | { kind: "boot"; id: string; name: string; entry: string; wallClock: number }
  /** No request is sent to it any longer: it ends when it is done with what it has. */
  | { kind: "left"; id: string };

/** From a runtime to the stack. */
export type FromRuntime =
  | { kind: "booted"; id: string; port: number }
  | { kind: "failed"; id: string; reason: string }
  /** Wants no more requests. */
  | { kind: "retiring"; id: string }
  | { kind: "ended"; id: string; reason: EndReason };

/** Why an isolate ended. */
export type EndReason = "early_drop" | "wall_clock" | "failed";

/** From a runtime to an isolate. */
export type ToIsolate =
  | { kind: "boot"; name: string; entry: string; env: Record<string, string> }
  /** Say so when all requests are acknowledged and nothing is waited for, now and from then on. */
  | { kind: "retire" }
  /** Raise the event that tells a function of its coming end. */
  | { kind: "beforeunload"; reason: EndReason };

/** From an isolate to its runtime. */
export type FromIsolate =
  | { kind: "booted"; port: number }
  | { kind: "failed"; reason: string }
  | { kind: "idle" }
  /** A request that was on its way has come after all. */
  | { kind: "busy" };

/** Reads lines of JSON from a connection until it ends. */
export async function* readMessages<Message>(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of stream) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}

/** One message as bytes. */
export function encodeMessage(message: ToRuntime | FromRuntime): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(message)}\n`);
}
