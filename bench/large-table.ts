import postgres from "postgres";
import { startBenchDatabase } from "./database.ts";
import { formatFigure, formatTable, median } from "./measure.ts";

/** How many messages there are in turn; BENCH_ROWS sets others, e.g. `100000,1000000,10000000`. */
const SIZES = (Deno.env.get("BENCH_ROWS") ?? "100000,1000000").split(",").map(Number);
/** Messages of each conversation, and workspaces over which the conversations are spread. */
const EACH = 50;
const WORKSPACES = 1000;
const ROUNDS = 5;

const id = (kind: string, n: string) =>
  `('00000000-0000-4000-${kind}-' || lpad((${n})::text, 12, '0'))::uuid`;
const messageId = (n: string, k: string) => `md5(${n} || ' ' || ${k})::uuid`;

const PEOPLE = `
  insert into auth.users (id, email, email_confirmed_at, confirmation_sent_at)
  select ${id("aa00", "n")}, 'p' || n || '@rows.example', now(), now()
  from generate_series(1, ${WORKSPACES}) as n;
  insert into public.workspaces (id, name, slug)
  select ${id("be00", "n")}, 'w' || n, 'rows-' || n from generate_series(1, ${WORKSPACES}) as n;
  insert into public.members (workspace_id, user_id, role)
  select ${id("be00", "n")}, ${
  id("aa00", "n")
}, 'owner' from generate_series(1, ${WORKSPACES}) as n;`;

/**
 * Adds the conversations `from` to `to`, each with its messages, in the order in which they would have been said: those
 * of one conversation are far apart. Without triggers and checks, which would take most of the time.
 */
const addConversations = (from: number, to: number) => `
  set session_replication_role = replica;
  insert into public.conversations (id, workspace_id, user_id, active_message_id)
  select ${id("ce00", "n")}, ${id("be00", `n % ${WORKSPACES} + 1`)}, ${
  id("aa00", `n % ${WORKSPACES} + 1`)
}, ${messageId("n", String(EACH))} from generate_series(${from}, ${to}) as n;
  insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, token_count)
  select ${messageId("n", "k")}, ${id("be00", `n % ${WORKSPACES} + 1`)}, ${id("ce00", "n")}, ${
  id("aa00", `n % ${WORKSPACES} + 1`)
}, case when k > 1 then ${
  messageId("n", "k - 1")
} end, case k % 2 when 1 then 'user' else 'assistant' end,
    jsonb_build_array(jsonb_build_object('type', 'text', 'text',
      'Message ' || k || ' of ' || n || ', some words long.')),
    12
  from generate_series(1, ${EACH}) as k, generate_series(${from}, ${to}) as n;
  set session_replication_role = origin;`;

/**
 * What one large table costs while it grows: its bytes, a vacuum, an index, and what a person asks of it. Seconds, and
 * milliseconds as medians of five.
 */
export async function benchLargeTable(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  const sql = postgres(database.url, { max: 1, onnotice: () => {}, prepare: false });
  const figures = new Map<string, number[]>();
  const note = (name: string, figure: number) => {
    figures.set(name, [...figures.get(name) ?? [], figure]);
    console.error(`bench: ${name}: ${formatFigure(figure)}`);
  };
  const seconds = async (statement: string) => {
    const begun = performance.now();
    await sql.unsafe(statement);
    return (performance.now() - begun) / 1000;
  };
  /** As a person of the API, who asks about one of their conversations. */
  const asked = async (question: (conversation: number) => string, count: number) => {
    const taken: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const conversation = 1 + Math.floor(count * (round + 0.5) / (ROUNDS + 1));
      await sql.unsafe("begin");
      await sql.unsafe(`set local role authenticated; select set_config('request.jwt.claims',
        json_build_object('sub', ${
        id("aa00", `${conversation} % ${WORKSPACES} + 1`)
      }, 'role', 'authenticated')::text, true)`);
      const begun = performance.now();
      const rows = await sql.unsafe(question(conversation));
      if (rows.length === 0) throw new Error(`nothing was answered: ${question(conversation)}`);
      if (round > 0) taken.push(performance.now() - begun);
      await sql.unsafe("rollback");
    }
    return median(taken);
  };
  try {
    await sql.unsafe("update cron.job set active = false");
    await sql.unsafe(PEOPLE);
    // Checking what is made here would take most of the time.
    await sql.unsafe(
      `alter domain private.message_parts drop constraint parts_are_objects_with_a_type;
      alter domain private.message_parts drop constraint parts_are_at_most_a_mebibyte`,
    );
    let have = 0;
    for (const size of SIZES) {
      const count = Math.floor(size / EACH);
      let loading = 0;
      const added = (count - have) * EACH;
      for (; have < count; have = Math.min(count, have + 20_000)) {
        loading += await seconds(addConversations(have + 1, Math.min(count, have + 20_000)));
        console.error(`bench: ${Math.min(count, have + 20_000) * EACH} messages`);
      }
      note("rows a second, loaded without triggers and checks", added / loading);
      note("first vacuum, s", await seconds("vacuum (analyze, freeze) public.messages"));
      await sql.unsafe("vacuum analyze");
      const [bytes] = await sql<{ heap: number; indexes: number }[]>`
        select pg_table_size('public.messages')::float8 as heap, pg_indexes_size('public.messages')::float8 as indexes`;
      note("bytes a row, table", bytes!.heap / (count * EACH));
      note("bytes a row, its indexes", bytes!.indexes / (count * EACH));
      note(
        "an index on three columns, s",
        await seconds(
          "create index bench_again on public.messages (conversation_id, workspace_id, user_id)",
        ),
      );
      await sql.unsafe("drop index public.bench_again");
      // A hundredth of the rows is dead, spread over the whole table; what changes is in no index.
      await sql.unsafe(`set session_replication_role = replica;
        update public.messages set token_count = 13 where hashtext(id::text) % 100 = 0;
        set session_replication_role = origin`);
      note("vacuum of 1 % dead rows, s", await seconds("vacuum public.messages"));
      note("vacuum with nothing to do, s", await seconds("vacuum public.messages"));
      note(
        "page of a conversation, ms",
        await asked(
          (n) => `select id from public.conversation_path(${messageId(`${n}`, `${EACH}`)})`,
          count,
        ),
      );
      note(
        "a message said, ms",
        await asked(
          (n) =>
            `select id from public.add_message(${
              id("ce00", `${n}`)
            }, '[{"type": "text", "text": "Once more."}]')`,
          count,
        ),
      );
    }
    return report(figures);
  } finally {
    await sql.end();
    await database.stop();
  }
}

function report(figures: Map<string, number[]>): string {
  return [
    formatTable(
      ["messages", ...SIZES.map((size) => size.toLocaleString("en-US"))],
      [...figures].map(([name, values]) => [name, ...values.map(formatFigure)]),
    ),
    "",
    `Load of the machine at the end: ${
      Deno.loadavg().map((load) => load.toFixed(1)).join(", ")
    }, on ${navigator.hardwareConcurrency} cores.`,
  ].join("\n");
}
