/**
 * A long answer of the database, passed on as it is read: neither the isolate nor the database holds
 * all of it. While it is read a connection is in use, so that few are read at once, each for a
 * bounded time, and a reader that stands still is left.
 */
import type postgres from "postgres";
import { inBackground } from "./background.ts";
import type { Sql } from "./database-pool.ts";
import { unavailable } from "./errors.ts";
import { beginStatement } from "./statements.ts";

/** A text of the answer. */
export interface Piece {
  piece: string;
}

/** How the pieces are asked for. */
export interface PiecesOptions {
  /** Milliseconds until the first piece is there. */
  first: number;
  /** Milliseconds until the last one has left. */
  last: number;
  /** Milliseconds that a reader may take no piece. */
  stall: number;
  /** Under row security with these claims; otherwise with the functions' own rights. */
  claims?: Readonly<Record<string, unknown>>;
  /** What the transaction begins with. */
  begin?: (sql: Sql) => PromiseLike<unknown>;
}

/** Pieces that are fetched in one round trip: each has some 64 KiB. */
const atOnce = 8;
/**
 * Bytes that are read ahead of the reader: most answers are not longer, and whoever reads slowly holds no connection.
 */
const readAhead = 4 * 1024 * 1024;

/** Rejects when a promise takes longer than so many milliseconds. */
async function within<Result>(promise: Promise<Result>, time: number): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable("A long answer took too long.")), time);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Begins to read. What goes wrong before the first piece is thrown, with its code; what goes wrong
 * later breaks the answer off, so that nobody takes half of it for the whole.
 *
 * @param onEnd hears when the connection is free again
 */
export async function openPieces(
  sql: Sql,
  build: (sql: Sql) => postgres.PendingQuery<Piece[]>,
  { first, last, stall, claims, begin }: PiecesOptions,
  onEnd: () => void,
): Promise<ReadableStream<Uint8Array>> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    {},
    undefined,
    new ByteLengthQueuingStrategy({ highWaterMark: readAhead }),
  );
  const writer = writable.getWriter();
  const begun = Promise.withResolvers<void>();
  let query: postgres.PendingQuery<Piece[]> | undefined;
  const until = Date.now() + last;
  const told = beginStatement();
  const reading = sql.begin(async (opened) => {
    const transaction = opened as unknown as Sql;
    if (begin) await begin(transaction);
    if (claims) {
      await transaction`
        select set_config('role', 'authenticated', true),
          set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
    }
    query = build(transaction);
    // As bytes: what is only passed on need not be made a text.
    for await (const rows of query.raw().cursor(atOnce)) {
      begun.resolve();
      for (const [piece] of rows as unknown as Uint8Array[][]) {
        if (piece) await within(writer.write(piece), Math.min(stall, until - Date.now()));
      }
    }
  }).then(() => {
    told?.(query);
    return writer.close();
  }, (error) => {
    told?.(query, error);
    begun.reject(error);
    return writer.abort(error);
  }).finally(onEnd);
  inBackground("a long answer", reading.catch(() => {}));
  try {
    await within(begun.promise, first);
  } catch (error) {
    inBackground("cancelling a query", Promise.resolve(query?.cancel()));
    throw error;
  }
  return readable;
}
