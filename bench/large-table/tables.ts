/** The tables that grow for ever: how they are filled, and what is asked of them. */

/** Workspaces over which all rows are spread, each with one owner. */
export const WORKSPACES = 100;
/** Messages of each conversation. */
const SAID = 50;
/** Chunks of each document. */
const CHUNKS = 20;

/** A question, by the number of a row that is there. */
export interface Question {
  name: string;
  as: "person" | "service";
  /** Whose workspace it is about, and the statement. */
  ask: (row: number) => { workspace: number; sql: string };
}

/** One table, and what its figures need. */
export interface LargeTable {
  name: string;
  /** How many rows for one that is asked for. */
  share: number;
  before?: string;
  /** Adds the rows `from` to `to`, without triggers, which would take most of the time. */
  add: (from: number, to: number) => string;
  indexes: { words: string; make: string; drop: string }[];
  /** What dies, of a hundredth of the rows. */
  dies: string;
  questions: Question[];
}

export const id = (kind: string, n: string | number) =>
  `('00000000-0000-4000-${kind}-' || lpad((${n})::text, 12, '0'))::uuid`;
const messageId = (conversation: string | number, k: string | number) =>
  `md5(${conversation} || ' ' || ${k})::uuid`;
const onThree = (table: string, columns: string) => ({
  words: "on three columns",
  make: `create index bench_again on public.${table} (${columns})`,
  drop: "drop index public.bench_again",
});
const workspaceOf = (n: string) => `${n} % ${WORKSPACES} + 1`;

/** A row of a log: its month by its number, so that all months are alike, its workspace by a hash. */
const logged = (from: number, to: number, months: number) => `
  select n, ${id("be00", workspaceOf("(hashint8(n) & 1073741823)"))} as workspace_id,
    ${id("aa00", workspaceOf("(hashint8(n) & 1073741823)"))} as user_id,
    (date_trunc('month', now() at time zone 'utc') - make_interval(months => (n % ${months})::int)
      + make_interval(days => (n / ${months} % 28)::int))::date as day
  from generate_series(${from}::bigint, ${to}) as n order by day`;
const firstOfMonth = (back: number) =>
  new Date(new Date().setUTCMonth(new Date().getUTCMonth() - back, 1)).toISOString().slice(0, 10);
// As a client says it: days that are known when the question is planned.
const lastMonth = `occurred_on >= '${firstOfMonth(1)}' and occurred_on < '${firstOfMonth(0)}'`;
/** A question about the workspace of a row, of which each has so many after one another. */
const inOwn =
  (write: (workspaceId: string, row: number) => string, each = 1): Question["ask"] => (row) => {
    const workspace = 1 + Math.ceil(row / each) % WORKSPACES;
    return { workspace, sql: write(id("be00", workspace), row) };
  };

const messages: LargeTable = {
  name: "messages",
  share: 1,
  // Checking what is made here would take most of the time.
  before: `alter domain private.message_parts drop constraint parts_are_objects_with_a_type;
    alter domain private.message_parts drop constraint parts_are_at_most_a_mebibyte`,
  // In the order in which they would have been said: those of one conversation are far apart.
  add: (from, to) => `
    insert into public.conversations (id, workspace_id, user_id, active_message_id)
    select ${id("ce00", "n")}, ${id("be00", workspaceOf("n"))}, ${id("aa00", workspaceOf("n"))},
      ${messageId("n", SAID)} from generate_series(${(from - 1) / SAID + 1}, ${to / SAID}) as n;
    insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, token_count)
    select ${messageId("n", "k")}, ${id("be00", workspaceOf("n"))}, ${id("ce00", "n")},
      ${id("aa00", workspaceOf("n"))}, case when k > 1 then ${messageId("n", "k - 1")} end,
      case k % 2 when 1 then 'user' else 'assistant' end,
      jsonb_build_array(jsonb_build_object('type', 'text', 'text',
        'Message ' || k || ' of ' || n || ', some words long.')), 12
    from generate_series(1, ${SAID}) as k, generate_series(${(from - 1) / SAID + 1}, ${
    to / SAID
  }) as n`,
  indexes: [onThree("messages", "conversation_id, workspace_id, user_id")],
  dies: "update public.messages set token_count = 13 where hashtext(id::text) % 100 = 0",
  questions: [
    {
      name: "page of a conversation, ms",
      as: "person",
      ask(row) {
        const n = Math.ceil(row / SAID);
        const sql = `select id from public.conversation_path(${messageId(n, SAID)})`;
        return { workspace: n % WORKSPACES + 1, sql };
      },
    },
    {
      name: "a message said, ms",
      as: "person",
      ask(row) {
        const n = Math.ceil(row / SAID);
        const sql = `select id from public.add_message(${
          id("ce00", n)
        }, '[{"type": "text", "text": "Once more."}]')`;
        return { workspace: n % WORKSPACES + 1, sql };
      },
    },
  ],
};

/** Adds these chunks of documents. */
const chunk = (documents: string, first: number, last: number) => `
  insert into public.document_chunks (workspace_id, document_id, ordinal, token_count, embedding_model, embedding,
    content, content_tsv, content_hash)
  select ${id("be00", workspaceOf("n"))}, ${id("de00", "n")}, k, 120, 'bench',
    topic.v operator(extensions.+) text.v, text.content, text.terms, repeat('0', 64)
  from generate_series(${first}, ${last}) as k cross join ${documents} as document (n)
  join bench.texts as topic on topic.place = n % 1000
  join bench.texts as text on text.place = 1000 + (hashint8(n * ${CHUNKS} + k) & 1073741823) % 5000`;

const chunks: LargeTable = {
  name: "document_chunks",
  // Their index of vectors takes a millisecond a row to build, on one core.
  share: 0.1,
  // Each is one of 5,000 texts, with the vector of one of 1,000 topics and the text's difference from it. Making search
  // terms of a text takes a millisecond: it is done once for each.
  before: `create schema bench;
    create table bench.texts as
    select place, array_agg(random()::real - 0.5)::extensions.vector::extensions.halfvec(384) as v,
      string_agg('w' || (hashint8(place * 80 + k) & 16383), ' ') filter (where k <= 60) as content
    from generate_series(0::bigint, 5999) as place, generate_series(1, 384) as k group by place;
    alter table bench.texts alter v set storage plain, add column terms tsvector, add primary key (place);
    update bench.texts set terms = private.words('simple', content);
    analyze bench.texts;
    grant usage on schema bench to authenticated, service_role;
    grant select on bench.texts to authenticated, service_role;
    alter table public.document_chunks alter content_tsv drop expression, alter content_hash drop expression;
    drop index public.document_chunks_embedding, public.document_chunks_content_tsv;
    set maintenance_work_mem = '3GB'; set max_parallel_maintenance_workers = 0`,
  add: (from, to) => `
    insert into public.documents (id, workspace_id, path, name, source_type)
    select ${id("de00", "n")}, ${
    id("be00", workspaceOf("n"))
  }, ('d' || n)::extensions.ltree, 'd' || n, 'imported'
    from generate_series(${(from - 1) / CHUNKS + 1}, ${to / CHUNKS}) as n;
    ${chunk(`generate_series(${(from - 1) / CHUNKS + 1}, ${to / CHUNKS})`, 0, CHUNKS - 1)}`,
  indexes: [
    {
      words: "of vectors (HNSW)",
      make: `create index document_chunks_embedding on public.document_chunks
        using hnsw (embedding extensions.halfvec_cosine_ops)`,
      drop: "drop index public.document_chunks_embedding",
    },
    {
      words: "of words (GIN)",
      make:
        "create index document_chunks_content_tsv on public.document_chunks using gin (content_tsv)",
      drop: "drop index public.document_chunks_content_tsv",
    },
  ],
  dies: "update public.document_chunks set token_count = 121 where hashtext(id::text) % 100 = 0",
  questions: [
    {
      name: "search of a workspace's documents by a vector, ms",
      as: "person",
      ask: inOwn(
        (workspace, row) =>
          `select document_id from public.search_documents(${workspace}, null, (select v from bench.texts
            where place = ${row % 6000}), 'bench')`,
        CHUNKS,
      ),
    },
    {
      name: "search by two words, ms",
      as: "person",
      ask: inOwn(
        (workspace, row) =>
          `select count(*) from public.search_documents(${workspace}, (select substring(content from '^w\\d+ w\\d+')
            from bench.texts where place = ${1000 + row % 5000}))`,
        CHUNKS,
      ),
    },
    {
      name: "a passage with its vector added, ms",
      as: "service",
      ask(row) {
        const n = Math.ceil(row / CHUNKS);
        return { workspace: n % WORKSPACES + 1, sql: chunk(`(values (${n}))`, CHUNKS, CHUNKS) };
      },
    },
  ],
};

const audit: LargeTable = {
  name: "audit_log",
  share: 1,
  add: (from, to) => `
    insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail, occurred_at,
      occurred_on)
    select workspace_id, user_id, 'report.read', 'report', md5(n::text)::uuid, '{"page": 7, "of": "the report"}',
      day, day
    from (${logged(from, to, 84)}) as entry`,
  indexes: [onThree("audit_log", "workspace_id, actor_id, occurred_at")],
  dies: "update public.audit_log set detail = '{}' where id % 100 = 0",
  questions: [
    {
      name: "newest 50 entries of a workspace, ms",
      as: "person",
      ask: inOwn((workspace) =>
        `select id, action, detail from public.audit_log where workspace_id = ${workspace}
          order by id desc limit 50`
      ),
    },
    {
      name: "the same of one month, ms",
      as: "person",
      ask: inOwn((workspace) =>
        `select id, action, detail from public.audit_log
          where workspace_id = ${workspace} and ${lastMonth} order by id desc limit 50`
      ),
    },
    {
      name: "an entry written, ms",
      as: "service",
      ask: inOwn((workspace) => `select public.log_audit(${workspace}, 'report.read')`),
    },
  ],
};

const billing: LargeTable = {
  name: "billing_events",
  share: 1,
  add: (from, to) => `
    insert into public.billing_events (workspace_id, kind, quantity, unit, amount_minor, user_id, request_id,
      occurred_at, occurred_on)
    select workspace_id, 'tokens', n % 5000, 'token', n % 7, user_id, 'request ' || n, day, day
    from (${logged(from, to, 84)}) as event`,
  indexes: [onThree("billing_events", "workspace_id, user_id, occurred_at")],
  dies: "update public.billing_events set user_id = null where id % 100 = 0",
  questions: [
    {
      name: "sum of a workspace's month, ms",
      as: "person",
      ask: inOwn((workspace) =>
        `select kind, sum(quantity) from public.billing_events
          where workspace_id = ${workspace} and ${lastMonth} group by kind`
      ),
    },
    {
      name: "an event recorded, ms",
      as: "service",
      ask: inOwn((workspace) => `select public.record_usage(${workspace}, 'tokens', 7, 'token')`),
    },
  ],
};

const analytics: LargeTable = {
  name: "analytics_events",
  share: 1,
  add: (from, to) => `
    insert into public.analytics_events (workspace_id, user_id, name, properties, occurred_at, occurred_on)
    select workspace_id, user_id, 'report.opened', '{"page": 7, "of": "the report"}', day, day
    from (${logged(from, to, 14)}) as event`,
  indexes: [onThree("analytics_events", "workspace_id, user_id, occurred_at")],
  dies: "update public.analytics_events set user_id = null, properties = '{}' where id % 100 = 0",
  questions: [
    {
      name: "count of a workspace's month by name, ms",
      as: "person",
      ask: inOwn((workspace) =>
        `select name, count(*) from public.analytics_events
          where workspace_id = ${workspace} and ${lastMonth} group by name`
      ),
    },
    {
      name: "an event reported, ms",
      as: "person",
      ask: inOwn((workspace) =>
        `insert into public.analytics_events (workspace_id, name)
          values (${workspace}, 'report.opened')`
      ),
    },
  ],
};

export const TABLES = [messages, chunks, audit, billing, analytics];
