/** Queues of a test's own: a work table with a title and an outcome, gone when the test ends. */
import type postgres from "postgres";

type Connection = postgres.Sql<{ bigint: number }>;

/** How a queue differs from the plainest one. */
export interface QueueOptions {
  maxInProgress?: number;
  /** More columns or constraints of its table, in SQL. */
  more?: string;
}

/** Makes a queue and returns its name. */
export async function createQueue(sql: Connection, options: QueueOptions = {}): Promise<string> {
  const queue = `tests_${crypto.randomUUID().slice(0, 8)}`;
  await sql.unsafe(`
    create table public.${queue} (
      like private.work_item including all, title text, outcome text ${options.more ?? ""}
    );
    select private.register_work_queue('public.${queue}', ${
    options.maxInProgress ?? null
  }, array['outcome'])`);
  return queue;
}

/** Takes a queue away. */
export async function dropQueue(sql: Connection, queue: string): Promise<void> {
  await sql.unsafe(`
    drop table public.${queue};
    delete from private.work_queues where name = '${queue}';
    drop function private.claim_${queue}(text, uuid, interval, integer, integer, uuid[], integer)`);
}

/** Makes a queue, lends it, and takes it away however the body ends. */
export async function withQueue<T>(
  sql: Connection,
  body: (queue: string) => Promise<T>,
  options: QueueOptions = {},
): Promise<T> {
  const queue = await createQueue(sql, options);
  try {
    return await body(queue);
  } finally {
    await dropQueue(sql, queue);
  }
}
