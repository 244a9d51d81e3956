/** What the agent does beside talking: each time its person says yes. */
import type { Turn } from "./answer-turn.ts";
import type { Answer } from "./write-answer.ts";

interface Call {
  type: string;
  toolCallId?: string;
  state?: string;
  input?: unknown;
  approval?: { approved?: boolean };
}

/** Writes a document into the talk, as an artifact of its person. */
async function writeDocument(
  turn: Turn,
  input: { title: string; text: string },
) {
  const { data } = await turn.means.client.from("artifacts").insert({
    workspace_id: turn.workspace_id,
    conversation_id: turn.conversation_id,
    kind: "text",
    title: input.title,
    content: input.text,
  }).select("id").single().throwOnError();
  return { artifact_id: data.id };
}

/** Goes on with an answer whose calls its person has answered: carries out what was approved. */
export async function continueCalls(turn: Turn, answer: Answer): Promise<void> {
  for (const call of turn.message.parts as unknown as Call[]) {
    if (call.state !== "approval-responded" || !call.toolCallId) continue;
    if (!call.approval?.approved) {
      answer.settle(call.toolCallId, "denied");
      await answer.speak("Then I leave it.");
    } else if (call.type === "tool-write_document") {
      const output = await writeDocument(
        turn,
        call.input as { title: string; text: string },
      );
      answer.settle(call.toolCallId, { output });
      await answer.speak("It is written. You find it beside the talk.");
    } else {
      answer.settle(call.toolCallId, { errorText: "There is no such tool." });
    }
  }
}
