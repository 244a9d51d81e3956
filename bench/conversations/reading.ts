import { z } from "zod";

const turn = z.object({
  id: z.string(),
  speaker: z.string(),
  text: z.string(),
  picture: z.string().optional(),
});
const conversation = z.object({
  speakers: z.array(z.string()),
  sessions: z.array(z.object({ at: z.string(), turns: z.array(turn) })),
  questions: z.array(z.object({
    question: z.string(),
    category: z.union([z.number(), z.string()]),
    evidence: z.array(z.string()),
  })),
});

/** Something that was said: one document for every way of finding. */
export interface Turn {
  id: string;
  speaker: string;
  /** `speaker: words [picture]`, the same for all. */
  content: string;
  saidAt: Date;
}

/** A question, and the turns that answer it. */
export interface Question {
  question: string;
  category: string;
  evidence: Set<string>;
}

/** A long talk with questions about it. */
export interface Conversation {
  name: string;
  speakers: string[];
  turns: Turn[];
  questions: Question[];
}

/** "1:56 pm on 8 May, 2023". */
function momentOf(at: string): number {
  const [, clock, day] = /^(.+) on (.+)$/.exec(at) ?? [];
  const time = Date.parse(`${day} ${clock} UTC`);
  if (Number.isNaN(time)) throw new Error(`Not a time: ${at}`);
  return time;
}

/** The turns that `evidence` names: some entries hold several ("D8:6; D9:17"). */
function turnsOf(evidence: string[], known: Set<string>): Set<string> {
  return new Set(evidence.flatMap((entry) => entry.match(/D\d+:\d+/g) ?? [])).intersection(known);
}

/**
 * Reads a folder of conversations, one JSON file each: `{speakers, sessions: [{at, turns: [{id,
 * speaker, text, picture?}]}], questions: [{question, category, evidence}]}`. Turns of a session are
 * a minute apart. Questions without known evidence are left out.
 */
export async function readConversations(folder: string): Promise<Conversation[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const names = entries.map(({ name }) => name).filter((name) => name.endsWith(".json")).sort();
  return await Promise.all(names.map(async (name) => {
    const read = conversation.parse(JSON.parse(await Deno.readTextFile(`${folder}/${name}`)));
    const turns = read.sessions.flatMap(({ at, turns }) =>
      turns.map(({ id, speaker, text, picture }, place) => ({
        id,
        speaker,
        content: `${speaker}: ${text}${picture ? ` [${picture}]` : ""}`,
        saidAt: new Date(momentOf(at) + place * 60_000),
      }))
    );
    const known = new Set(turns.map(({ id }) => id));
    const questions = read.questions.map(({ question, category, evidence }) => ({
      question,
      category: String(category),
      evidence: turnsOf(evidence, known),
    })).filter(({ evidence }) => evidence.size > 0);
    return { name: name.replace(/\.json$/, ""), speakers: read.speakers, turns, questions };
  }));
}
