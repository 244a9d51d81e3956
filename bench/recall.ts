/**
 * Document search and recall by the size of the tenant: time and recall@10 of reading all (exact), of
 * a plain HNSW scan, of an iterative one, and of what Groundwork does, which chooses by size.
 *
 * Vectors are synthetic and clustered, as embeddings are: each tenant knows some topics and its
 * texts lie around them. BENCH_SIZES (comma separated) sets the tenants' sizes.
 */
import postgres from "postgres";
import { startBenchDatabase } from "./database.ts";
import { formatFigure, formatTable, median, ROUNDS } from "./measure.ts";

const SIZES = (Deno.env.get("BENCH_SIZES") ?? "100,1000,5000,20000,50000,100000").split(",").map(
  Number,
);
const SEED = Number(Deno.env.get("BENCH_SEED") ?? 20261122);
/** Questions for each size; the same for all variants. */
const QUESTIONS = 40;
const workspaceOf = (size: number) => `00000000-0000-4000-bf00-${String(size).padStart(12, "0")}`;
const PERSON = "00000000-0000-4000-a000-00000000be4d";

/**
 * A tenant's chunks: one topic for every 100 of them, texts at some distance around each. A tenth of
 * the topics are known to all tenants, so that the neighbours of a vector are not all one's own.
 */
const SET_UP = `
  create schema bench;
  create function bench.noise(seed bigint) returns double precision language sql immutable
  as $$ select (hashint8extended(seed, ${SEED}) & 2147483647)::double precision / 1073741824 - 1 $$;
  create function bench.vector(topic bigint, text bigint, spread double precision) returns extensions.halfvec
    language sql immutable
  as $$ select array_agg((bench.noise(topic * 1000 + d) + spread * bench.noise(-(text * 1000 + d)))::real order by d)
    ::extensions.vector(384)::extensions.halfvec(384)
    from generate_series(1, 384) as d $$;
  insert into auth.users (id, email) values ('${PERSON}', 'recall@example.com');
  alter table public.document_chunks disable trigger user;
  alter table public.documents disable trigger user;
  alter table public.memories disable trigger user;
  drop index public.document_chunks_embedding;`;

const fill = (size: number) => `
  insert into public.workspaces (id, name, slug) values ('${
  workspaceOf(size)
}', 'W', 'recall-${size}');
  insert into public.members (workspace_id, user_id, role) values ('${
  workspaceOf(size)
}', '${PERSON}', 'member');
  insert into public.documents (id, workspace_id, path, name, source_type)
  select md5('${size} ' || n)::uuid, '${
  workspaceOf(size)
}', ('folder' || n % 10 || '.d' || n)::extensions.ltree, 'd' || n, 'imported'
  from generate_series(0, ${Math.ceil(size / 20)} - 1) as n;
  insert into public.document_chunks (workspace_id, document_id, ordinal, content, token_count, embedding,
    embedding_model)
  select '${
  workspaceOf(size)
}', md5('${size} ' || n / 20)::uuid, n % 20, repeat('word ' || n % 997 || ' ', 60), 120,
    bench.vector(case when n % 10 = 0 then n % 7 else ${size} + n / 100 end, ${size}::bigint * 1000000 + n, 0.8),
    'bench'
  from generate_series(0, ${size} - 1) as n;
  insert into public.memories (workspace_id, user_id, content, embedding, embedding_model)
  select c.workspace_id, '${PERSON}', 'memory ' || c.id, c.embedding, 'bench' from public.document_chunks as c
  where c.workspace_id = '${workspaceOf(size)}' and ${size} <= 5000;`;

type Sql = postgres.Sql;
interface Variant {
  name: string;
  search(sql: Sql, workspace: string, question: string): Promise<string[]>;
}

const nearest = (workspace: string, order: string) => `
  select id from public.document_chunks
  where workspace_id = '${workspace}' and embedding_model = 'bench' order by ${order} limit 10`;

/** By the index alone: what is not the tenant's is thrown away after the scan. */
const byIndex = (name: string, settings: string): Variant => ({
  name,
  async search(sql, workspace, question) {
    const rows = await sql.begin(async (transaction) => {
      await transaction.unsafe(
        `set local enable_sort = off; set local enable_seqscan = off; set local hnsw.ef_search = 120; ${settings}`,
      ).simple();
      return await transaction.unsafe(
        nearest(workspace, `embedding operator(extensions.<=>) '${question}'::extensions.halfvec`),
      );
    });
    return rows.map(({ id }) => id);
  },
});

const EXACT: Variant = {
  name: "exact",
  async search(sql, workspace, question) {
    const rows = await sql.unsafe(
      nearest(
        workspace,
        `(embedding operator(extensions.<=>) '${question}'::extensions.halfvec) + 0, id`,
      ),
    );
    return rows.map(({ id }) => id);
  },
};

const VARIANTS: Variant[] = [
  EXACT,
  byIndex("plain HNSW", "set local hnsw.iterative_scan = off"),
  byIndex(
    "iterative HNSW",
    "set local hnsw.iterative_scan = relaxed_order; set local hnsw.max_scan_tuples = 200000; " +
      "set local hnsw.scan_mem_multiplier = 2",
  ),
  {
    name: "Groundwork",
    async search(sql, workspace, question) {
      const rows = await sql.unsafe(`
        select id
        from private.nearest_chunks(array['${workspace}']::uuid[], array['${workspace}']::uuid[], null, null, null,
          null,
          '${question}', 'bench', 10)`);
      return rows.map(({ id }) => id);
    },
  },
  {
    name: "Groundwork, as a person in a folder",
    async search(sql, workspace, question) {
      const rows = await sql.begin(async (transaction) => {
        await transaction.unsafe(
          `set local role authenticated; set local request.jwt.claims = '{"sub":"${PERSON}","role":"authenticated"}'`,
        ).simple();
        return await transaction.unsafe(
          `select chunk_id as id
            from public.search_documents('${workspace}', null, '${question}', 'bench', 'folder3', match_count => 10)`,
        );
      });
      return rows.map(({ id }) => id);
    },
  },
];

interface Figures {
  milliseconds: number;
  recall: number;
}

async function questionsOf(sql: Sql, workspace: string): Promise<string[]> {
  const rows = await sql.unsafe(`
    select bench.vector(abs(hashtext('t' || n)) % 7 + case when n % 4 = 0 then 0 else
      (select count(*) from public.document_chunks where workspace_id = '${workspace}') + n end, -n,
        0.8)::text as question
    from generate_series(1, ${QUESTIONS}) as n`);
  return rows.map(({ question }) => question);
}

async function truths(sql: Sql, workspace: string, questions: string[], folder: boolean) {
  const found: Set<string>[] = [];
  for (const question of questions) {
    const rows = await sql.unsafe(`
      select c.id from public.document_chunks as c ${
      folder
        ? "join public.documents as d on d.id = c.document_id and d.path operator(extensions.<@) 'folder3'"
        : ""
    } where c.workspace_id = '${workspace}'
      order by (c.embedding operator(extensions.<=>) '${question}'::extensions.halfvec) + 0, c.id limit 10`);
    found.push(new Set(rows.map(({ id }) => id)));
  }
  return found;
}

async function measure(
  sql: Sql,
  variant: Variant,
  workspace: string,
  questions: string[],
  truth: Set<string>[],
): Promise<Figures> {
  const times: number[] = [];
  let hits = 0;
  let wanted = 0;
  for (const [place, question] of questions.entries()) {
    const began = performance.now();
    const ids = await variant.search(sql, workspace, question);
    times.push(performance.now() - began);
    wanted += truth[place]?.size ?? 0;
    hits += ids.filter((id) => truth[place]?.has(id)).length;
  }
  return { milliseconds: median(times), recall: hits / wanted };
}

/** Document search and recall, by tenant size. */
export async function benchRecall(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  const sql = postgres(database.url, { max: 1, onnotice: () => {}, prepare: false });
  try {
    await database.execute(SET_UP);
    for (const size of SIZES) await database.execute(fill(size));
    await database.execute(
      "set maintenance_work_mem = '1GB'; create index document_chunks_embedding on public.document_chunks " +
        "using hnsw (embedding extensions.halfvec_cosine_ops)",
    );
    await database.execute("vacuum analyze");
    const rows: string[][] = [];
    for (const size of SIZES) {
      const workspace = workspaceOf(size);
      const questions = await questionsOf(sql, workspace);
      const whole = await truths(sql, workspace, questions, false);
      const folder = await truths(sql, workspace, questions, true);
      const figures = new Map<string, Figures[]>();
      for (let round = 0; round <= ROUNDS; round++) {
        for (const variant of VARIANTS) {
          const truth = variant.name.includes("folder") ? folder : whole;
          const figure = await measure(sql, variant, workspace, questions, truth);
          if (round > 0) figures.set(variant.name, [...figures.get(variant.name) ?? [], figure]);
        }
      }
      for (const [name, measured] of figures) {
        rows.push([
          size.toLocaleString("en-US"),
          name,
          formatFigure(median(measured.map(({ milliseconds }) => milliseconds))),
          median(measured.map(({ recall }) => recall)).toFixed(3),
        ]);
      }
    }
    const memories = await measureMemories(sql);
    return `### Nearest 10 of a tenant's chunks, all tenants in one index\n\n` +
      `Seed ${SEED}; ${QUESTIONS} questions, ${ROUNDS} rounds.\n\n${
        formatTable(["chunks of the tenant", "variant", "median ms", "recall@10"], rows)
      }\n\n### \`recall\` of a person's memories, words and meaning\n\n${memories}`;
  } finally {
    await sql.end();
    await database.stop();
  }
}

async function measureMemories(sql: Sql): Promise<string> {
  const rows: string[][] = [];
  for (const size of SIZES.filter((size) => size <= 5000)) {
    const workspace = workspaceOf(size);
    const times: number[] = [];
    for (const question of await questionsOf(sql, workspace)) {
      const began = performance.now();
      await sql.unsafe(
        `select id
          from private.recall('${workspace}', 'memory', '${question}', 'bench', null, null, null, 10, '${PERSON}')`,
      );
      times.push(performance.now() - began);
    }
    rows.push([size.toLocaleString("en-US"), formatFigure(median(times)), "1 (exact)"]);
  }
  return formatTable(["memories of the person", "median ms", "recall@10"], rows);
}
