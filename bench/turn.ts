import postgres from "postgres";
import { type BenchDatabase, startBenchDatabase } from "./database.ts";
import { startDistance } from "./distance.ts";
import { compare, formatComparison, formatFigure, formatTable } from "./measure.ts";

const ACME = "00000000-0000-4000-b000-000000000001";
const JUAN = "00000000-0000-4000-a000-000000000003";
/** Characters said in a turn, on average. */
interface Length {
  question: number;
  answer: number;
}
const USUAL: Length = { question: 200, answer: 830 };
/** What is said in a turn. */
type Said = Record<keyof Length, string>;
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

/** A conversation of so many messages, and the same in tables of the usual form. */
async function talk(sql: postgres.Sql, messages: number, length = USUAL): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${ACME}, ${JUAN}) returning id`;
  const id = row?.id ?? "";
  const ids = Array.from({ length: messages }, () => crypto.randomUUID());
  const words = ids.map((_, n) => speakOf(length)[n % 2 === 0 ? "question" : "answer"]);
  await sql`
    insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, content_for_llm)
    select said.id, ${ACME}, ${id}, ${JUAN}, lag(said.id) over (order by g), case when g % 2 = 1 then 'user' else 'assistant' end,
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
  return id;
}

const text = (said: string) => [{ type: "text", text: said }];

/** One turn: what is asked is stored, the prompt is made, the answer is stored. */
type Turn = (sql: postgres.Sql, conversation: string, said: Said) => Promise<void>;

const ours = "Groundwork";
const usual = "all messages, nothing recalled";
const turns: Record<string, Turn> = {
  async [ours](sql, conversation, { question, answer }) {
    await sql`select id from public.add_message(${conversation}, ${sql.json(text(question))})`;
    await sql`select public.assemble_context(${conversation}, 8000) as prompt`;
    await sql`
      select id from public.add_message(${conversation}, ${
      sql.json(text(answer))
    }, 'assistant', content_for_llm => ${answer.slice(0, answer.length / 10)})`;
  },
  // Chat, all of its messages, the question, the stream, the answer: as chat templates do.
  async [usual](sql, conversation, { question, answer }) {
    await sql`select * from public.conversations where id = ${conversation}`;
    await sql`select * from bench.messages where chat_id = ${conversation} order by created_at`;
    await sql`insert into bench.messages (chat_id, role, parts) values (${conversation}, 'user', ${
      sql.json(text(question))
    })`;
    await sql`insert into bench.streams (chat_id) values (${conversation})`;
    await sql`insert into bench.messages (chat_id, role, parts) values (${conversation}, 'assistant', ${
      sql.json(text(answer))
    })`;
  },
  // A read for each thing that goes into the prompt, of the same tables as ours.
  async "a read for each part"(sql, conversation, { question, answer }) {
    const [chat] = await sql`select * from public.conversations where id = ${conversation}`;
    await sql`select id from public.add_message(${conversation}, ${sql.json(text(question))})`;
    await sql`select * from public.profiles where user_id = ${chat?.user_id}`;
    await sql`select * from public.members where workspace_id = ${ACME} and user_id = ${chat?.user_id}`;
    await sql`select * from public.agents where workspace_id = ${ACME}`;
    await sql`
      select content from public.memories
      where workspace_id = ${ACME} and user_id = ${chat?.user_id} and kind = 'profile' and valid_to is null`;
    await sql`
      select id, role, parts, content_for_llm
      from public.messages where conversation_id = ${conversation} order by created_at desc limit 50`;
    await sql`
      select content from public.memories
      where workspace_id = ${ACME} and user_id = ${chat?.user_id} and kind = 'fact' and valid_to is null
        and content_tsv @@ plainto_tsquery('simple', 'invoices') limit 10`;
    await sql`select * from public.app_settings where workspace_id = ${ACME}`;
    await sql`
      select id from public.add_message(${conversation}, ${sql.json(text(answer))}, 'assistant')`;
  },
};

/** Turns a second of so many clients, which go around conversations of 100 messages, so that none grows much. */
async function measureTurns(
  url: string,
  setUp: postgres.Sql,
  turn: Turn,
  clients: number,
): Promise<number> {
  const ids = await Promise.all(Array.from({ length: clients * 16 }, () => talk(setUp, 100)));
  const sql = postgres(url, { max: clients, onnotice: () => {} });
  let done = 0;
  const ends = performance.now() + SECONDS * 1000;
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    for (let n = client; performance.now() < ends; n += clients) {
      await turn(sql, ids[n % ids.length] ?? "", speakOf(USUAL));
      done++;
    }
  }));
  await sql.end();
  return done / SECONDS;
}

/** The statements that each turn sends, counted as they are sent. */
async function countStatements(url: string, setUp: postgres.Sql): Promise<string> {
  const rows: string[][] = [];
  for (const [name, turn] of Object.entries(turns)) {
    let sent = 0;
    const sql = postgres(url, { max: 1, onnotice: () => {}, debug: () => sent++ });
    await sql`select 1`; // the first one is followed by a look at the types
    const id = await talk(setUp, 2);
    sent = 0;
    await turn(sql, id, speakOf(USUAL));
    rows.push([name, String(sent)]);
    await sql.end();
  }
  return ["### Statements of a turn, each a round trip", "", formatTable(["", "statements"], rows)]
    .join("\n");
}

/** Each turn, measured the same way. */
function compareTurns(title: string, measure: (turn: Turn) => Promise<number>) {
  return compare(
    { title, unit: "turns/s", better: "more", baseline: usual },
    Object.entries(turns).map(([name, turn]) => ({ name, measure: () => measure(turn) })),
  );
}

/** What turns leave for each byte said: in tables and indexes, and in the write-ahead log on the way. */
interface Bytes {
  kept: number;
  logged: number;
}

/** From turn 90 to turn 110 of many conversations. */
async function measureBytes(
  sql: postgres.Sql,
  turn: Turn,
  tables: string[],
  length: Length,
): Promise<Bytes> {
  const ids = await Promise.all(Array.from({ length: 50 }, () => talk(sql, 180, length)));
  const count = async (what: string) => {
    const [row] = await sql.unsafe<{ bytes: number }[]>(`select (${what})::float8 as bytes`);
    return row?.bytes ?? NaN;
  };
  const sizes = tables.map((table) => `pg_total_relation_size('${table}')`).join(" + ");
  const log = "pg_current_wal_lsn() - '0/0'";
  await sql.unsafe(`vacuum full ${tables.join(", ")}`);
  const [size, logged] = [await count(sizes), await count(log)];
  let said = 0;
  for (let n = 0; n < 20; n++) {
    for (const id of ids) {
      const words = speakOf(length);
      said += new TextEncoder().encode(words.question + words.answer).length;
      await turn(sql, id, words);
    }
  }
  const written = await count(log) - logged;
  await sql.unsafe(`vacuum full ${tables.join(", ")}`);
  return { kept: (await count(sizes) - size) / said, logged: written / said };
}

/** Bytes kept and logged, by how much is said in a turn. */
async function compareBytes(sql: postgres.Sql): Promise<string> {
  const lengths: Length[] = [1, 2, 4].map((times) => ({
    question: times * USUAL.question,
    answer: times * USUAL.answer,
  }));
  const kept: string[][] = [];
  const logged: string[][] = [];
  for (
    const [name, turn, tables] of [
      [ours, turns[ours], ["messages", "context_profiles", "context_records"]],
      [usual, turns[usual], ["bench.messages", "bench.streams"]],
    ] as const
  ) {
    if (!turn) continue;
    const figures: Bytes[] = [];
    for (const length of lengths) {
      figures.push(await measureBytes(sql, turn, [...tables], length));
    }
    kept.push([`kept: ${name}`, ...figures.map(({ kept }) => formatFigure(kept))]);
    logged.push([`logged: ${name}`, ...figures.map(({ logged }) => formatFigure(logged))]);
  }
  return [
    "### Bytes for each byte said, around turn 100",
    "",
    "Kept in tables and indexes, ours with the record of each prompt; and written to the write-ahead log on the way, with the broadcasts and what was recalled. By characters of the question and the answer, each from half to one and a half times that.",
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
      select p.* from public.conversations as c, public.conversation_path(c.active_message_id, 50) as p where c.id = ${id}`;
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
      create table bench.messages (id uuid primary key default gen_random_uuid(), chat_id uuid not null, role text not null, parts jsonb not null,
        attachments jsonb not null default '[]', created_at timestamptz not null default clock_timestamp());
      create index on bench.messages (chat_id, created_at);
      create table bench.streams (id uuid primary key default gen_random_uuid(), chat_id uuid not null, created_at timestamptz not null default now());
      insert into public.memories (workspace_id, user_id, kind, category, content)
      select '${ACME}', '${JUAN}', case when g <= 5 then 'profile' else 'fact' end, 'knowledge', 'Fact number ' || g || ' about invoices'
      from generate_series(1, 200) as g`);
    const near = await compareTurns(
      "A chat turn, conversations of 100 messages, 8 clients on the same machine",
      (turn) => measureTurns(database.url, sql, turn, 8),
    );
    const away = new URL(database.url);
    const distance = startDistance(Number(away.port), 1);
    away.port = String(distance.port);
    const far = await compareTurns(
      "The same, one client, each round trip 2 ms longer",
      (turn) => measureTurns(away.href, sql, turn, 1),
    );
    await distance.stop();
    const [short, long] = [await talk(sql, 100), await talk(sql, 10_000)];
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
      await compareBytes(sql),
    ].join("\n\n");
  } finally {
    await sql.end();
    await database.stop();
  }
}
