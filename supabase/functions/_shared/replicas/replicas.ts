/**
 * Reads from replicas. A reader that the primary has let in is answered by a replica that has replayed what the reader
 * has seen and what let them in; where none has within 50 ms, by the primary. A replica only ever gives answers:
 * whatever it refuses, or does not find, the primary is asked (docs/replicas.md).
 */
import type postgres from "postgres";
import type { Piece, PiecesOptions } from "../database-pieces.ts";
import type { Sql } from "../database-pool.ts";
import type { Database } from "../database.ts";
import type { RequestedConsistency } from "../access/consistency.ts";
import type { Standing } from "../access/standings.ts";
import { toApiError } from "../errors.ts";
import { log } from "../log.ts";
import { formatPosition, type Position } from "../position.ts";
import type { Need, PrimaryMark, Reading, Replica } from "./replica.ts";

/** Who reads, and how old what they read may be. */
export interface Reader {
  /** Null: only the primary answers them. */
  readonly standing: Standing | null;
  readonly consistency: RequestedConsistency;
}

/** What is read, and what counts as read. */
export interface Wanted<Result> extends Reading<Result> {
  /** What the primary is asked instead, where it does more than to read. */
  onPrimary?: Reading<Result>["build"];
  /** Whether this is an answer; where not, the primary is asked too. */
  isFound?: (rows: Result) => boolean;
}

/** What was read, and the headers that say from where and of when. */
export interface Read<Result> {
  readonly rows: Result;
  readonly isFromReplica: boolean;
  readonly headers: Record<string, string>;
}

/** The isolate's replicas. */
export interface Replicas {
  /** Whether there are any. */
  readonly areThere: boolean;
  read<Result>(reader: Reader, wanted: Wanted<Result>): Promise<Read<Result>>;
  /** A long answer. `begun` has happened on the primary before; both are asked with the functions' own rights. */
  readPieces(
    reader: Reader,
    build: (sql: Sql) => postgres.PendingQuery<Piece[]>,
    options: Omit<PiecesOptions, "claims">,
  ): Promise<ReadableStream<Uint8Array>>;
  /** Tells, in a response to a write, the position that contains it. */
  tellPosition(response: Response): Promise<Response>;
  /** Reads that each has answered, and how often a replica was left out. */
  readonly counts: Readonly<{ replica: number; primary: number; openings: number }>;
  close(): Promise<void>;
}

/** Which database the primary is, and where its log stands. */
export async function markPrimary(database: Database): Promise<PrimaryMark> {
  const [row] = await database.run((sql) =>
    sql<PrimaryMark[]>`
      select private.log_position() as position,
        (select system_identifier::text from pg_control_system()) as system`
  );
  if (!row) throw new Error("the primary told no position");
  return row;
}

/** What a reader needs; null: only the primary will do. */
function needOf({ standing, consistency }: Reader): Need | null {
  if (standing === null) return null;
  if (consistency === "cached") return { position: standing.position, isFromPrimary: true };
  if (consistency === "fresh" || "atLeast" in consistency) return null;
  const isFromPrimary = consistency.atPosition <= standing.position;
  return { position: isFromPrimary ? standing.position : consistency.atPosition, isFromPrimary };
}

/** Makes the isolate's replicas of what was configured. */
export function createReplicas(database: Database, replicas: readonly Replica[]): Replicas {
  const counts = { replica: 0, primary: 0 };
  let turn = 0;

  function choose(): Replica | undefined {
    const first = turn++;
    for (let offset = 0; offset < replicas.length; offset++) {
      const replica = replicas[(first + offset) % replicas.length];
      if (replica?.isIn) return replica;
    }
    return undefined;
  }

  async function tell(source: string, position?: Position): Promise<Record<string, string>> {
    if (replicas.length === 0) return {};
    const told = position === undefined
      ? (await database.run((sql) =>
        sql<{ position: string }[]>`select private.log_position() as position`
      ))[0]?.position
      : formatPosition(position);
    return { "x-answered-from": source, ...(told ? { "x-position": told } : {}) };
  }

  /** What a replica answers; undefined where none does. */
  async function tryReplica<Result>(
    reader: Reader,
    ask: (replica: Replica, need: Need) => Promise<Result>,
  ): Promise<Result | undefined> {
    const need = needOf(reader);
    const replica = need && choose();
    if (!replica) return undefined;
    try {
      return await ask(replica, need);
    } catch (error) {
      // Refusals for a client too: the primary says so itself, if it is so.
      const { code } = toApiError(error);
      if (code === "internal" && !isLate(error)) log("warning", "a replica failed", { error });
      return undefined;
    }
  }

  return {
    areThere: replicas.length > 0,
    async read<Result>(reader: Reader, wanted: Wanted<Result>): Promise<Read<Result>> {
      const { build, as, onPrimary = build, isFound = () => true } = wanted;
      const found = await tryReplica(reader, (replica, need) => replica.read(need, { build, as }));
      if (found && isFound(found.rows)) {
        counts.replica++;
        const headers = await tell("replica", found.position);
        return { rows: found.rows, isFromReplica: true, headers };
      }
      counts.primary++;
      const rows = await database.run<Result>(onPrimary, as ? { as } : {});
      return { rows, isFromReplica: false, headers: await tell("database") };
    },
    async readPieces(reader, build, options) {
      const found = await tryReplica(
        reader,
        (replica, need) => replica.readPieces(need, build, options),
      );
      counts[found ? "replica" : "primary"]++;
      return found ?? await database.readPieces(build, options);
    },
    async tellPosition(response) {
      if (replicas.length === 0 || !response.ok) return response;
      try {
        const { "x-position": position } = await tell("database");
        if (position) response.headers.set("x-position", position);
      } catch (error) {
        log("warning", "the position of a write could not be told", { error });
      }
      return response;
    },
    get counts() {
      const openings = replicas.reduce((sum, replica) => sum + replica.openings, 0);
      return { ...counts, openings };
    },
    async close() {
      await Promise.all(replicas.map((replica) => replica.close()));
    },
  };
}

const isLate = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "55000";
