/**
 * A stream as the AI SDK reads it: its chunks are `UIMessageChunk`s. A writer that says the SDK's own
 * chunks (as JSON, or as the lines of `toUIMessageStreamResponse`) is passed on; one that says plain
 * text is heard as text.
 */
import { parseObject } from "../_shared/json.ts";
import type { Face } from "./read-stream.ts";
import type { Ending, Stream } from "./stream-store.ts";

type Chunk = Record<string, unknown>;

const line = (chunk: Chunk) => `data: ${JSON.stringify(chunk)}\n\n`;
const done = "data: [DONE]\n\n";
const textId = "0";

/** The SDK's chunks in what a writer said at once; null: it is plain text. */
function readChunks(said: string): Chunk[] | null {
  const whole = parseObject(said);
  if (typeof whole?.type === "string") return [whole];
  if (!said.startsWith("data: ")) return null;
  const lines = said.split("\n").filter((one) =>
    one.startsWith("data: ") && one !== "data: [DONE]"
  );
  const read = lines.map((one) => parseObject(one.slice("data: ".length)));
  return read.every((one) => typeof one?.type === "string") ? read as Chunk[] : null;
}

/** A part of a stored message as the chunks that make it. */
function chunksOfPart(part: Chunk, place: number): Chunk[] {
  const type = String(part.type);
  const id = `${type}-${place}`;
  if (type === "text" || type === "reasoning") {
    return [
      { type: `${type}-start`, id },
      { type: `${type}-delta`, id, delta: part.text },
      { type: `${type}-end`, id },
    ];
  }
  if (typeof part.toolCallId === "string") return chunksOfCall(part, type);
  if (type === "step-start") return [{ type: "start-step" }];
  return [part]; // sources, files and data are said as they are kept
}

function chunksOfCall(part: Chunk, type: string): Chunk[] {
  const { toolCallId, input, output, errorText, state } = part;
  const isDynamic = type === "dynamic-tool";
  const dynamic = isDynamic ? { dynamic: true } : {};
  const toolName = isDynamic ? part.toolName : type.replace(/^tool-/, "");
  const asked = { type: "tool-input-available", toolCallId, toolName, input, ...dynamic };
  const { id: approvalId } = (part.approval ?? {}) as { id?: unknown };
  const approval = approvalId === undefined
    ? []
    : [{ type: "tool-approval-request", toolCallId, approvalId }];
  switch (state) {
    case "output-available":
      return [asked, { type: "tool-output-available", toolCallId, output, ...dynamic }];
    case "output-error":
      return [asked, { type: "tool-output-error", toolCallId, errorText, ...dynamic }];
    case "output-denied":
      return [asked, ...approval, { type: "tool-output-denied", toolCallId }];
    default:
      return [asked, ...approval];
  }
}

/** What is said at the end, by how it ended. */
const farewells: Record<Ending["status"], (error: string | null) => Chunk> = {
  finished: () => ({ type: "finish" }),
  stopped: () => ({ type: "abort" }),
  failed: (error) => ({ type: "error", errorText: error ?? "The answer broke off." }),
};

/** The face of a stream for `useChat`. */
export function chunksOfUi(stream: Stream): Face {
  const messageId = stream.client_id ?? stream.message_id;
  const start = { type: "start", messageId };
  let hasStarted = false;
  let isText = false;
  let isFinished = false;
  const begin = () => {
    if (hasStarted) return "";
    hasStarted = true;
    return line(start);
  };
  const endText = () => {
    if (!isText) return "";
    isText = false;
    return line({ type: "text-end", id: textId });
  };
  const pass = (chunk: Chunk) => {
    if (chunk.type === "start") {
      if (hasStarted) return "";
      hasStarted = true;
      return line({ ...chunk, messageId }); // one message has one id, whatever its writer made up
    }
    if (chunk.type === "finish" || chunk.type === "abort" || chunk.type === "error") {
      isFinished = true;
    }
    return begin() + endText() + line(chunk);
  };
  const sayText = (delta: string) => {
    const opening = isText ? "" : line({ type: "text-start", id: textId });
    const told = begin() + opening + line({ type: "text-delta", id: textId, delta });
    isText = true;
    return told;
  };
  return {
    opening: "",
    say: (said) => readChunks(said)?.map(pass).join("") ?? sayText(said),
    // The protocol has no word for coming again: a client whose connection ends resumes.
    leave: (status) => status === "gone" ? line({ type: "abort" }) + done : "",
    async end({ message_id, error, status, total }, next, readMessage) {
      let told = begin() + endText();
      const isWhole = next === total && next > 0;
      if (!isWhole && next > 0 && !isFinished && message_id !== null) {
        const errorText = "Some of the answer was lost on its way. Read the conversation again.";
        return told + line({ type: "error", errorText }) + done;
      }
      if (!isWhole && next === 0 && message_id !== null) {
        const message = await readMessage(message_id) as { parts: Chunk[] } | null;
        told += (message?.parts ?? []).flatMap(chunksOfPart).map(line).join("");
      }
      return told + (isFinished ? "" : line(farewells[status](error))) + done;
    },
  };
}
