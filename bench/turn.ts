import postgres from "postgres";
import {
  ACME,
  baseline,
  type Chats,
  JUAN,
  type Pattern,
  patterns,
  type Said,
} from "./chat-patterns.ts";
import { type BenchDatabase, startBenchDatabase } from "./database.ts";
import { startDistance } from "./distance.ts";
import { compare, formatComparison, formatFigure, formatTable } from "./measure.ts";

/** Characters said in a turn, on average. */
interface Length {
  question: number;
  answer: number;
}
const USUAL: Length = { question: 200, answer: 830 };
/** Something to say: characters of this project's documents, from anywhere in them. */
const prose = ["README.md", "docs/work.md", "docs/assistant.md", "docs/operations.md"]
  .map((file) => Deno.readTextFileSync(new URL(`../${file}`, import.meta.url)))
  .join(" ").replaceAll(/\s+/g, " ");
function speak(length: number): string {
  const from = Math.floor(Math.random() * (prose.length - length));
  return prose.slice(from, from + Math.floor(length));
}
/**
 * From half as long to one and a half times as long: rows of equal length fill pages in steps, which
 * is a matter of the length chosen and of nothing else.
 */
function speakOf(length: Length): Said {
  const about = (characters: number) => speak(characters * (0.5 + Math.random()));
  return { question: about(length.question), answer: about(length.answer) };
}
const SECONDS = 4;

interface Talk {
  id: string;
  words: string[];
}

/** A conversation of so many messages, and the same in tables of the usual form. */
async function talk(sql: postgres.Sql, messages: number, length = USUAL): Promise<Talk> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${ACME}, ${JUAN}) returning id`;
  const id = row?.id ?? "";
  const ids = Array.from({ length: messages }, () => crypto.randomUUID());
  const words = ids.map((_, n) => speakOf(length)[n % 2 === 0 ? "question" : "answer"]);
  await sql`
    insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, content_for_llm)
    select said.id, ${ACME}, ${id}, ${JUAN}, lag(said.id) over (order by g),
      case when g % 2 = 1 then 'user' else 'assistant' end,
      jsonb_build_array(jsonb_build_object('type', 'text', 'text', said.words)),
      case when g % 2 = 0 then left(said.words, length(said.words) / 10) end
    from unnest(${ids}::uuid[], ${words}::text[]) with ordinality as said (id, words, g)`;
  await sql`
    update public.conversations set active_message_id = ${ids.at(-1) ?? null} where id = ${id}`;
  await sql`
    insert into bench.messages (chat_id, role, parts)
    select ${id}, case when g % 2 = 1 then 'user' else 'assistant' end,
      jsonb_build_array(jsonb_build_object('type', 'text', 'text', said.words))
    from unnest(${words}::text[]) with ordinality as said (words, g)`;
  return { id, words };
}

/** So many conversations, kept as the pattern keeps them too. */
async function talks(
  sql: postgres.Sql,
  chats: Chats,
  count: number,
  messages: number,
  length = USUAL,
): Promise<string[]> {
  const all = await Promise.all(Array.from({ length: count }, () => talk(sql, messages, length)));
  for (const { id, words } of all) await chats.seed?.(id, words);
  return all.map(({ id }) => id);
}

/** Turns a second of so many clients, which go around conversations of 100 messages, so that none grows much. */
async function measureTurns(
  url: string,
  setUp: postgres.Sql,
  pattern: Pattern,
  clients: number,
): Promise<number> {
  const chats = await pattern.open(url, clients);
  const ids = await talks(setUp, chats, clients * 16, 100);
  let done = 0;
  const ends = performance.now() + SECONDS * 1000;
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    for (let n = client; performance.now() < ends; n += clients) {
      await chats.turn(ids[n % ids.length] ?? "", speakOf(USUAL));
      done++;
    }
  }));
  await chats.close();
  return done / SECONDS;
}

/** The statements that each turn sends, counted as they are sent. */
async function countStatements(url: string, setUp: postgres.Sql): Promise<string> {
  const rows: string[][] = [];
  for (const pattern of patterns) {
    const chats = await pattern.open(url, 1);
    const [id = ""] = await talks(setUp, chats, 1, 2);
    const before = chats.statements();
    await chats.turn(id, speakOf(USUAL));
    rows.push([pattern.name, String(chats.statements() - before)]);
    await chats.close();
  }
  return ["### Statements of a turn, each a round trip", "", formatTable(["", "statements"], rows)]
    .join("\n");
}

/** Each pattern, measured the same way. */
function compareTurns(title: string, measure: (pattern: Pattern) => Promise<number>) {
  return compare(
    { title, unit: "turns/s", better: "more", baseline },
    patterns.map((pattern) => ({ name: pattern.name, measure: () => measure(pattern) })),
  );
}

/** What turns leave for each byte said: in tables and indexes, and in the write-ahead log on the way. */
interface Bytes {
  kept: number;
  logged: number;
}

/** From turn 90 to turn 110 of many conversations. */
async function measureBytes(
  url: string,
  sql: postgres.Sql,
  pattern: Pattern,
  length: Length,
): Promise<Bytes> {
  const chats = await pattern.open(url, 1);
  const ids = await talks(sql, chats, pattern.conversations, 180, length);
  const count = async (what: string) => {
    const [row] = await sql.unsafe<{ bytes: number }[]>(`select (${what})::float8 as bytes`);
    return row?.bytes ?? NaN;
  };
  const sizes = pattern.tables.map((table) => `pg_total_relation_size('${table}')`).join(" + ");
  const log = "pg_current_wal_lsn() - '0/0'";
  await sql.unsafe(`vacuum full ${pattern.tables.join(", ")}`);
  const [size, logged] = [await count(sizes), await count(log)];
  let said = 0;
  for (let n = 0; n < 20; n++) {
    for (const id of ids) {
      const words = speakOf(length);
      said += new TextEncoder().encode(words.question + words.answer).length;
      await chats.turn(id, words);
    }
  }
  const written = await count(log) - logged;
  await chats.close();
  await sql.unsafe(`vacuum full ${pattern.tables.join(", ")}`);
  return { kept: (await count(sizes) - size) / said, logged: written / said };
}

/** Bytes kept and logged, by how much is said in a turn. */
async function compareBytes(url: string, sql: postgres.Sql): Promise<string> {
  const lengths: Length[] = [1, 2, 4].map((times) => ({
    question: times * USUAL.question,
    answer: times * USUAL.answer,
  }));
  const kept: string[][] = [];
  const logged: string[][] = [];
  for (const pattern of patterns.filter(({ tables }) => tables.length > 0)) {
    const figures: Bytes[] = [];
    for (const length of lengths) figures.push(await measureBytes(url, sql, pattern, length));
    kept.push([`kept: ${pattern.name}`, ...figures.map(({ kept }) => formatFigure(kept))]);
    logged.push([`logged: ${pattern.name}`, ...figures.map(({ logged }) => formatFigure(logged))]);
  }
  return [
    "### Bytes for each byte said, around turn 100",
    "",
    "Kept in tables and indexes, ours with the record of each prompt; and written to the write-ahead log on the " +
    "way, with the broadcasts and what was recalled. By characters of the question and the answer, each from " +
    "half to one and a half times that.",
    "",
    formatTable(
      ["", ...lengths.map(({ question, answer }) => `${question} + ${answer}`)],
      [...kept, ...logged],
    ),
  ].join("\n");
}

/** The newest page of a conversation. */
async function measureLoading(sql: postgres.Sql, id: string): Promise<number> {
  let done = 0;
  const ends = performance.now() + SECONDS * 500;
  while (performance.now() < ends) {
    await sql`
      select p.* from public.conversations as c, public.conversation_path(c.active_message_id, 50) as p
      where c.id = ${id}`;
    done++;
  }
  return done / (SECONDS / 2);
}

/** A chat turn beside the usual patterns, what it leaves behind, and a page of a long conversation. */
export async function benchTurn(): Promise<string> {
  const database: BenchDatabase = await startBenchDatabase({ redis: "none" });
  const sql = postgres(database.url, { max: 8, onnotice: () => {} });
  try {
    await database.execute(`
      create schema bench;
      create table bench.messages (id uuid primary key default gen_random_uuid(), chat_id uuid not null,
        role text not null, parts jsonb not null,
        attachments jsonb not null default '[]', created_at timestamptz not null default clock_timestamp());
      create index on bench.messages (chat_id, created_at);
      create table bench.streams (id uuid primary key default gen_random_uuid(), chat_id uuid not null,
        created_at timestamptz not null default now());
      insert into public.memories (workspace_id, user_id, kind, category, content)
      select '${ACME}', '${JUAN}', case when g <= 5 then 'profile' else 'fact' end, 'knowledge',
        'Fact number ' || g || ' about invoices'
      from generate_series(1, 200) as g`);
    const near = await compareTurns(
      "A chat turn, conversations of 100 messages, 8 clients on the same machine",
      (pattern) => measureTurns(database.url, sql, pattern, 8),
    );
    const away = new URL(database.url);
    const distance = startDistance(Number(away.port), 1);
    away.port = String(distance.port);
    const far = await compareTurns(
      "The same, one client, each round trip 2 ms longer",
      (pattern) => measureTurns(away.href, sql, pattern, 1),
    );
    await distance.stop();
    const [short, long] = [(await talk(sql, 100)).id, (await talk(sql, 10_000)).id];
    await database.execute("vacuum analyze");
    const loading = await compare(
      { title: "The newest 50 messages", unit: "pages/s", better: "more", baseline: "of 100" },
      [
        { name: "of 100", measure: () => measureLoading(sql, short) },
        { name: "of 10,000", measure: () => measureLoading(sql, long) },
      ],
    );
    return [
      await countStatements(database.url, sql),
      formatComparison(near),
      formatComparison(far),
      formatComparison(loading),
      await compareBytes(database.url, sql),
    ].join("\n\n");
  } finally {
    await sql.end();
    await database.stop();
  }
}
