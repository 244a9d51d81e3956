/**
 * SQL over a bounded pool that would rather refuse than queue.
 *
 * An isolate holds few connections. Who finds none free waits a bounded time in a bounded queue and
 * is then answered 503, so that a slow database costs its callers half a second and not their
 * patience, and the isolate's memory stays flat. Each query has a deadline of its own, after which
 * it is cancelled on the server.
 */
import type { Duplex } from "node:stream";
import postgres from "postgres";
import { inBackground } from "./background.ts";
import { openPieces, type Piece, type PiecesOptions } from "./database-pieces.ts";
import { openDatabaseSocket } from "./database-socket.ts";
import type { Environment } from "./environment.ts";
import { unavailable } from "./errors.ts";

/** The tagged template that builds queries. Bigints arrive as numbers: ours stay below 2^53. */
export type Sql = postgres.Sql<{ bigint: number }>;

/** What the pool is doing now. */
export interface PoolFigures {
  readonly size: number;
  readonly busy: number;
  readonly waiting: number;
  readonly refused: number;
}

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
/** Waiting callers per connection; those beyond are refused at once. */
const queueFactor = 64;

interface Waiter {
  start(): void;
  refuse(): void;
}

/** A counting lock whose waiters give up after a while. Exported for its test. */
export function createTurnstile(size: number, longestQueue: number) {
  const queue = new Set<Waiter>();
  let busy = 0;
  let refused = 0;
  return {
    /** Resolves when a place is free; rejects with 503 after `patience` milliseconds. */
    enter(patience: number): Promise<void> | undefined {
      if (busy < size) {
        busy++;
        return undefined;
      }
      if (queue.size >= longestQueue) {
        refused++;
        throw unavailable("Too many requests are waiting for the database.");
      }
      return new Promise((resolve, reject) => {
        const waiter: Waiter = {
          start() {
            clearTimeout(timer);
            resolve();
          },
          refuse() {
            queue.delete(waiter);
            refused++;
            reject(unavailable("The database has no connection free."));
          },
        };
        const timer = setTimeout(waiter.refuse, patience);
        queue.add(waiter);
      });
    },
    /** Gives the place to whoever has waited longest. */
    leave(): void {
      const [next] = queue;
      if (next) {
        queue.delete(next);
        next.start();
      } else busy--;
    },
    figures: (): PoolFigures => ({ size, busy, waiting: queue.size, refused }),
  };
}

/** An option that the client's types do not know: what it is given instead of a socket of its own. */
interface SocketFactory {
  socket(options: { host: string[]; port: number[] }): Duplex;
}

/** What a URL says of TLS is read by `environment`; the client would pass it on to the server. */
function withoutTls(url: string): string {
  const plain = new URL(url);
  for (const name of ["sslmode", "sslrootcert", "sslnegotiation"]) plain.searchParams.delete(name);
  return plain.href;
}

/** Connects when the first query comes. */
export function createDatabase(
  environment: Pick<Environment, "databaseUrl" | "databaseTls" | "poolSize" | "pooled">,
): Database {
  const options: postgres.Options<{ bigint: postgres.PostgresType<number> }> & SocketFactory = {
    ssl: false, // the socket sees to it
    socket: ({ host: [hostname = ""], port: [port = 5432] }) =>
      openDatabaseSocket({ hostname, port, ...environment.databaseTls }),
    max: environment.poolSize,
    prepare: false, // a transaction pooler gives each transaction another connection
    fetch_types: false,
    connect_timeout: 3,
    idle_timeout: 60,
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, 1),
    onnotice: () => {},
    types: {
      bigint: { to: 20, from: [20], parse: Number, serialize: String },
    },
    // PgBouncer refuses startup parameters that it does not know; there the deadline below must do.
    connection: environment.pooled ? {} : {
      application_name: "groundwork-functions",
      statement_timeout: 60_000, // for a query whose cancelling was lost on the way
    },
  };
  const sql: Sql = postgres(withoutTls(environment.databaseUrl), options);
  const turnstile = createTurnstile(environment.poolSize, environment.poolSize * queueFactor);
  /** Long answers that are being read, and how many may be. */
  let reading = 0;
  const mostReading = Math.max(1, environment.poolSize >> 1);

  return {
    async run<Result>(
      build: (sql: Sql) => postgres.PendingQuery<Result & postgres.MaybeRow[]>,
      patience: Patience = {},
    ): Promise<Result> {
      const entering = turnstile.enter(patience.acquire ?? defaults.acquire);
      if (entering) await entering;
      const { as, by } = patience;
      const claims = (as ?? by)?.claims;
      const under = as !== undefined;
      let query: postgres.PendingQuery<Result & postgres.MaybeRow[]> | undefined;
      const running: PromiseLike<unknown> = claims
        ? sql.begin(async (transaction) => {
          const asked = transaction`
            select case when ${under} then set_config('role', 'authenticated', true) end,
              set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
          query = build(transaction as unknown as Sql);
          // One after the other in the database, sent together.
          return (await Promise.all([asked, query]))[1];
        })
        : query = build(sql);
      // The place is given back when the query has really ended, not when its caller gave up.
      const settled = Promise.resolve(running).then((rows) => rows as Result)
        .finally(() => turnstile.leave());
      let timer: ReturnType<typeof setTimeout> | undefined;
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(unavailable("The database took too long."));
          inBackground("cancelling a query", Promise.resolve(query?.cancel()));
        }, patience.query ?? defaults.query);
      });
      try {
        return await Promise.race([settled, deadline]);
      } finally {
        clearTimeout(timer);
        settled.catch(() => {}); // already told to the caller as 503
      }
    },
    async readPieces(build, options) {
      if (reading >= mostReading) throw unavailable("Too many long answers are read here.");
      reading++;
      const done = () => {
        reading--;
        turnstile.leave();
      };
      try {
        await turnstile.enter(defaults.acquire);
      } catch (error) {
        reading--;
        throw error;
      }
      return await openPieces(sql, build, options, done);
    },
    figures: turnstile.figures,
    close: () => sql.end({ timeout: 1 }),
  };
}
