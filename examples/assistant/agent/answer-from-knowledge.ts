/** An answer without a model: what the workspace's documents say, and what is remembered of the person. */
import { callFunction } from "../../../types/calls.ts";
import type { Turn } from "./answer-turn.ts";
import type { Answer } from "./write-answer.ts";

interface FilePart {
  type: "file";
  filename?: string;
  url: string;
  mediaType: string;
}

const textOf = (parts: { type: string; text?: string }[]) =>
  parts.map(({ type, text }) => type === "text" ? text : "").join(" ").trim();

/** "Remember that I like trains": what follows is kept. */
const remembering = /^(?:please\s+)?remember(?:\s+that)?[:,]?\s+(?<what>.+)$/is;
/** "Write a letter …": asks before it writes. */
const writing = /^(?:please\s+)?(?:write|draft)\s+(?<what>.+)$/is;

/** Answers a person's message. */
export async function answerFromKnowledge(
  turn: Turn,
  answer: Answer,
): Promise<void> {
  const parts = turn.message
    .parts as unknown as ({ type: string; text?: string } | FilePart)[];
  const question = textOf(parts as { type: string; text?: string }[]);
  for (const part of parts) {
    if (part.type === "file") {
      await answer.speak(await tellOfFile(turn, part as FilePart));
    }
  }
  const { what: fact } = remembering.exec(question)?.groups ?? {};
  if (fact) return await remember(turn, answer, fact);
  const { what: document } = writing.exec(question)?.groups ?? {};
  if (document) return await offerDocument(turn, answer, document);
  await quote(turn, answer, question);
}

async function remember(
  turn: Turn,
  answer: Answer,
  fact: string,
): Promise<void> {
  await turn.means.client.rpc("remember", {
    workspace_id: turn.workspace_id,
    content: fact,
    source_kind: "user_message",
    source_message_id: turn.message.id,
  }).throwOnError();
  await answer.speak(`I keep in mind: ${fact}`);
}

async function offerDocument(
  turn: Turn,
  answer: Answer,
  about: string,
): Promise<void> {
  const passages = await findPassages(turn, about);
  const title = about.replace(/^an?\s+/i, "").replace(/[.!?]+$/, "").slice(
    0,
    80,
  );
  const text = [title, ...passages.map(({ content }) => content)].join("\n\n");
  await answer.speak("I can write this beside our talk, if you approve.");
  answer.askFor("write_document", { title, text });
}

async function quote(
  turn: Turn,
  answer: Answer,
  question: string,
): Promise<void> {
  const [passages, memories] = await Promise.all([
    findPassages(turn, question),
    recall(turn, question),
  ]);
  if (passages.length === 0 && memories.length === 0) {
    await answer.speak(
      "The documents say nothing about this, and I remember nothing that fits.",
    );
  }
  for (const { name, content } of passages) {
    await answer.speak(`${name}: ${content}\n\n`);
  }
  if (memories.length > 0) {
    await answer.speak(
      `I remember of you: ${memories.map(({ content }) => content).join(" ")}`,
    );
  }
}

/** Passages of documents that the person may read. */
async function findPassages(turn: Turn, query: string) {
  if (query === "") return [];
  const { passages } = await callFunction(turn.means.through, "knowledge/search", {
    body: { workspace_id: turn.workspace_id, query: query.slice(0, 2000), limit: 2 },
  }) as { passages: { name: string; content: string }[] };
  return passages;
}

async function recall(turn: Turn, query: string) {
  const { data } = await turn.means.client.rpc("recall", {
    workspace_id: turn.workspace_id,
    query,
    match_count: 2,
  }).throwOnError();
  return data;
}

/** The beginning of a text that was attached; the name of anything else. */
async function tellOfFile(
  turn: Turn,
  { filename = "a file", url, mediaType }: FilePart,
) {
  const [, path] = /^storage:attachments\/(.+)$/.exec(url) ?? [];
  const own = `${turn.workspace_id}/${turn.user_id}/${turn.conversation_id}/`;
  // A message names any path; only what lies in its own talk's folder was attached here.
  if (!path?.startsWith(own) || path.includes("..")) return "";
  if (!mediaType.startsWith("text/")) return `You attached ${filename}.\n\n`;
  const { data } = await turn.means.client.storage.from("attachments").download(
    path,
  );
  const text = (await data?.text() ?? "").slice(0, 500).trim();
  return `${filename} says: ${text}\n\n`;
}
