import postgres from "postgres";
import { type BenchDatabase, startBenchDatabase } from "./database.ts";
import { compare, formatComparison, formatFigure, formatTable } from "./measure.ts";

const ACME = "00000000-0000-4000-b000-000000000001";
const JUAN = "00000000-0000-4000-a000-000000000003";
/** What is said in a turn: a short question and an answer of a few sentences. */
const QUESTION = "What about the invoices of March, and who still has to sign them? ".repeat(3);
const ANSWER = "Two of them wait for Ben, the others were signed and paid last week. ".repeat(12);
const SECONDS = 4;
const CLIENTS = 8;

/** A conversation of so many messages, and the same in tables of the usual form. */
async function talk(sql: postgres.Sql, messages: number): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id) values (${ACME}, ${JUAN}) returning id`;
  const id = row?.id ?? "";
  const ids = Array.from({ length: messages }, () => crypto.randomUUID());
  await sql`
    insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, content_for_llm)
    select said.id, ${ACME}, ${id}, ${JUAN}, lag(said.id) over (order by g), case when g % 2 = 1 then 'user' else 'assistant' end,
      jsonb_build_array(jsonb_build_object('type', 'text', 'text', case when g % 2 = 1 then ${QUESTION}::text else ${ANSWER}::text end)),
      case when g % 2 = 0 then 'Two wait for Ben.' end
    from unnest(${ids}::uuid[]) with ordinality as said (id, g)`;
  await sql`
    update public.conversations set active_message_id = ${ids.at(-1) ?? null} where id = ${id}`;
  await sql`
    insert into bench.messages (chat_id, role, parts)
    select ${id}, case when g % 2 = 1 then 'user' else 'assistant' end,
      jsonb_build_array(jsonb_build_object('type', 'text', 'text', case when g % 2 = 1 then ${QUESTION}::text else ${ANSWER}::text end))
    from generate_series(1, ${messages}::integer) as g`;
  return id;
}

const text = (said: string) => [{ type: "text", text: said }];

/** One turn: what is asked is stored, the prompt is made, the answer is stored. */
type Turn = (sql: postgres.Sql, conversation: string) => Promise<number>;

const turns: Record<string, Turn> = {
  async "Groundwork: 3 statements"(sql, conversation) {
    await sql`select id from public.add_message(${conversation}, ${sql.json(text(QUESTION))})`;
    await sql`select public.assemble_context(${conversation}, 8000) as prompt`;
    await sql`
      select id from public.add_message(${conversation}, ${
      sql.json(text(ANSWER))
    }, 'assistant', content_for_llm => 'Two wait for Ben.')`;
    return 3;
  },
  // Chat, all of its messages, the question, the stream, the answer: as chat templates do.
  async "five statements, all messages"(sql, conversation) {
    await sql`select * from public.conversations where id = ${conversation}`;
    await sql`select * from bench.messages where chat_id = ${conversation} order by created_at`;
    await sql`insert into bench.messages (chat_id, role, parts) values (${conversation}, 'user', ${
      sql.json(text(QUESTION))
    })`;
    await sql`insert into bench.streams (chat_id) values (${conversation})`;
    await sql`insert into bench.messages (chat_id, role, parts) values (${conversation}, 'assistant', ${
      sql.json(text(ANSWER))
    })`;
    return 5;
  },
  // A read for each thing that goes into the prompt, of the same tables as ours.
  async "a read for each part"(sql, conversation) {
    const [chat] = await sql`select * from public.conversations where id = ${conversation}`;
    await sql`select id from public.add_message(${conversation}, ${sql.json(text(QUESTION))})`;
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
      select id from public.add_message(${conversation}, ${sql.json(text(ANSWER))}, 'assistant')`;
    return 10;
  },
};

/** Turns a second of clients that each have a conversation of 100 messages. */
async function measureTurns(url: string, setUp: postgres.Sql, turn: Turn): Promise<number> {
  const ids = await Promise.all(Array.from({ length: CLIENTS }, () => talk(setUp, 100)));
  const sql = postgres(url, { max: CLIENTS, onnotice: () => {} });
  let done = 0;
  const ends = performance.now() + SECONDS * 1000;
  await Promise.all(ids.map(async (id) => {
    while (performance.now() < ends) {
      await turn(sql, id);
      done++;
    }
  }));
  await sql.end();
  return done / SECONDS;
}

/** Bytes in tables and indexes for each byte said, from turn 90 to turn 110 of many conversations. */
async function measureBytes(sql: postgres.Sql, turn: Turn, tables: string[]): Promise<number> {
  const ids = await Promise.all(Array.from({ length: 50 }, () => talk(sql, 180)));
  await sql.unsafe(`vacuum full ${tables.join(", ")}`);
  const size = async () => {
    const [row] = await sql<{ bytes: number }[]>`
      select sum(pg_total_relation_size(t::regclass))::float8 as bytes from unnest(${tables}::text[]) as t`;
    return row?.bytes ?? NaN;
  };
  const before = await size();
  for (let n = 0; n < 20; n++) for (const id of ids) await turn(sql, id);
  await sql.unsafe(`vacuum full ${tables.join(", ")}`);
  return (await size() - before) / (20 * ids.length * (QUESTION.length + ANSWER.length));
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
    const compared = await compare(
      {
        title: "A chat turn, conversations of 100 messages",
        unit: "turns/s",
        better: "more",
        baseline: "five statements, all messages",
      },
      Object.entries(turns).map(([name, turn]) => ({
        name,
        measure: () => measureTurns(database.url, sql, turn),
      })),
    );
    const [short, long] = [await talk(sql, 100), await talk(sql, 10_000)];
    await database.execute("vacuum analyze");
    const loading = await compare(
      { title: "The newest 50 messages", unit: "pages/s", better: "more", baseline: "of 100" },
      [
        { name: "of 100", measure: () => measureLoading(sql, short) },
        { name: "of 10,000", measure: () => measureLoading(sql, long) },
      ],
    );
    const ours = turns["Groundwork: 3 statements"];
    const usual = turns["five statements, all messages"];
    const bytes = [
      [
        "Groundwork, with the record of each prompt",
        ours && await measureBytes(sql, ours, ["public.messages", "public.context_records"]),
      ],
      [
        "five statements",
        usual && await measureBytes(sql, usual, ["bench.messages", "bench.streams"]),
      ],
    ] as const;
    return [
      formatComparison(compared),
      formatComparison(loading),
      [
        "### Bytes kept for each byte said, around turn 100",
        "",
        `Tables and indexes, a question of ${QUESTION.length} and an answer of ${ANSWER.length} characters.`,
        "",
        formatTable(
          ["", "bytes per byte"],
          bytes.map(([name, figure]) => [name, formatFigure(figure ?? NaN)]),
        ),
      ].join("\n"),
    ].join("\n\n");
  } finally {
    await sql.end();
    await database.stop();
  }
}
