/** How chats are kept: what a client does for one turn, in Groundwork and as others do it. */
import postgres from "postgres";

/** The workspace and the person of the seed whose chats these are. */
export const ACME = "00000000-0000-4000-b000-000000000001";
export const JUAN = "00000000-0000-4000-a000-000000000003";

/** What is said in a turn. */
export interface Said {
  question: string;
  answer: string;
}

/** Clients that share so many connections. */
export interface Chats {
  /** What was said before, question and answer by turns, where the pattern keeps it in a form of its own. */
  seed?(conversation: string, words: string[]): Promise<void>;
  /** What is asked is stored, the prompt is made, the answer is stored. */
  turn(conversation: string, said: Said): Promise<void>;
  /** Statements sent so far. */
  statements(): number;
  close(): Promise<void>;
}

export interface Pattern {
  name: string;
  /** Where it keeps what was said; empty: where Groundwork does. */
  tables: string[];
  /** How many conversations are enough to weigh what a turn leaves. */
  conversations: number;
  open(url: string, connections: number): Promise<Chats>;
}

const text = (said: string) => [{ type: "text", text: said }];

function byStatements(
  pattern: Omit<Pattern, "open" | "conversations">,
  turn: (sql: postgres.Sql, conversation: string, said: Said) => Promise<void>,
): Pattern {
  return {
    ...pattern,
    conversations: 50,
    async open(url, connections) {
      let sent = 0;
      const sql = postgres(url, { max: connections, onnotice: () => {}, debug: () => sent++ });
      await sql`select 1`; // the first one is followed by a look at the types
      return {
        turn: (conversation, said) => turn(sql, conversation, said),
        statements: () => sent,
        close: () => sql.end(),
      };
    },
  };
}

const groundwork = byStatements({
  name: "Groundwork",
  tables: ["public.messages", "public.context_profiles", "public.context_records"],
}, async (sql, conversation, { question, answer }) => {
  await sql`select id from public.add_message(${conversation}, ${sql.json(text(question))})`;
  await sql`select public.assemble_context(${conversation}, 8000) as prompt`;
  await sql`
    select id from public.add_message(${conversation}, ${sql.json(text(answer))}, 'assistant',
      content_for_llm => ${answer.slice(0, answer.length / 10)})`;
});

/** Chat, all of its messages, the question, the stream, the answer: as chat templates do. */
const template = byStatements({
  name: "all messages, nothing recalled",
  tables: ["bench.messages", "bench.streams"],
}, async (sql, conversation, { question, answer }) => {
  await sql`select * from public.conversations where id = ${conversation}`;
  await sql`select * from bench.messages where chat_id = ${conversation} order by created_at`;
  await sql`
    insert into bench.messages (chat_id, role, parts) values (${conversation}, 'user', ${
    sql.json(text(question))
  })`;
  await sql`insert into bench.streams (chat_id) values (${conversation})`;
  await sql`
    insert into bench.messages (chat_id, role, parts) values (${conversation}, 'assistant', ${
    sql.json(text(answer))
  })`;
});

/** A read for each thing that goes into the prompt, of the same tables as ours. */
const reads = byStatements({
  name: "a read for each part",
  tables: [],
}, async (sql, conversation, { question, answer }) => {
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
});

/** A graph of one node with its Postgres saver: the state, all messages, is stored anew by each step. */
const langGraph: Pattern = {
  name: "LangGraph, Postgres saver",
  tables: ["checkpoints", "checkpoint_blobs", "checkpoint_writes"].map((t) => `langgraph.${t}`),
  conversations: 5,
  async open(url, connections) {
    // Not by its name in the code: type checks do without what the benchmark alone installs.
    const { openThreads } = await import(new URL("./langgraph/threads.mjs", import.meta.url).href);
    return await openThreads(url, connections);
  },
};

export const patterns: Pattern[] = [groundwork, template, reads, langGraph];
/** What the others are divided by. */
export const baseline = template.name;
