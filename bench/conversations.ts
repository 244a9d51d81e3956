/**
 * `deno run -A bench/conversations.ts <folder>`: finding what answers a question in long talks.
 *
 * Reads a folder of conversations with questions and their evidence (`conversations/reading.ts` says
 * in which form), puts each in as a conversation and as memories of a person, and prints how much
 * of the evidence is among the first 5, 10 and 20, by category, for each way of finding, and how
 * long a question takes. All are asked in turn, question after question, so that times compare.
 *
 * Vectors are the local embedder's unless the environment names another, as for the functions:
 * GROUNDWORK_EMBEDDER_URL, GROUNDWORK_EMBEDDER_KEY, GROUNDWORK_EMBEDDER_MODEL. So a real embedder
 * is measured in the same way.
 */
import postgres from "postgres";
import { createEmbedder } from "../supabase/functions/_shared/embedding/embedder.ts";
import { FINDERS } from "./conversations/finders.ts";
import { type Question, readConversations } from "./conversations/reading.ts";
import { storeConversation, type Stored } from "./conversations/storing.ts";
import { startBenchDatabase } from "./database.ts";
import { formatFigure, formatTable, median } from "./measure.ts";

interface Score {
  category: string;
  /** The share of the evidence among the first 5, 10, 20. */
  recall: [number, number, number];
  /** Whether any of it is among the first 10. */
  hit: boolean;
}

interface Measured {
  scores: Score[];
  milliseconds: number[];
}

function score({ evidence, category }: Question, ids: Map<string, string>, found: string[]): Score {
  const wanted = new Set([...evidence].map((turn) => ids.get(turn) ?? turn));
  const among = (most: number) => found.slice(0, most).filter((id) => wanted.has(id)).length;
  return {
    category,
    recall: [among(5) / wanted.size, among(10) / wanted.size, among(20) / wanted.size],
    hit: among(10) > 0,
  };
}

async function ask(sql: postgres.Sql, stored: Stored, measured: Map<string, Measured>) {
  const ready = await Promise.all(
    FINDERS.map(async (finder) => [finder, await finder.prepare(sql, stored)] as const),
  );
  for (const question of stored.questions) {
    for (const [{ name, finds }, find] of ready) {
      const began = performance.now();
      const found = await find(question, stored.vectors.get(question.question) ?? "");
      const took = performance.now() - began;
      const { scores, milliseconds } = measured.get(name) ?? { scores: [], milliseconds: [] };
      scores.push(score(question, finds === "turns" ? new Map() : stored[finds], found));
      milliseconds.push(took);
      measured.set(name, { scores, milliseconds });
    }
  }
}

const mean = (values: number[]) =>
  (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3);

function overview(measured: Map<string, Measured>): string {
  const rows = [...measured].map(([name, { scores, milliseconds }]) => [
    name,
    ...[0, 1, 2].map((place) => mean(scores.map(({ recall }) => recall[place] ?? 0))),
    mean(scores.map(({ hit }) => Number(hit))),
    formatFigure(median(milliseconds)),
  ]);
  return formatTable(["", "recall@5", "recall@10", "recall@20", "hit@10", "median ms"], rows);
}

function byCategory(measured: Map<string, Measured>): string {
  const all = [...measured.values()][0]?.scores.map(({ category }) => category) ?? [];
  const categories = [...new Set(all)].sort();
  const rows = [...measured].map(([name, { scores }]) => [
    name,
    ...categories.map((category) => {
      const these = scores.filter((score) => score.category === category);
      return [0, 1, 2].map((place) => mean(these.map(({ recall }) => recall[place] ?? 0))).join(
        " ",
      );
    }),
  ]);
  const counts = categories.map((category) => all.filter((other) => other === category).length);
  return formatTable(["", ...categories.map((name, place) => `${name} (${counts[place]})`)], rows);
}

/** The tables for a folder of conversations. */
export async function benchConversations(folder: string): Promise<string> {
  const conversations = await readConversations(folder);
  const { GROUNDWORK_EMBEDDER_URL: url, GROUNDWORK_EMBEDDER_KEY: key } = Deno.env.toObject();
  const model = Deno.env.get("GROUNDWORK_EMBEDDER_MODEL") ?? "text-embedding-3-small";
  const endpoint = url ? { url, key: key ?? null, model } : null;
  const embedder = createEmbedder({ embedder: { kind: null, endpoint } });
  const database = await startBenchDatabase({ redis: "none" });
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    await database.execute(
      await Deno.readTextFile(new URL("conversations/rivals.sql", import.meta.url)),
    );
    const stored: Stored[] = [];
    for (const conversation of conversations) {
      stored.push(await storeConversation(sql, embedder, conversation));
    }
    await database.execute("vacuum analyze");
    const measured = new Map<string, Measured>();
    for (const one of stored) await ask(sql, one, measured);
    const turns = conversations.flatMap(({ turns }) => turns).length;
    const questions = conversations.flatMap(({ questions }) => questions).length;
    return `${conversations.length} conversations, ${turns} turns, ${questions} questions; ` +
      `vectors of ${embedder.model}.\n\n${
        overview(measured)
      }\n\nrecall@5, @10 and @20 by category (questions):\n\n${byCategory(measured)}`;
  } finally {
    await sql.end();
    await database.stop();
  }
}

if (import.meta.main) {
  const [folder] = Deno.args;
  if (!folder) {
    console.error("Which folder of conversations? deno run -A bench/conversations.ts <folder>");
    Deno.exit(2);
  }
  console.log(await benchConversations(folder));
  Deno.exit(0);
}
