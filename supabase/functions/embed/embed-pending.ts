import { z } from "zod";
import type { Service } from "../_shared/access/authentication.ts";
import type { Database } from "../_shared/database.ts";
import type { Embedder } from "../_shared/embedding/embedder.ts";
import { toApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody } from "../_shared/input.ts";
import { log } from "../_shared/log.ts";
import type { Json } from "../_shared/scratchpad/scratchpad.ts";

const body = z.strictObject({ batch: z.int().min(1).max(256).default(32) });

/** Milliseconds after which no further batch is begun: the database waits 10 s for the answer. */
const enough = 6000;
/** Writing vectors into the index takes some milliseconds each. */
const patience = { query: 15_000 };

interface Job {
  id: number;
  claim_token: string;
  content: string | null;
}

interface Tally {
  embedded: number;
  stale: number;
  failed: number;
}

async function store(database: Database, model: string, jobs: Job[], vectors: number[][]) {
  const waiting = vectors.values();
  const results = jobs.map(({ id, content }) => ({
    id,
    embedding: content === null ? null : JSON.stringify(waiting.next().value),
  }));
  const [stored] = await database.run(
    (sql) =>
      sql<{ stored: number; stale: number }[]>`
      select stored, stale from private.store_embeddings(
        ${jobs[0]?.claim_token ?? null}, ${model}, ${sql.json(results as unknown as Json)})`,
    patience,
  );
  return stored ?? { stored: 0, stale: 0 };
}

/** One batch; false when there was nothing more to do, or the embedder is away. */
async function workOff(
  { database, embedder }: { database: Database; embedder: Embedder },
  worker: string,
  batch: number,
  tally: Tally,
): Promise<boolean> {
  const jobs = await database.run((sql) =>
    sql<Job[]>`
      select id, claim_token, content
      from private.take_embedding_jobs(${worker}, ${embedder.model}, ${batch})`
  );
  if (jobs.length === 0) return false;
  const texts = jobs.flatMap(({ content }) => content === null ? [] : [content]);
  let vectors: number[][];
  try {
    vectors = texts.length > 0 ? await embedder.embed(texts) : [];
  } catch (error) {
    const { message, cause } = toApiError(error);
    log("warning", message, { cause, jobs: jobs.length });
    const ids = jobs.map(({ id }) => id);
    await database.run((sql) =>
      sql`select private.fail_work(
        'embedding_jobs', ${jobs[0]?.claim_token ?? null},
        array(select jsonb_array_elements_text(${sql.json(ids)})::bigint), ${message})`
    );
    tally.failed += jobs.length;
    return false;
  }
  const { stored, stale } = await store(database, embedder.model, jobs, vectors);
  tally.embedded += stored;
  tally.stale += stale;
  return jobs.length === batch;
}

/**
 * `POST /embed`: claims jobs by the work grammar, embeds, and writes where the content is still the
 * same, batch after batch, for some seconds. Answers how many texts were embedded, how many were
 * not needed any more, and how many failed: those are tried again later, as failed work is.
 */
export async function embedPending(context: RequestContext, _: Service): Promise<Response> {
  const { batch } = await readBody(context.req.raw, body);
  const worker = `embed ${crypto.randomUUID().slice(0, 8)}`;
  const tally: Tally = { embedded: 0, stale: 0, failed: 0 };
  const until = performance.now() + enough;
  while (await workOff(context.env, worker, batch, tally) && performance.now() < until);
  return answer({ model: context.env.embedder.model, ...tally });
}
takes(embedPending, { body });
