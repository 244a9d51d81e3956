import postgres from "postgres";
import { type Series, writeLineChart } from "./chart.ts";
import { type BenchDatabase, startBenchDatabase } from "./database.ts";
import { compare, formatComparison, formatFigure, formatTable, median } from "./measure.ts";
import {
  absurd,
  graphile,
  groundwork,
  pgBoss,
  pgmq,
  type QueueUnderTest,
  SQL_FILES,
} from "./queue-clients.ts";
import { pgflow } from "./queue-flows.ts";

/** Jobs of one measurement: enough for a second or two of each. */
const JOBS: Record<string, number> = { fast: 100_000, slow: 20_000, single: 4_000, flow: 2_000 };

/** Claiming and completing jobs that do nothing, beside other queues in Postgres. */
export async function benchQueue(): Promise<string> {
  const database = await startBenchDatabase({ redis: "none" });
  const queues: [QueueUnderTest, number][] = [
    [groundwork(database.url, 500, 4), JOBS.fast!],
    [groundwork(database.url, 100, 4), JOBS.fast!],
    [groundwork(database.url, 1, 8), JOBS.single!],
    [graphile(database.url, true), JOBS.fast!],
    [graphile(database.url, false), JOBS.slow!],
    [pgBoss(database.url, 100, 4), JOBS.slow!],
  ];
  const missing: string[] = [];
  for (
    const [name, make, variable, jobs] of [
      ["pgmq", pgmq, SQL_FILES.pgmq, JOBS.slow],
      ["Absurd", absurd, SQL_FILES.absurd, JOBS.slow],
      ["pgflow", pgflow, SQL_FILES.pgmq, JOBS.flow],
    ] as const
  ) {
    if (Deno.env.has(variable)) queues.push([make(database.url, 100, 4), jobs!]);
    else missing.push(`NOT RUN: ${name}: ${variable} names the file of SQL that installs it`);
  }
  try {
    for (const [queue] of queues) await queue.setUp();
    const comparison = await compare(
      {
        title: "Claim and complete jobs that do nothing",
        unit: "jobs/s",
        better: "more",
        baseline: "graphile-worker, tuned",
      },
      queues.map(([queue, jobs]) => ({
        name: queue.name,
        measure: () => measureDrain(database, queue, jobs),
      })),
    );
    return [
      formatComparison(comparison),
      formatComparison({
        ...comparison,
        title: "The same, against pg-boss",
        baseline: "pg-boss, batches of 100",
      }),
      ...missing,
    ].join("\n\n");
  } finally {
    for (const [queue] of queues) await queue.close();
    await database.stop();
  }
}

/** Jobs per second from the first claim to the last acknowledgement. */
async function measureDrain(
  database: BenchDatabase,
  queue: QueueUnderTest,
  jobs: number,
): Promise<number> {
  await queue.clear();
  await queue.fill(jobs);
  await database.execute("vacuum analyze");
  let done = 0;
  const started = performance.now();
  let ended = Infinity;
  await queue.work(() => done >= jobs, (more) => {
    done += more;
    if (done >= jobs) ended = performance.now();
  });
  return jobs / (ended - started) * 1000;
}

/**
 * How long our run alone takes; ours beside a held transaction a third of that, the rival's a tenth: by then they have
 * settled.
 */
const MINUTES = Number(Deno.env.get("BENCH_MINUTES") ?? 10);
const SAMPLE_SECONDS = 5;
/** Jobs that wait while the producer pauses. */
const BACKLOG = 20_000;

/**
 * The rate over time: jobs are added as fast as they are done, alone and while another transaction is held open, whose
 * snapshot keeps every dead row. Writes the picture that the README and docs/benchmarks.md show.
 */
export async function benchQueueOverTime(): Promise<string> {
  const series: Series[] = [];
  const rows: string[][] = [];
  for (const name of ["Groundwork", "graphile-worker"]) {
    for (const held of [false, true]) {
      const minutes = MINUTES / (name === "Groundwork" ? held ? 3 : 1 : 10);
      const points = await measureRun(name, held, minutes);
      const label = `${name}${held ? ", another transaction held open" : ""}`;
      series.push({ label, points });
      const perMinute = Math.ceil(60 / SAMPLE_SECONDS);
      const first = median(points.slice(1, 1 + perMinute).map(([, rate]) => rate));
      const last = median(points.slice(-perMinute).map(([, rate]) => rate));
      rows.push([
        label,
        formatFigure(minutes),
        ...[first, last, last / first].map(formatFigure),
      ]);
    }
  }
  const picture = new URL("../docs/pictures/queue-rate.svg", import.meta.url);
  await writeLineChart(picture, {
    title: "Jobs added, claimed and completed per second",
    x: "minutes",
    y: "jobs/s",
    series,
  });
  return [
    "### The rate over time, jobs added as fast as they are done",
    "",
    formatTable(
      ["", "minutes", "first minute, jobs/s", "last minute, jobs/s", "last / first"],
      rows,
    ),
  ].join("\n");
}

/** One run on a database of its own: [minutes, jobs/s] each few seconds. */
async function measureRun(
  name: string,
  held: boolean,
  minutes: number,
): Promise<[number, number][]> {
  const database = await startBenchDatabase({ redis: "none" });
  const queue = name === "Groundwork"
    ? groundwork(database.url, 500, 2)
    : graphile(database.url, true);
  const other = postgres(database.url, { max: 1, onnotice: () => {} });
  let done = 0;
  let over = false;
  const points: [number, number][] = [];
  try {
    await queue.setUp();
    await queue.clear();
    const holding = held ? holdTransaction(other, () => over) : undefined;
    const producing = produce(queue, () => over, () => done);
    const tidying = setInterval(
      () => void database.execute("select private.release_expired_work()"),
      10_000,
    );
    let seen = 0;
    let since = performance.now();
    const started = since;
    const sampling = setInterval(() => {
      const now = performance.now();
      points.push([(now - started) / 60_000, (done - seen) / (now - since) * 1000]);
      seen = done;
      since = now;
      if (now - started >= minutes * 60_000) over = true;
    }, SAMPLE_SECONDS * 1000);
    await queue.work(() => over, (more) => done += more);
    clearInterval(sampling);
    clearInterval(tidying);
    await producing;
    await holding;
    return points;
  } finally {
    await other.end();
    await queue.close();
    await database.stop();
  }
}

async function produce(queue: QueueUnderTest, isOver: () => boolean, done: () => number) {
  let made = 0;
  while (!isOver()) {
    if (made - done() > BACKLOG) await new Promise((resolve) => setTimeout(resolve, 5));
    else {
      await queue.fill(2000);
      made += 2000;
    }
  }
}

/** A transaction with a snapshot and an id of its own, as a long report or a forgotten session has. */
async function holdTransaction(sql: postgres.Sql, isOver: () => boolean): Promise<void> {
  await sql.begin("isolation level repeatable read", async (transaction) => {
    await transaction`select pg_current_xact_id(), count(*) from private.work_queues`;
    while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 100));
  });
}
