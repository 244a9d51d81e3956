/**
 * Messages by meaning: what storing a message costs without this feature, in a workspace that did not choose it, and in
 * one that did; and what a search costs by the number of a person's vectors, beside 100,000 vectors of others.
 */
import postgres from "postgres";
import { startBenchDatabase } from "./database.ts";
import { compare, formatComparison, formatFigure, formatTable, median, ROUNDS } from "./measure.ts";

const MESSAGES = 300;
const SIZES = [1000, 5000, 20_000];
const OTHERS = 100_000;
const id = (kind: string, n: number) => `00000000-0000-4000-${kind}-${String(n).padStart(12, "0")}`;
const WORDS = "the invoice of the second quarter was paid late because the bank had a holiday ";

const SET_UP = `
  insert into auth.users (id, email)
    select ('00000000-0000-4000-a0fe-' || lpad(n::text, 12, '0'))::uuid, 'm' || n || '@example.com'
    from generate_series(0, 9) as n;
  insert into public.workspaces (id, name, slug, billing_plan, embeds_messages)
    select ('00000000-0000-4000-b0fe-' || lpad(n::text, 12, '0'))::uuid, 'W', 'meaning-' || n, 'business', n <> 1
    from generate_series(0, 9) as n;
  insert into public.members (workspace_id, user_id, role)
    select ('00000000-0000-4000-b0fe-' || lpad(n::text, 12, '0'))::uuid,
      ('00000000-0000-4000-a0fe-' || lpad(n::text, 12, '0'))::uuid, 'owner'
    from generate_series(0, 9) as n;
  insert into public.workspace_limits (workspace_id, name, value)
    select w.id, 'messages_a_day', 1000000000 from public.workspaces as w where w.slug ~ '^meaning-';`;

/** A person with so many messages and vectors of random directions. */
const fill = (n: number, size: number) => `
  set session_replication_role = replica;
  insert into public.conversations (id, workspace_id, user_id) values ('${id("c0fe", n)}', '${
  id("b0fe", n)
}', '${id("a0fe", n)}');
  insert into public.messages (id, workspace_id, conversation_id, user_id, role, parts, token_count)
  select md5('${n} ' || g)::uuid, '${id("b0fe", n)}', '${id("c0fe", n)}', '${
  id("a0fe", n)
}', 'user',
    jsonb_build_array(jsonb_build_object('type', 'text', 'text', '${WORDS}' || g)), 20
  from generate_series(1, ${size}) as g;
  insert into private.message_texts (id, workspace_id, conversation_id, user_id, said_at, language, content_tsv)
  select m.id, m.workspace_id, m.conversation_id, m.user_id, m.created_at, 'english',
    private.words('english', private.text_of_parts(m.parts))
  from public.messages as m where m.conversation_id = '${id("c0fe", n)}';
  insert into private.message_vectors (message_id, passage, workspace_id, conversation_id, user_id, said_at,
    content_hash, is_queued, embedding, embedding_model)
  select t.id, 0, t.workspace_id, t.conversation_id, t.user_id, t.said_at, repeat('a', 64), true,
    (select array_agg(random() - 0.5)::extensions.vector from generate_series(1, 384) where t.id is not null),
    'bench'
  from private.message_texts as t where t.conversation_id = '${id("c0fe", n)}';
  set session_replication_role = origin;`;

async function storing(url: string, execute: (sql: string) => Promise<unknown>): Promise<string> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const store = async (n: number) => {
    const [talk] = await sql<{ id: string }[]>`
      insert into public.conversations (workspace_id, user_id)
      values (${id("b0fe", n)}, ${id("a0fe", n)}) returning id`;
    const begun = performance.now();
    for (let said = 0; said < MESSAGES; said++) {
      await sql`select from public.add_message(${talk!.id}, ${
        sql.json([{ type: "text", text: WORDS.repeat(6) + said }])
      }, 'user')`;
    }
    return (performance.now() - begun) / MESSAGES;
  };
  const result = await compare({
    title: `Storing a message of ${WORDS.length * 6} characters`,
    unit: "ms",
    better: "less",
    baseline: "without the feature",
  }, [
    {
      name: "without the feature",
      async measure() {
        await execute("alter table public.messages disable trigger list_new_passages");
        const figure = await store(1);
        await execute("alter table public.messages enable trigger list_new_passages");
        return figure;
      },
    },
    { name: "by words (the default)", measure: () => store(1) },
    { name: "by words and meaning", measure: () => store(2) },
  ], Math.max(ROUNDS, 9));
  await sql.end();
  return formatComparison(result);
}

async function searching(url: string, execute: (sql: string) => Promise<unknown>): Promise<string> {
  await execute(fill(9, OTHERS));
  for (const [n, size] of SIZES.entries()) await execute(fill(n + 3, size));
  await execute("vacuum analyze private.message_vectors, private.message_texts, public.messages");
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  const rows: string[][] = [];
  for (const [n, size] of SIZES.entries()) {
    const times: Record<string, number[]> = { words: [], meaning: [] };
    for (let round = 0; round < 20; round++) {
      for (const how of ["words", "meaning"]) {
        const vector = how === "meaning"
          ? JSON.stringify(Array.from({ length: 384 }, () => Math.random() - 0.5))
          : null;
        const begun = performance.now();
        await sql.begin(async (transaction) => {
          await transaction.unsafe(`set local role authenticated;
            set local request.jwt.claims = '{"sub":"${
            id("a0fe", n + 3)
          }","role":"authenticated"}'`);
          const found = await transaction`
            select message_id from public.search_messages(${`holiday ${1 + round}`},
              query_embedding => ${vector}::text::extensions.halfvec, embedding_model => 'bench')`;
          if (found.length !== 10) throw new Error(`${found.length} found`);
        });
        times[how]!.push(performance.now() - begun);
      }
    }
    rows.push([
      size.toLocaleString("en-US"),
      `${formatFigure(median(times.words!))} ms`,
      `${formatFigure(median(times.meaning!))} ms`,
    ]);
  }
  const [size] = await sql<{ bytes: number }[]>`
    select (pg_total_relation_size('private.message_vectors') / count(*))::integer as bytes
    from private.message_vectors`;
  await sql.end();
  return [
    `### Searching, beside ${OTHERS.toLocaleString("en-US")} vectors of another person`,
    "",
    formatTable(["messages of the person", "by words", "by words and meaning"], rows),
    "",
    `A vector takes ${size!.bytes} bytes with its indexes.`,
  ].join("\n");
}

export async function benchMeaning(): Promise<string> {
  const { url, execute, stop } = await startBenchDatabase({ redis: "none" });
  try {
    await execute(SET_UP);
    const stored = await storing(url, execute);
    return `${stored}\n\n${await searching(url, execute)}`;
  } finally {
    await stop();
  }
}
