import type { UIMessage } from "ai";

/** A call of a tool that waits for its person, or was answered. */
interface Call {
  toolCallId?: string;
  state?: string;
}

/**
 * What is stored of a talk, with what its person has just answered on the screen: what was read before the answer
 * arrived in the backend must not take it back.
 */
export function keepAnswers(stored: UIMessage[], shown: UIMessage[]): UIMessage[] {
  const last = shown.at(-1);
  const answered = new Set(
    (last?.parts as Call[] | undefined)?.filter(({ state }) => state === "approval-responded")
      .map(({ toolCallId }) => toolCallId),
  );
  return stored.map((message) => {
    const isBehind = message.id === last?.id &&
      (message.parts as Call[]).some((part) =>
        part.state === "approval-requested" && answered.has(part.toolCallId)
      );
    return isBehind ? last! : message;
  });
}
