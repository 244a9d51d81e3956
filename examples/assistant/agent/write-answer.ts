/** An answer on its way: said in the AI SDK's chunks, and kept in the parts that they make. */
import type { Row } from "../../../types/client.ts";
import type { StreamWriter } from "../../../types/streams.ts";

type Part = { type: string } & Record<string, unknown>;

/** Milliseconds between words, where no model sets the pace: slow enough to be read, and stopped. */
const pace = 40;

/** An answer that is being made. */
export interface Answer {
  isStopped(): boolean;
  signal: AbortSignal;
  /** Says a piece of text, at once. */
  write(text: string): void;
  /** Says a text word by word, until it is stopped. */
  speak(text: string): Promise<void>;
  /** Asks its person whether a tool may be called. */
  askFor(tool: string, input: Record<string, unknown>): void;
  /** What became of a call that was asked for. */
  settle(
    toolCallId: string,
    outcome: { output: unknown } | { errorText: string } | "denied",
  ): void;
  parts(): Part[];
}

/** @param message where it is the assistant's own, the answer goes on with its parts */
export function createAnswer(
  stream: StreamWriter,
  signal: AbortSignal,
  message: Row<"messages">,
): Answer {
  const parts: Part[] = message.role === "assistant" ? [...message.parts as Part[]] : [];
  const say = (chunk: Record<string, unknown>) => stream.say(JSON.stringify(chunk));
  say({ type: "start" });
  if (message.role !== "assistant") parts.push({ type: "step-start" });
  say({ type: "start-step" });
  if (message.role === "assistant") parts.push({ type: "step-start" });
  let text: { type: string; text: string } & Part | null = null;

  function write(piece: string): void {
    if (!text) {
      text = { type: "text", text: "", state: "done" };
      parts.push(text);
      say({ type: "text-start", id: `t${parts.length}` });
    }
    text.text += piece;
    say({
      type: "text-delta",
      id: `t${parts.indexOf(text) + 1}`,
      delta: piece,
    });
  }
  function endText(): void {
    if (!text) return;
    say({ type: "text-end", id: `t${parts.indexOf(text) + 1}` });
    text = null;
  }
  return {
    signal,
    isStopped: () => signal.aborted,
    write,
    async speak(said) {
      for (const word of said.match(/\S+\s*/g) ?? []) {
        if (signal.aborted) return;
        write(word);
        await new Promise((resolve) => setTimeout(resolve, pace));
      }
    },
    askFor(toolName, input) {
      endText();
      const toolCallId = crypto.randomUUID();
      const approvalId = crypto.randomUUID();
      say({ type: "tool-input-available", toolCallId, toolName, input });
      say({ type: "tool-approval-request", approvalId, toolCallId });
      parts.push({
        type: `tool-${toolName}`,
        toolCallId,
        state: "approval-requested",
        input,
        approval: { id: approvalId },
      });
    },
    settle(toolCallId, outcome) {
      const place = parts.findIndex((part) => part.toolCallId === toolCallId);
      const before = parts[place]!;
      if (outcome === "denied") {
        say({ type: "tool-output-denied", toolCallId });
        parts[place] = { ...before, state: "output-denied" };
      } else if ("output" in outcome) {
        say({
          type: "tool-output-available",
          toolCallId,
          output: outcome.output,
        });
        parts[place] = {
          ...before,
          state: "output-available",
          output: outcome.output,
        };
      } else {
        say({
          type: "tool-output-error",
          toolCallId,
          errorText: outcome.errorText,
        });
        parts[place] = {
          ...before,
          state: "output-error",
          errorText: outcome.errorText,
        };
      }
    },
    parts() {
      endText();
      say({ type: "finish-step" });
      say({ type: "finish" });
      return parts.some(({ type }) => type !== "step-start")
        ? parts
        : [...parts, { type: "text", text: "", state: "done" }];
    },
  };
}
