/** pgflow, whose queue is pgmq: each job is a flow of one step, so that what is compared is a step's way through it. */
import postgres from "postgres";
import { CHUNK, installPgmq, type QueueUnderTest } from "./queue-clients.ts";

/** Its migrations, as the package has them. */
const MIGRATIONS = new URL(
  "./pgflow/node_modules/@pgflow/core/dist/supabase/migrations/",
  import.meta.url,
);

async function install(sql: postgres.Sql): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(MIGRATIONS))).map(({ name }) => name);
  for (const name of names.toSorted()) {
    const text = await Deno.readTextFile(new URL(name, MIGRATIONS));
    // pgmq is there, but not as an extension: no package of this Postgres has it.
    const without = text.replace(/^CREATE EXTENSION IF NOT EXISTS "pgmq".*$/m, "");
    await sql.unsafe(without).simple();
  }
}

/**
 * Read, started and completed in hundreds. Its worker completes a task at a time, here all of a batch in one statement.
 */
export function pgflow(url: string, batch: number, workers: number): QueueUnderTest {
  const sql = postgres(url, { max: workers, onnotice: () => {} });
  return {
    name: `pgflow, batches of ${batch}`,
    async setUp() {
      await installPgmq(sql);
      await install(sql);
      await sql`select pgflow.create_flow('bench')`;
      await sql`select pgflow.add_step('bench', 'count')`;
    },
    async clear() {
      await sql`truncate pgflow.runs, pgflow.step_states, pgflow.step_tasks, realtime.messages cascade`;
      await sql`select pgmq.purge_queue('bench')`;
    },
    async fill(jobs) {
      for (let left = jobs; left > 0; left -= CHUNK) {
        await sql`
          select count(*) from generate_series(1, ${Math.min(left, CHUNK)}::integer) as n
          cross join lateral pgflow.start_flow('bench', jsonb_build_object('n', n))`;
      }
    },
    async work(isOver, onDone) {
      const [worker] = await sql<{ id: string }[]>`
        insert into pgflow.workers (worker_id, queue_name, function_name)
        values (gen_random_uuid(), 'bench', 'bench') returning worker_id as id`;
      const loop = async () => {
        while (!isOver()) {
          const read = await sql<{ msg_id: string }[]>`
            select msg_id from pgmq.read_with_poll('bench', 30, ${batch}, 1, 5)`;
          if (read.length === 0) continue;
          const messages = read.map(({ msg_id }) => msg_id);
          const done = await sql`
            with started as materialized (
              select run_id, step_slug, task_index, input
              from pgflow.start_tasks('bench', ${messages}::bigint[], ${worker!.id}::uuid)
            )
            select run_id, step_slug, task_index, input from started`;
          await sql`
            select count(completed) from jsonb_to_recordset(${sql.json(done as never)})
              as task (run_id uuid, step_slug text, task_index integer)
            cross join lateral pgflow.complete_task(task.run_id, task.step_slug, task.task_index, '{}')
              as completed`;
          onDone(done.length);
        }
      };
      await Promise.all(Array.from({ length: workers }, loop));
    },
    close: () => sql.end(),
  };
}
