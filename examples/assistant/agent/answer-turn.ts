/** A turn: the prompt is made and recorded, the answer is said in the talk's stream, and kept. */
import { callFunction, type Through } from "../../../types/calls.ts";
import type { GroundworkClient, Row } from "../../../types/client.ts";
import { continueStream } from "../../../types/streams.ts";
import { answerFromKnowledge } from "./answer-from-knowledge.ts";
import { answerByModel } from "./answer-by-model.ts";
import type { Model } from "./model.ts";
import { createAnswer } from "./write-answer.ts";
import { continueCalls } from "./tools.ts";

/** What the agent works with: for the person who asked, and nobody else. */
export interface Means {
  through: Through;
  client: GroundworkClient;
  /** Null: it answers from documents and memory. */
  model: Model | null;
}

/** What `streams/chat` asks for. */
interface Asked {
  stream_id: string;
  message_id: string;
  /** The message that is answered: a person's, or the assistant's own whose calls were answered. */
  answers: string;
}

/** A prompt, as `assemble_context` makes it. */
export interface Prompt {
  record_id: number;
  messages: {
    role: string;
    content?: string;
    parts?: Record<string, unknown>[];
  }[];
}

/** A turn that is being answered. */
export interface Turn {
  means: Means;
  workspace_id: string;
  user_id: string;
  conversation_id: string;
  message: Row<"messages">;
  prompt: Prompt;
}

type Work = Pick<
  Row<"background_queries">,
  "workspace_id" | "user_id" | "conversation_id" | "input"
>;

/** Answers, and keeps what was said: also where its person stopped it. */
export async function answerTurn(
  means: Means,
  work: Work,
  lost: AbortSignal,
): Promise<void> {
  const asked = work.input as unknown as Asked;
  const { client, through } = means;
  const { conversation_id, workspace_id, user_id } = work;
  const stream = continueStream(through, asked);
  try {
    const context = `context/${conversation_id}?message=${asked.answers}`;
    const [{ data: message }, prompt] = await Promise.all([
      client.from("messages").select().eq("id", asked.answers).single().throwOnError(),
      callFunction(through, context, { method: "GET" }),
    ]);
    const turn: Turn = {
      means,
      workspace_id,
      user_id,
      conversation_id,
      message,
      prompt: prompt as Prompt,
    };
    const answer = createAnswer(
      stream,
      AbortSignal.any([stream.stopped, lost]),
      message,
    );
    if (message.role === "assistant") await continueCalls(turn, answer);
    else if (means.model) await answerByModel(turn, means.model, answer);
    else await answerFromKnowledge(turn, answer);
    if (lost.aborted) return; // another worker has it now
    await stream.finish({
      message: {
        parts: answer.parts(),
        metadata: { context_record_id: turn.prompt.record_id },
      },
    });
  } catch (error) {
    console.error(
      "An answer broke off:",
      error instanceof Error ? error.message : error,
    );
    await stream.finish({ error: "The agent could not answer." });
  }
}
