/**
 * What an isolate counts, and how it is told to the database.
 *
 * Isolates are many and end after minutes, so none of them can be scraped: each adds what it has
 * counted to the counters of all (private.metric_counters), in the background and every few seconds.
 * Nobody waits for that. What could not be told is told the next time; what a killed isolate had not
 * told is lost.
 *
 * A series is named as Prometheus writes it, of words of the code alone: no id of anybody.
 */
import { inBackground } from "./background.ts";
import type { Database } from "./database.ts";
import { forAll } from "./statements.ts";

/** What was counted of one series and not told yet. */
export interface Cell {
  value: number;
}

/** The isolate's counters. */
export interface Metrics {
  /** Adds to a counter: `groundwork_turns_total`. */
  add(series: string, by?: number): void;
  /** A counter to add to by hand, for what happens often; `touch` must follow. */
  cell(series: string): Cell;
  /** Something was counted: it is told in a while. */
  touch(): void;
  /** Tells the database now, whatever was counted. Never rejects. */
  flush(): Promise<void>;
  /** Tells nothing any more. */
  stop(): void;
}

/** Milliseconds for which is counted before it is told: the isolate is held for as long. */
const pauseBetween = 5000;
const patience = { acquire: 500, query: 2000 };
/** Counters are the sum of so many rows, so that isolates seldom wait for one another. */
const slots = 8;
/** Series of one isolate. There are some hundreds; more can only be a mistake, and are not kept. */
const mostSeries = 2000;

/**
 * Makes the isolate's counters.
 *
 * @param others what is counted elsewhere, by series: never less than the last time
 */
export function createMetrics(
  database: Pick<Database, "run">,
  others: () => Record<string, number> = () => ({}),
  pause: number = pauseBetween,
): Metrics {
  const slot = Math.floor(Math.random() * slots);
  const cells = new Map<string, Cell>();
  let known = others();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWaiting = false;
  let isStopped = false;
  let waking = Promise.withResolvers<void>();
  let telling: Promise<void> = Promise.resolve();

  function cell(series: string): Cell {
    let found = cells.get(series);
    if (!found) {
      found = { value: 0 };
      if (cells.size < mostSeries) cells.set(series, found);
    }
    return found;
  }

  async function tell(): Promise<void> {
    const now = others();
    for (const [series, value] of Object.entries(now)) {
      cell(series).value += Math.max(0, value - (known[series] ?? 0));
    }
    known = now;
    const told: Record<string, number> = {};
    for (const [series, counted] of cells) {
      if (counted.value === 0) continue;
      told[series] = counted.value;
      counted.value = 0;
    }
    if (Object.keys(told).length === 0) return;
    try {
      await database.run(
        (sql) => sql`select private.add_metrics(${slot}::smallint, ${sql.json(told)})`,
        patience,
      );
    } catch (error) {
      for (const [series, by] of Object.entries(told)) cell(series).value += by;
      throw error;
    }
  }

  /** One telling after the other, so that none is told twice. */
  function tellInTurn(): Promise<void> {
    const next = telling.then(() => isStopped ? undefined : tell());
    telling = next.catch(() => {});
    return next;
  }

  function wait(): void {
    isWaiting = true;
    waking = Promise.withResolvers();
    timer = setTimeout(waking.resolve, pause);
    Deno.unrefTimer(Number(timer));
    inBackground(
      "telling what was counted",
      waking.promise.then(() => {
        clearTimeout(timer);
        isWaiting = false;
        return tellInTurn();
      }),
    );
  }

  function touch(): void {
    if (!isWaiting && !isStopped) forAll(wait);
  }

  return {
    add(series, by = 1) {
      cell(series).value += by;
      touch();
    },
    cell,
    touch,
    async flush() {
      waking.resolve();
      await Promise.resolve();
      await tellInTurn().catch(() => {});
    },
    stop() {
      isStopped = true;
      waking.resolve();
    },
  };
}
