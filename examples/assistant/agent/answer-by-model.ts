/** An answer by a model: the prompt that was recorded goes in, and what comes out is said as it comes. */
import { convertToModelMessages, type ModelMessage, streamText, type UIMessage } from "ai";
import type { Prompt, Turn } from "./answer-turn.ts";
import type { Model } from "./model.ts";
import type { Answer } from "./write-answer.ts";

/** The prompt's messages as a model takes them: files are named, and not sent. */
async function toModelMessages({ messages }: Prompt): Promise<ModelMessage[]> {
  const all = await Promise.all(
    messages.map(async ({ role, content, parts = [] }) => {
      if (content !== undefined) return [{ role, content } as ModelMessage];
      const said = parts.map((part) =>
        part.type === "file" ? { type: "text", text: `(attached: ${part.filename})` } : part
      );
      return await convertToModelMessages([
        { role, parts: said } as unknown as UIMessage,
      ]);
    }),
  );
  return all.flat();
}

/** Answers a person's message. @throws what the endpoint refused */
export async function answerByModel(
  turn: Turn,
  model: Model,
  answer: Answer,
): Promise<void> {
  const messages = await toModelMessages(turn.prompt);
  // What instructs comes first, and is given apart: models refuse it in the middle.
  const instructions = messages.filter(({ role }) => role === "system")
    .map(({ content }) => String(content)).join("\n\n");
  const result = streamText({
    model,
    ...(instructions ? { instructions } : {}),
    messages: messages.filter(({ role }) => role !== "system"),
    abortSignal: answer.signal,
    onError: () => {}, // it is thrown below
  });
  for await (const part of result.stream) {
    if (part.type === "text-delta") answer.write(part.text);
    if (part.type === "error") throw part.error;
  }
}
