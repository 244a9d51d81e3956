/** Connections of a move, as the owner `postgres` on both sides. */
import postgres from "postgres";

/** One side of a move. */
export interface Side {
  sql: postgres.Sql;
  url: string;
}

/** Something that a person must change before the move can go on. */
export class MoveError extends Error {
  override name = "MoveError";
  constructor(public readonly code: string, message: string) {
    super(`${code}: ${message}`);
  }
}

/** Connects to a side. Numbers beyond 2^53 do not occur in what is read here; rows are copied as text. */
export function connectSide(url: string): Side {
  const sql = postgres(url, {
    max: 6,
    prepare: false,
    onnotice: () => {},
    connect_timeout: 10,
    connection: { application_name: "groundwork move" },
  });
  return { sql, url };
}

/** Opens all connections of both sides, so that none is opened while a workspace is closed. */
export async function warmUp(...sides: Side[]): Promise<void> {
  await Promise.all(
    sides.flatMap(({ sql }) => Array.from({ length: 4 }, () => sql`select pg_sleep(0.05)`)),
  );
}

/** Runs statements in a session like those of replication: no triggers, no checks of foreign keys. */
export function asReplica<T>(
  side: Side,
  work: (sql: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  return side.sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    return await work(sql);
  }) as Promise<T>;
}

/** Runs a statement that needs a table's lock: waits half a second for it, as writers then wait, too, and again. */
export async function withShortLocks(side: Side, statement: string): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      await side.sql.begin(async (sql) => {
        await sql`set local lock_timeout = '500ms'`;
        await sql.unsafe(statement);
      });
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "55P03" || attempt >= 40) throw error;
      await pause(200 + Math.random() * 300);
    }
  }
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until a question is answered with yes; false when the time is over. */
export async function waitFor(
  ask: () => Promise<boolean>,
  { within, every }: { within: number; every: number },
): Promise<boolean> {
  const end = Date.now() + within;
  while (!await ask()) {
    if (Date.now() >= end) return false;
    await pause(every);
  }
  return true;
}
