/**
 * A bounded pool of connections that would rather refuse than queue.
 *
 * An isolate holds few connections. Who finds none free waits a bounded time in a bounded queue and
 * is then answered 503, so that a slow database costs its callers half a second and not their
 * patience, and the isolate's memory stays flat. Each query has a deadline of its own, after which
 * it is cancelled on the server.
 */
import type { Duplex } from "node:stream";
import postgres from "postgres";
import { inBackground } from "./background.ts";
import { openDatabaseSocket } from "./database-socket.ts";
import type { Environment } from "./environment.ts";
import { unavailable } from "./errors.ts";
import { beginStatement, type Query } from "./statements.ts";

/** The tagged template that builds queries. Bigints arrive as numbers: ours stay below 2^53. */
export type Sql = postgres.Sql<{ bigint: number }>;

/** What the pool is doing now. */
export interface PoolFigures {
  readonly size: number;
  readonly busy: number;
  readonly waiting: number;
  readonly refused: number;
}

/** What was begun on a connection. */
export interface Running<Result> {
  readonly result: PromiseLike<Result>;
  /** The query, to be cancelled and named; undefined until it is sent. */
  query(): Query | undefined;
}

/** Connections to one server. */
export interface Pool {
  /** Asked for at each use: after a lost connection it is another one. */
  readonly sql: Sql;
  readonly size: number;
  /**
   * Takes a place for `start` and gives it back when what was started has really ended.
   *
   * @param acquire milliseconds for a place
   * @param query milliseconds for what is started
   * @throws ApiError 503 `unavailable` when no place came free in time or it took too long
   */
  lend<Result>(start: () => Running<Result>, acquire: number, query: number): Promise<Result>;
  /** As {@link createTurnstile}. */
  enter(patience: number): Promise<void> | undefined;
  leave(): void;
  figures(): PoolFigures;
  close(): Promise<void>;
}

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

/** Open the connections of each pool anew. */
const renewals = new Set<() => void>();

/**
 * A connection that is lost within a transaction is written to all the same (porsager/postgres#1208). Nobody can catch
 * that error: it ends the isolate, and where it does not, that connection is never opened again. So it is heard here,
 * and the pools begin with new ones.
 */
globalThis.addEventListener("error", (event) => {
  const { error } = event as ErrorEvent;
  if (!(error instanceof TypeError) || !error.stack?.includes("nextWrite")) return;
  event.preventDefault();
  for (const renew of renewals) renew();
});

/** Connects when the first query comes. */
export function createPool(
  environment: Pick<Environment, "databaseUrl" | "databaseTls" | "poolSize" | "pooled">,
): Pool {
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
  const open = (): Sql => postgres(withoutTls(environment.databaseUrl), options);
  let sql = open();
  function renew(): void {
    const old = sql;
    sql = open();
    // What still runs there may end.
    inBackground("closing old connections", old.end({ timeout: 60 }));
  }
  renewals.add(renew);
  const turnstile = createTurnstile(environment.poolSize, environment.poolSize * queueFactor);

  return {
    get sql() {
      return sql;
    },
    size: environment.poolSize,
    async lend<Result>(start: () => Running<Result>, acquire: number, query: number) {
      const entering = turnstile.enter(acquire);
      if (entering) await entering;
      const asked = sql;
      const told = beginStatement();
      const running = start();
      // The place is given back when the query has really ended, not when its caller gave up.
      const settled = Promise.resolve(running.result).then((result) => {
        turnstile.leave();
        told?.(running.query());
        return result;
      }, (error) => {
        turnstile.leave();
        told?.(running.query(), error);
        throw error;
      });
      let timer: ReturnType<typeof setTimeout> | undefined;
      const deadline = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(unavailable("The database took too long."));
          inBackground("cancelling a query", Promise.resolve(running.query()?.cancel()));
        }, query);
      });
      try {
        return await Promise.race([settled, deadline]);
      } catch (error) {
        // Lost while a write was waiting, a connection looks like this for ever after (LanternOps/breeze#3225).
        if (asked === sql && (error as { code?: string }).code === "CONNECT_TIMEOUT") renew();
        throw error;
      } finally {
        clearTimeout(timer);
        settled.catch(() => {}); // already told to the caller as 503
      }
    },
    enter: turnstile.enter,
    leave: turnstile.leave,
    figures: turnstile.figures,
    close() {
      renewals.delete(renew);
      return sql.end({ timeout: 1 });
    },
  };
}
