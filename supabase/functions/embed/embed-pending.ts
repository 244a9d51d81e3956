import { z } from "zod";
import type { Service } from "../_shared/access/authentication.ts";
import type { Database } from "../_shared/database.ts";
import { type Embedder, RefusedTexts } from "../_shared/embedding/embedder.ts";
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

/** So many refusals in a batch are the model's and not those of a few texts: the rest waits. */
const mostRefusals = 12;

/** What became of a batch: the jobs with their vectors, and those without, with the reason. */
interface Embedded {
  done: { id: number; vector: number[] | null }[];
  failed: { id: number; message: string }[];
}

/** Embeds what it can: where the model refuses some, each half is asked for alone, down to the text that it refuses. */
async function embedJobs(embedder: Embedder, batch: Job[]): Promise<Embedded> {
  const told: Embedded = { done: [], failed: [] };
  const waiting = [batch];
  for (let refusals = 0, jobs = waiting.pop(); jobs; jobs = waiting.pop()) {
    const texts = jobs.flatMap(({ content }) => content === null ? [] : [content]);
    try {
      const vectors = (texts.length > 0 ? await embedder.embed(texts) : []).values();
      for (const { id, content } of jobs) {
        told.done.push({ id, vector: content === null ? null : vectors.next().value ?? null });
      }
    } catch (error) {
      const { message, cause } = toApiError(error);
      const isDivided = error instanceof RefusedTexts && jobs.length > 1;
      if (isDivided && ++refusals <= mostRefusals) {
        const half = Math.ceil(jobs.length / 2);
        waiting.push(jobs.slice(half), jobs.slice(0, half));
        continue;
      }
      log("warning", message, { cause, jobs: jobs.length });
      told.failed.push(...jobs.map(({ id }) => ({ id, message })));
      // Away, it is not asked for the rest.
      if (!(error instanceof RefusedTexts)) {
        told.failed.push(...waiting.flat().map(({ id }) => ({ id, message })));
        break;
      }
    }
  }
  return told;
}

async function store(
  database: Database,
  model: string,
  token: string | null,
  done: Embedded["done"],
) {
  const results = done.map(({ id, vector }) => ({
    id,
    embedding: vector && JSON.stringify(vector),
  }));
  const [stored] = await database.run(
    (sql) =>
      sql<{ stored: number; stale: number }[]>`
      select stored, stale from private.store_embeddings(
        ${token}, ${model}, ${sql.json(results as unknown as Json)})`,
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
  const token = jobs[0]?.claim_token ?? null;
  const { done, failed } = await embedJobs(embedder, jobs);
  for (const [message, these] of Map.groupBy(failed, ({ message }) => message)) {
    const ids = these.map(({ id }) => id);
    await database.run((sql) =>
      sql`select private.fail_work(
        'embedding_jobs', ${token},
        array(select jsonb_array_elements_text(${sql.json(ids)})::bigint), ${message})`
    );
  }
  tally.failed += failed.length;
  if (done.length === 0) return false;
  const { stored, stale } = await store(database, embedder.model, token, done);
  tally.embedded += stored;
  tally.stale += stale;
  return jobs.length === batch;
}

/**
 * `POST /embed`: claims jobs by the work grammar, embeds, and writes where the content is still the
 * same, batch after batch, for some seconds. A text that the model refuses fails alone. Answers how
 * many texts were embedded, how many were not needed any more, and how many failed: those are tried
 * again later, as failed work is.
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
