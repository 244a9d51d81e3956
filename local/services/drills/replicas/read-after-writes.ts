/**
 * Reads after writes, with and without the position that the write told, on a replica whose lag is injected.
 *
 * `npm run replicas -- [--tries 100000]` is the long form; `npm test` runs a short one.
 */
import type { Sql } from "../../../../supabase/functions/_shared/database.ts";
import { requirePosition } from "../../../../supabase/functions/_shared/position.ts";
import { waitUntil } from "../../processes.ts";
import { type Isolate, type Pair, startPair } from "./pair.ts";

/** What came of the tries at one lag. */
export interface Outcome {
  lag: string;
  tries: number;
  /** Reads with the position that were older than their write: must be 0. */
  stale: number;
  /** Reads without it, of any replica, that were older. */
  staleWithout: number;
  /** Of the reads with the position, who answered. */
  byReplica: number;
  byPrimary: number;
}

/** How many write and read at once: about what one isolate's pool carries. */
const writers = 8;

/** A lag that is seldom seen, one that is waited for, and one that is too long to wait. */
export const lags = ["0", "15ms", "400ms"] as const;

async function tryOnce(
  { services: { database, replicas, standings } }: Isolate,
  pair: Pair,
  writer: number,
  value: number,
): Promise<{ isStale: boolean; isStaleWithout: boolean; isFromReplica: boolean }> {
  await database.run((sql) =>
    sql`update private.drill_values set value = ${value} where id = ${writer}`
  );
  const told = (await replicas.tellPosition(new Response())).headers.get("x-position");
  const atPosition = requirePosition(told ?? undefined);
  const build = (sql: Sql) => readOf(sql as never, writer);
  const reader = { standing: await standings.ofItself(), consistency: { atPosition } };
  const [{ rows: [seen], isFromReplica }, [without]] = await Promise.all([
    replicas.read<{ value: number }[]>(reader, { build }),
    readOf(pair.onReplica, writer),
  ]);
  return {
    isStale: seen?.value !== value,
    isStaleWithout: without?.value !== value,
    isFromReplica,
  };
}

const readOf = (sql: Pair["onReplica"], writer: number) =>
  sql<{ value: number }[]>`select value from private.drill_values where id = ${writer}`;

/** Tries so often at each lag. */
export async function readAfterWrites(
  pair: Pair,
  isolate: Isolate,
  triesOfEach: number,
  say: (outcome: Outcome) => void = () => {},
): Promise<Outcome[]> {
  await pair.onPrimary`
    create table if not exists private.drill_values (id integer primary key, value integer not null)`;
  await pair.onPrimary`grant all on private.drill_values to postgres`;
  await pair.onPrimary`
    insert into private.drill_values select g, 0 from generate_series(1, ${writers}) as g
    on conflict (id) do update set value = 0`;
  const outcomes: Outcome[] = [];
  let value = 0;
  for (const lag of lags) {
    await pair.delay(lag);
    await waitUntil("the replica has the table", async () => {
      const [row] = await pair.onReplica<{ is: boolean }[]>`
        select to_regclass('private.drill_values') is not null as is`;
      return row?.is === true;
    });
    const outcome = { lag, tries: 0, stale: 0, staleWithout: 0, byReplica: 0, byPrimary: 0 };
    await Promise.all(Array.from({ length: writers }, async (_, index) => {
      while (outcome.tries < triesOfEach) {
        outcome.tries++;
        const { isStale, isStaleWithout, isFromReplica } = await tryOnce(
          isolate,
          pair,
          index + 1,
          ++value,
        );
        outcome.stale += Number(isStale);
        outcome.staleWithout += Number(isStaleWithout);
        outcome[isFromReplica ? "byReplica" : "byPrimary"]++;
      }
    }));
    outcomes.push(outcome);
    say(outcome);
  }
  await pair.delay("0");
  return outcomes;
}

/** Waits until the replica has proven itself. */
export async function untilIn({ services: { replicas, standings } }: Isolate): Promise<void> {
  await waitUntil("a replica answers", async () => {
    const { isFromReplica } = await replicas.read<unknown[]>(
      { standing: await standings.ofItself(), consistency: "cached" },
      { build: (sql) => sql`select 1` },
    );
    return isFromReplica;
  });
}

if (import.meta.main) {
  const tries = Number(/--tries[ =](\d+)/.exec(Deno.args.join(" "))?.[1] ?? 100_000);
  await using pair = await startPair();
  await using isolate = pair.startIsolate();
  await untilIn(isolate);
  console.log(`${tries} reads after writes, a third of them at each lag, ${writers} at once`);
  const outcomes = await readAfterWrites(
    pair,
    isolate,
    Math.ceil(tries / lags.length),
    (of) =>
      console.log(
        `lag ${of.lag.padEnd(6)} ${of.tries} tries · with the position: ${of.stale} stale, ` +
          `${of.byReplica} by the replica, ${of.byPrimary} by the primary · without: ${of.staleWithout} stale`,
      ),
  );
  if (outcomes.some(({ stale }) => stale > 0)) Deno.exitCode = 1;
}
