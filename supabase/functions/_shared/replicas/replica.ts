/**
 * One replica: it answers from a log that it has replayed far enough, or not at all. One that is gone, late, or no
 * replica any more is left out; a probe in the background brings it back.
 */
import type postgres from "postgres";
import type { Piece, PiecesOptions } from "../database-pieces.ts";
import { createPool, type Sql } from "../database-pool.ts";
import { createPieceReader } from "../database.ts";
import type { Environment } from "../environment.ts";
import { log } from "../log.ts";
import { formatPosition, type Position, requirePosition } from "../position.ts";
import { createCircuitBreaker } from "../scratchpad/circuit-breaker.ts";

/** What is read: one statement, under row security with these claims where some are given. */
export interface Reading<Result> {
  build: (sql: Sql) => postgres.PendingQuery<Result & postgres.MaybeRow[]>;
  as?: { readonly claims: Readonly<Record<string, unknown>> } | undefined;
}

/** How far a replica must be, and whether the primary has said so: what only a client says may be made up. */
export interface Need {
  readonly position: Position;
  readonly isFromPrimary: boolean;
}

/** A database that follows the primary. It has nothing in common with `Database`, which the access room asks. */
export interface Replica {
  /** Whether it is asked at all now. */
  readonly isIn: boolean;
  readonly openings: number;
  /** @throws whatever went wrong: then the primary is asked instead */
  read<Result>(need: Need, reading: Reading<Result>): Promise<{ rows: Result; position: Position }>;
  readPieces(
    need: Need,
    build: (sql: Sql) => postgres.PendingQuery<Piece[]>,
    options: Omit<PiecesOptions, "claims">,
  ): Promise<ReadableStream<Uint8Array>>;
  close(): Promise<void>;
}

/** Which database the primary is, and where its log stands. */
export interface PrimaryMark {
  readonly system: string;
  readonly position: string;
}

/** Milliseconds. */
export const patience = {
  /** That a reader waits for a replica to have replayed. */
  replay: 50,
  /** For a connection of it. */
  acquire: 50,
  /** Until it says how far it is: beyond that it is gone. */
  word: 500,
  query: 5000,
} as const;

/** Who a database is, and that it has replayed: what a replica that comes back is asked. */
export function askWhetherItFollows(sql: Sql, { position }: PrimaryMark, wait: number) {
  return sql<{ system: string }[]>`
    select private.await_position(${position}, ${wait}),
      (select system_identifier::text from pg_control_system()) as system`;
}

const codeOf = (error: unknown) =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
const detailOf = (error: unknown) =>
  error instanceof Error && "detail" in error && typeof error.detail === "string"
    ? error.detail
    : "";

const gone =
  /^(08...|53...|57P0.|CONNECT\w*|ECONN\w+|EPIPE|ENOTFOUND|ETIMEDOUT|E(HOST|NET)UNREACH|EAI_AGAIN)$/;
const isGone = (error: unknown) => gone.test(codeOf(error)) || detailOf(error) === "not_a_replica";

/** It did not even say how far it is. */
const silence = () => Object.assign(new Error("it says nothing"), { code: "CONNECT_TIMEOUT" });

/** Connects when it is first asked. @param mark asks the primary */
export function createReplica(
  environment: Pick<Environment, "databaseTls" | "poolSize"> & { readonly databaseUrl: string },
  mark: () => Promise<PrimaryMark>,
): Replica {
  const name = new URL(environment.databaseUrl).host;
  // As behind a pooler: what a server is told when one connects, a replica's pooler may refuse.
  const pool = createPool({ ...environment, pooled: true });
  const openPieces = createPieceReader(pool);
  const breaker = createCircuitBreaker({
    async probe() {
      const primary = await mark();
      const start = () => {
        const query = askWhetherItFollows(pool.sql, primary, patience.replay);
        return { result: query, query: () => query };
      };
      const [row] = await pool.lend(start, patience.acquire, patience.query);
      if (row?.system !== primary.system) throw new Error("it follows another database");
    },
    onChange: (state) => {
      const isIn = state === "closed";
      if (state === "half-open" || isIn === wasIn) return;
      // Until it has proven itself for the first time it was not asked, and nothing changes.
      if (wasIn !== undefined) {
        log("warning", `the replica ${name} is ${isIn ? "asked again" : "left out"}`);
      }
      wasIn = isIn;
    },
  });
  let wasIn: boolean | undefined;
  let wasAsked = false;

  /** Runs `work`; what makes it likely that the next one fails too counts against it. */
  async function guarded<Result>(need: Need, work: () => Promise<Result>): Promise<Result> {
    const outcome = await breaker.run(async () => {
      try {
        return { result: await work() };
      } catch (error) {
        if (isGone(error)) breaker.trip();
        if (detailOf(error) === "late" && need.isFromPrimary) throw error;
        return { error };
      }
    });
    if ("error" in outcome) throw outcome.error;
    return outcome.result;
  }

  /** As one text without parameters, whose types would be asked for first: a round trip. A position is hexadecimal. */
  const wait = (sql: Sql, { position }: Need) =>
    sql.unsafe(
      `select private.await_position('${formatPosition(position)}', ${patience.replay})`,
    );

  return {
    get isIn() {
      if (!wasAsked) {
        wasAsked = true;
        breaker.trip();
      }
      return breaker.state === "closed";
    },
    get openings() {
      return breaker.openings;
    },
    read<Result>(need: Need, { build, as }: Reading<Result>) {
      const spoken = Promise.withResolvers<void>();
      const start = () => {
        let query: postgres.PendingQuery<Result & postgres.MaybeRow[]> | undefined;
        const tell = async (sql: Sql) => {
          // After the reading: what it saw is not newer.
          const [at] = await sql<{ position: string }[]>`
            select pg_last_wal_replay_lsn()::text as position`;
          return requirePosition(at?.position);
        };
        const readOn = async (sql: Sql) => {
          await wait(sql, need);
          spoken.resolve();
          if (as) {
            await sql`
              select set_config('role', 'authenticated', true),
                set_config('request.jwt.claims', ${JSON.stringify(as.claims)}, true)`;
          }
          const rows = await (query = build(sql));
          return { rows: rows as Result, position: await tell(sql) };
        };
        // How far a replica is holds for all of its connections: without claims there need be no transaction.
        const result = as
          ? pool.sql.begin("read only", (transaction) => readOn(transaction as unknown as Sql))
          : readOn(pool.sql);
        return { result, query: () => query };
      };
      return guarded(
        need,
        () => withWord(pool.lend(start, patience.acquire, patience.query), spoken.promise),
      );
    },
    readPieces: (need, build, options) =>
      guarded(need, () => openPieces(build, { ...options, begin: (sql) => wait(sql, need) })),
    async close() {
      breaker.stop();
      await pool.close();
    },
  };
}

/** Rejects when a replica says nothing for too long. What it says later is not waited for. */
async function withWord<Result>(result: Promise<Result>, word: Promise<void>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(silence()), patience.word);
  });
  try {
    await Promise.race([word, result, late]);
  } catch (error) {
    result.catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return await result;
}
