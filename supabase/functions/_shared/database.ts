/** SQL over the isolate's pool of connections to the primary (`database-pool.ts`). */
import type postgres from "postgres";
import { openPieces, type Piece, type PiecesOptions } from "./database-pieces.ts";
import { createPool, type Pool, type PoolFigures, type Sql } from "./database-pool.ts";
import type { Environment } from "./environment.ts";
import { unavailable } from "./errors.ts";

export type { Sql };

/** How patient a query is, in milliseconds, and whose rights it has. */
export interface Patience {
  /** For a free connection. */
  acquire?: number;
  /** For the query itself. */
  query?: number;
  /** Under row security with these claims, as the Data API asks; otherwise with the functions' own rights. */
  as?: { readonly claims: Readonly<Record<string, unknown>> };
  /** With the functions' own rights, and what is written counts as done by this token's holder (in the audit log). */
  by?: { readonly claims: Readonly<Record<string, unknown>> } | undefined;
}

/** The isolate's way to Postgres. */
export interface Database {
  /**
   * Runs one query.
   *
   * @example
   * ```ts
   * const rows = await database.run((sql) => sql<Row[]>`select … where id = ${id}`);
   * ```
   * @throws ApiError 503 `unavailable` when no connection came free in time or the query took too long
   */
  run<Result>(
    build: (sql: Sql) => postgres.PendingQuery<Result & postgres.MaybeRow[]>,
    patience?: Patience,
  ): Promise<Result>;
  /**
   * Reads a long answer in pieces, as they are taken. At most half of the connections do that.
   *
   * @throws ApiError 503 `unavailable` when no connection is free for it, or the first piece took too long
   */
  readPieces(
    build: (sql: Sql) => postgres.PendingQuery<Piece[]>,
    options: PiecesOptions,
  ): Promise<ReadableStream<Uint8Array>>;
  figures(): PoolFigures;
  close(): Promise<void>;
}

const defaults = { acquire: 500, query: 5000 };

/** Reads long answers over a pool, at most half of whose connections do that. */
export function createPieceReader(pool: Pool) {
  let reading = 0;
  const mostReading = Math.max(1, pool.size >> 1);
  return async (
    build: (sql: Sql) => postgres.PendingQuery<Piece[]>,
    options: PiecesOptions,
  ): Promise<ReadableStream<Uint8Array>> => {
    if (reading >= mostReading) throw unavailable("Too many long answers are read here.");
    reading++;
    const done = () => {
      reading--;
      pool.leave();
    };
    try {
      await pool.enter(defaults.acquire);
    } catch (error) {
      reading--;
      throw error;
    }
    return await openPieces(pool.sql, build, options, done);
  };
}

/** Connects when the first query comes. */
export function createDatabase(
  environment: Pick<Environment, "databaseUrl" | "databaseTls" | "poolSize" | "pooled">,
): Database {
  const pool = createPool(environment);

  return {
    run<Result>(
      build: (sql: Sql) => postgres.PendingQuery<Result & postgres.MaybeRow[]>,
      patience: Patience = {},
    ): Promise<Result> {
      const { as, by } = patience;
      const claims = (as ?? by)?.claims;
      const under = as !== undefined;
      const start = () => {
        let query: postgres.PendingQuery<Result & postgres.MaybeRow[]> | undefined;
        const running: PromiseLike<unknown> = claims
          ? pool.sql.begin(async (transaction) => {
            const asked = transaction`
              select case when ${under} then set_config('role', 'authenticated', true) end,
                set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
            query = build(transaction as unknown as Sql);
            // One after the other in the database, sent together.
            return (await Promise.all([asked, query]))[1];
          })
          : query = build(pool.sql);
        return { result: running as PromiseLike<Result>, query: () => query };
      };
      return pool.lend(
        start,
        patience.acquire ?? defaults.acquire,
        patience.query ?? defaults.query,
      );
    },
    readPieces: createPieceReader(pool),
    figures: pool.figures,
    close: pool.close,
  };
}
