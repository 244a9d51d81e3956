/** The queues that are compared: how each is set up, filled and worked off, with the same handler. */
import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { PgBoss } from "pg-boss";
import postgres from "postgres";

/** One queue under test. Jobs do nothing but count: what is measured is the queue. */
export interface QueueUnderTest {
  name: string;
  /** Makes its tables, once. */
  setUp: () => Promise<void>;
  /** Removes all jobs. */
  clear: () => Promise<void>;
  /** Adds this many jobs in one go. */
  fill: (jobs: number) => Promise<void>;
  /** Works until `isOver()`; calls `onDone` with the number of jobs just acknowledged as done. */
  work: (isOver: () => boolean, onDone: (jobs: number) => void) => Promise<void>;
  close: () => Promise<void>;
}

/** Jobs in one statement of `fill`; a year's worth in one would be another benchmark. */
export const CHUNK = 10_000;

/** Groundwork's grammar over plain connections, in batches of a size. */
export function groundwork(url: string, batch: number, workers: number): QueueUnderTest {
  const sql = postgres(url, { max: workers + 1, onnotice: () => {} });
  return {
    name: `Groundwork, batches of ${batch}`,
    async setUp() {
      await sql`
        create table if not exists public.bench_jobs
          (like private.work_item including all, payload jsonb not null default '{}')`;
      // As a migration's tables are: the grammar works as their owner.
      await sql`alter table public.bench_jobs owner to postgres`;
      await sql`
        select private.register_work_queue('public.bench_jobs')
        where not exists (select from private.work_queues where name = 'bench_jobs')`;
    },
    async clear() {
      await sql`truncate public.bench_jobs`;
      await sql`delete from private.work_lanes where queue = 'bench_jobs'`;
    },
    async fill(jobs) {
      for (let left = jobs; left > 0; left -= CHUNK) {
        await sql`
          insert into public.bench_jobs (workspace_id, payload)
          select '00000000-0000-4000-b000-000000000001', '{"n": 1}' from generate_series(1, ${
          Math.min(left, CHUNK)
        }::integer)`;
      }
    },
    async work(isOver, onDone) {
      const worker = async (name: string) => {
        while (!isOver()) {
          const rows = await sql<{ id: string; claim_token: string; work: unknown }[]>`
            select id, claim_token, work from private.claim_work('bench_jobs', ${name}, ${batch})`;
          if (!rows[0]) await pause();
          else {
            const ids = rows.map(({ id }) => id);
            await sql`
              select private.complete_work('bench_jobs', ${rows[0].claim_token}, ${ids}::bigint[])`;
            onDone(ids.length);
          }
        }
      };
      await Promise.all(Array.from({ length: workers }, (_, n) => worker(`worker ${n}`)));
    },
    close: () => sql.end(),
  };
}

/** How its documentation says to make it fast: a local queue of 500 and completion in batches. */
const TUNED = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

/** graphile-worker, as it comes or tuned. */
export function graphile(url: string, tuned: boolean): QueueUnderTest {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  return {
    name: `graphile-worker, ${tuned ? "tuned" : "default"}`,
    async setUp() {
      const worker = await makeWorkerUtils({ connectionString: url });
      await worker.migrate();
      await worker.release();
    },
    async clear() {
      await sql`truncate graphile_worker._private_jobs`;
    },
    async fill(jobs) {
      for (let left = jobs; left > 0; left -= CHUNK) {
        await sql`
          select count(*) from graphile_worker.add_jobs(array(
            select json_populate_record(null::graphile_worker.job_spec, '{"identifier": "count", "payload": {"n": 1}}')
            from generate_series(1, ${Math.min(left, CHUNK)}::integer)))`;
      }
    },
    async work(isOver, onDone) {
      const runner = await run({
        connectionString: url,
        noHandleSignals: true,
        logger: new Logger(() => () => {}),
        taskList: { count: () => onDone(1) },
        preset: {
          worker: {
            maxPoolSize: 20,
            concurrentJobs: tuned ? 100 : 24,
            ...(tuned ? TUNED : {}),
          },
        },
      });
      while (!isOver()) await pause();
      await runner.stop();
    },
    close: () => sql.end(),
  };
}

/** pg-boss, fetched and completed in hundreds. */
export function pgBoss(url: string, batch: number, workers: number): QueueUnderTest {
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false, max: 10 });
  boss.on("error", (error) => console.error(`pg-boss: ${error.message}`));
  return {
    name: `pg-boss, batches of ${batch}`,
    async setUp() {
      await boss.start();
      await boss.createQueue("count");
    },
    async clear() {
      await boss.deleteAllJobs("count");
    },
    async fill(jobs) {
      for (let left = jobs; left > 0; left -= CHUNK) {
        await boss.insert(
          "count",
          Array.from({ length: Math.min(left, CHUNK) }, () => ({ data: { n: 1 } })),
        );
      }
    },
    async work(isOver, onDone) {
      const worker = async () => {
        while (!isOver()) {
          const jobs = await boss.fetch("count", { batchSize: batch });
          if (jobs.length === 0) await pause();
          else {
            await boss.complete("count", jobs.map(({ id }) => id));
            onDone(jobs.length);
          }
        }
      };
      await Promise.all(Array.from({ length: workers }, worker));
    },
    close: () => boss.stop({ graceful: false }),
  };
}

/**
 * Queues that are SQL and come by no package registry: the variable names the file that installs each
 * (pgmq: pgmq-extension/sql/pgmq.sql; Absurd: sql/absurd.sql of their repositories).
 */
export const SQL_FILES = { pgmq: "BENCH_PGMQ_SQL", absurd: "BENCH_ABSURD_SQL" } as const;

async function installFrom(sql: postgres.Sql, variable: string): Promise<void> {
  const file = Deno.env.get(variable);
  if (!file) throw new Error(`${variable} names no file`);
  await sql.unsafe(await Deno.readTextFile(file)).simple();
}

/** pgmq, once. */
export async function installPgmq(sql: postgres.Sql): Promise<void> {
  const [found] = await sql`select from pg_catalog.pg_namespace where nspname = 'pgmq'`;
  if (!found) await installFrom(sql, SQL_FILES.pgmq);
}

/** pgmq, read and deleted in hundreds. */
export function pgmq(url: string, batch: number, workers: number): QueueUnderTest {
  const sql = postgres(url, { max: workers, onnotice: () => {} });
  return {
    name: `pgmq, batches of ${batch}`,
    async setUp() {
      await installPgmq(sql);
      await sql`select pgmq.create('plain')`;
    },
    async clear() {
      await sql`select pgmq.purge_queue('plain')`;
    },
    async fill(jobs) {
      for (let left = jobs; left > 0; left -= CHUNK) {
        await sql`
          select count(*) from pgmq.send_batch('plain', array(
            select '{"n": 1}'::jsonb from generate_series(1, ${Math.min(left, CHUNK)}::integer)))`;
      }
    },
    async work(isOver, onDone) {
      const worker = async () => {
        while (!isOver()) {
          const rows = await sql<{ msg_id: string; message: unknown }[]>`
            select msg_id, message from pgmq.read('plain', 30, ${batch})`;
          if (rows.length === 0) await pause();
          else {
            const ids = rows.map(({ msg_id }) => msg_id);
            await sql`select pgmq.delete('plain', ${ids}::bigint[])`;
            onDone(ids.length);
          }
        }
      };
      await Promise.all(Array.from({ length: workers }, worker));
    },
    close: () => sql.end(),
  };
}

/** Absurd, claimed in hundreds; it completes a run at a time, here all of a batch in one statement. */
export function absurd(url: string, batch: number, workers: number): QueueUnderTest {
  const sql = postgres(url, { max: workers, onnotice: () => {} });
  return {
    name: `Absurd, batches of ${batch}`,
    async setUp() {
      await installFrom(sql, SQL_FILES.absurd);
      await sql`select absurd.create_queue('bench')`;
    },
    async clear() {
      await sql`select absurd.drop_queue('bench')`;
      await sql`select absurd.create_queue('bench')`;
    },
    async fill(jobs) {
      for (let left = jobs; left > 0; left -= CHUNK) {
        await sql`
          select count(*) from generate_series(1, ${Math.min(left, CHUNK)}::integer) as n
          cross join lateral absurd.spawn_task('bench', 'count', jsonb_build_object('n', n))`;
      }
    },
    async work(isOver, onDone) {
      const worker = async (name: string) => {
        while (!isOver()) {
          const rows = await sql<{ run_id: string; params: unknown }[]>`
            select run_id, params from absurd.claim_task('bench', ${name}, 30, ${batch})`;
          if (rows.length === 0) await pause();
          else {
            const ids = rows.map(({ run_id }) => run_id);
            await sql`
              select count(absurd.complete_run('bench', run_id)) from unnest(${ids}::uuid[]) as run_id`;
            onDone(ids.length);
          }
        }
      };
      await Promise.all(Array.from({ length: workers }, (_, n) => worker(`worker ${n}`)));
    },
    close: () => sql.end(),
  };
}

/** Until what was not there is looked for again. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
