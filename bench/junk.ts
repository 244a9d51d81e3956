/**
 * Memories after a thousand sessions in which people restate, respell and contradict what they said, the assistant
 * repeats what it recalled, and prompts are taken for statements: the share of valid memories that are distinct and
 * true, and the share of what is true that is there. Every store is given the same statements.
 *
 * BENCH_SEED sets the seed. The embedder is chosen as for the functions (GROUNDWORK_EMBEDDER_URL, _KEY, _MODEL).
 */
import postgres from "postgres";
import { createEmbedder } from "../supabase/functions/_shared/embedding/embedder.ts";
import { startBenchDatabase } from "./database.ts";
import { makeSessions, type Statement, type World } from "./junk/sessions.ts";
import { formatTable } from "./measure.ts";

const SEED = Number(Deno.env.get("BENCH_SEED") ?? 20261130);
const SESSIONS = 1000;
const PEOPLE = 50;

/** A memory that a store holds for valid. */
interface Valid {
  person: number;
  subject: string | null;
  text: string;
}

interface Store {
  name: string;
  take(statement: Statement, vector: number[]): Promise<void> | void;
  valid(): Promise<Valid[]> | Valid[];
}

const everything = (): Store => {
  const rows: Valid[] = [];
  return {
    name: "every statement a row",
    take: (statement) => void rows.push(statement),
    valid: () => rows,
  };
};

const sameTextOnce = (): Store => {
  const rows = new Map<string, Valid>();
  return {
    name: "the same text once",
    take: (one) => void rows.set(`${one.person} ${one.subject} ${one.text}`, one),
    valid: () => [...rows.values()],
  };
};

const cosine = (one: number[], other: number[]) =>
  one.reduce((sum, value, place) => sum + value * (other[place] ?? 0), 0);

/** As memory layers do whose only means is a vector: what is near enough replaces what is there. */
const nearReplaced = (): Store => {
  const rows: (Valid & { vector: number[] })[][] = Array.from({ length: PEOPLE }, () => []);
  return {
    name: "what is near (cosine 0.95) replaced",
    take({ person, subject, text }, vector) {
      const mine = rows[person]!;
      const near = mine.findIndex((known) => cosine(known.vector, vector) >= 0.95);
      const row = { person, subject, text, vector };
      if (near < 0) mine.push(row);
      else mine[near] = row;
    },
    valid: () => rows.flat(),
  };
};

/** The same, and a subject has one value: the newest. */
const newestOfSubject = (): Store => {
  const rows = new Map<string, Valid>();
  return {
    name: "the newest of a subject, else the same text once",
    take: (one) => void rows.set(`${one.person} ${one.subject ?? ` ${one.text}`}`, one),
    valid: () => [...rows.values()],
  };
};

async function groundwork(sql: postgres.Sql, model: string): Promise<Store> {
  const workspace = crypto.randomUUID();
  const people: string[] = Array.from({ length: PEOPLE }, () => crypto.randomUUID());
  await sql`
    insert into public.workspaces (id, name, slug, billing_plan)
    values (${workspace}, 'W', 'junk', 'business')`;
  for (const [n, person] of people.entries()) {
    await sql`insert into auth.users (id, email) values (${person}, ${`junk${n}@example.com`})`;
    await sql`update public.profiles set locale = 'en' where user_id = ${person}`;
    await sql`insert into public.members (workspace_id, user_id, role) values (${workspace}, ${person}, 'member')`;
  }
  return {
    name: "Groundwork: remember",
    async take(statement, vector) {
      const person = people[statement.person]!;
      const embedding = JSON.stringify(vector);
      if (statement.isRecalled) {
        await sql`
          select count(*) from public.recall(${workspace}, ${statement.text}, user_id => ${person})`;
      }
      await sql`
        select outcome from public.remember(
          ${workspace}, ${statement.text}, confidence => ${statement.confidence},
          source_kind => ${statement.source}, subject => ${statement.subject},
          embedding => ${embedding}::text::extensions.halfvec, embedding_model => ${model},
          valid_from => clock_timestamp(), user_id => ${person})`
        .catch((error: postgres.PostgresError) => {
          if (!error.message.includes('"memory_feedback"')) throw error;
        });
    },
    async valid() {
      const rows = await sql<{ user_id: string; subject: string | null; content: string }[]>`
        select user_id, subject::text, content from public.memories
        where workspace_id = ${workspace} and valid_to is null`;
      return rows.map(({ user_id, subject, content }) => ({
        person: people.indexOf(user_id),
        subject,
        text: content,
      }));
    },
  };
}

/** What of a store is distinct and true, and what else there is. */
export function judge(world: World, valid: Valid[]) {
  const seen = new Set<string>();
  const found = { valid: valid.length, good: 0, twice: 0, outdated: 0, prompts: 0, missing: 0 };
  for (const { person, subject, text } of valid) {
    const fact = world.factOf(person, subject, text);
    if (fact === undefined) found.prompts++;
    else if (!world.truth[person]!.has(fact)) found.outdated++;
    else if (seen.has(`${person} ${fact}`)) found.twice++;
    else {
      seen.add(`${person} ${fact}`);
      found.good++;
    }
  }
  const facts = world.truth.reduce((sum, one) => sum + one.size, 0);
  return { ...found, missing: facts - found.good, facts };
}

const share = (part: number, whole: number) => (part / whole).toFixed(3);

export async function benchJunk(): Promise<string> {
  const { GROUNDWORK_EMBEDDER_URL: url, GROUNDWORK_EMBEDDER_KEY: key } = Deno.env.toObject();
  const named = Deno.env.get("GROUNDWORK_EMBEDDER_MODEL") ?? "text-embedding-3-small";
  const endpoint = url ? { url, key: key ?? null, model: named } : null;
  const embedder = createEmbedder({ embedder: { kind: null, endpoint } });
  const world = makeSessions(SEED, SESSIONS, PEOPLE);
  const texts = [...new Set(world.statements.map(({ text }) => text))];
  const vectors = new Map<string, number[]>();
  for (let at = 0; at < texts.length; at += 64) {
    const some = texts.slice(at, at + 64);
    for (const [place, vector] of (await embedder.embed(some)).entries()) {
      vectors.set(some[place]!, vector);
    }
  }
  const database = await startBenchDatabase({ redis: "none" });
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    const stores = [
      everything(),
      sameTextOnce(),
      nearReplaced(),
      newestOfSubject(),
      await groundwork(sql, embedder.model),
    ];
    for (const statement of world.statements) {
      for (const store of stores) await store.take(statement, vectors.get(statement.text) ?? []);
    }
    const rows = await Promise.all(stores.map(async (store) => {
      const found = judge(world, await store.valid());
      return [
        store.name,
        String(found.valid),
        share(found.good, found.valid),
        share(found.good, found.facts),
        String(found.twice),
        String(found.outdated),
        String(found.prompts),
      ];
    }));
    const count = (why: Statement["why"]) =>
      world.statements.filter((one) => one.why === why).length;
    return [
      `Seed ${SEED}; ${SESSIONS} sessions of ${PEOPLE} people, ${world.statements.length} statements: ` +
      `${count("told")} told, ${count("restated")} restated, ${
        count("contradicted")
      } contradicting, ` +
      `${count("repeated")} repeated by the assistant, ${count("prompt")} of prompts. ` +
      `${
        world.truth.reduce((sum, one) => sum + one.size, 0)
      } facts are true in the end. Vectors of ${embedder.model}.`,
      "",
      formatTable([
        "store",
        "valid",
        "distinct and true",
        "of what is true, there",
        "twice",
        "outdated",
        "of prompts",
      ], rows),
    ].join("\n");
  } finally {
    await sql.end();
    await database.stop();
  }
}
