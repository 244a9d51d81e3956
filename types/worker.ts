/**
 * A worker: claims work in batches, runs a handler on each piece, holds the leases while handlers
 * run, says what became of the work in batches, and stops gracefully.
 *
 * It depends on nothing but what it is handed, and runs in Deno and in Node 20 and later.
 */
import { RefusedError } from "./calls.ts";
import type { Json } from "./database.types.ts";
import {
  type Claimed,
  type Held,
  type Transport,
  type Verdict,
  withDeadline,
  WorkError,
  type WorkHandler,
  type WorkOf,
} from "./work.ts";

export * from "./work.ts";
export * from "./work-transports.ts";

/** How a worker works. Times are seconds. */
export interface WorkerOptions<Queue extends string> {
  queue: Queue;
  transport: Transport;
  handler: WorkHandler<Queue>;
  /** Its name in the queue's rows. Default: a random one. */
  name?: string;
  /** Handlers that run at once. Default 10. */
  concurrency?: number;
  /** Pieces per claim. Default: as many as run at once. */
  batch?: number;
  /** How long work is held without a heartbeat; heartbeats go out each third of it. Default 30. */
  lease?: number;
  /** The pause when nothing is due: it doubles from the first to the second. Default 0.2 and 5. */
  poll?: { least: number; most: number };
  /** Ends by itself when nothing is due any more. Default: runs until it is stopped. */
  untilEmpty?: boolean;
  /** Hears what goes wrong: claims that fail, leases that are lost, answers that are refused. */
  onError?: (error: unknown, ids: number[]) => void;
}

/** A worker that runs. */
export interface RunningWorker {
  /** Claims no more, finishes what runs, gives back what has not begun. Resolves when all is said. */
  stop(): Promise<void>;
  /** Resolves when it has ended, by `stop` or `untilEmpty`. */
  finished: Promise<void>;
}

interface Job {
  claimed: Claimed;
  abort: AbortController;
  /** Milliseconds on the worker's own clock, counted from before the request: never too late. */
  heldUntil: number;
  verdict: Exclude<Verdict<string>, void> | null; // null while it waits or runs
}

const longestPause = 5000; // milliseconds
const mostIdsInACall = 1000;

/**
 * Starts a worker.
 *
 * @example
 * ```ts
 * const worker = runWorker({
 *   queue: "code_task_queue",
 *   transport: httpTransport({ url, key }),
 *   handler: async ({ work }, signal) => ({ outcome: { result: await run(work.prompt, signal) } }),
 * });
 * Deno.addSignalListener("SIGTERM", () => worker.stop());
 * await worker.finished;
 * ```
 */
export function runWorker<Queue extends string>(options: WorkerOptions<Queue>): RunningWorker {
  const { queue, handler, concurrency = 10, lease = 30 } = options;
  const transport = withDeadline(options.transport, lease);
  const batch = Math.min(options.batch ?? concurrency, mostIdsInACall);
  const poll = options.poll ?? { least: 0.2, most: 5 };
  const name = options.name ?? `worker-${crypto.randomUUID().slice(0, 8)}`;
  const onError = options.onError ??
    ((error: unknown, ids: number[]) => console.error(`${name}:`, error, ids));
  const waiting: Job[] = [];
  const running = new Set<Job>();
  let unsaid: Job[] = [];
  let saying: Promise<void> | null = null;
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  let wake = () => {};

  const heldFrom = (sent: number) => sent + lease * 1000;
  const idsOf = (jobs: Job[]) => jobs.map(({ claimed }) => claimed.id);

  function lose(jobs: Job[], cause: unknown): void {
    if (jobs.length === 0) return;
    for (const job of jobs) {
      running.delete(job);
      const place = waiting.indexOf(job);
      if (place >= 0) waiting.splice(place, 1);
      job.abort.abort(cause);
    }
    onError(cause, idsOf(jobs));
    wake();
  }

  function begin(): void {
    while (running.size < concurrency && waiting.length > 0 && !isStopping()) {
      const job = waiting.shift()!;
      running.add(job);
      run(job);
    }
  }

  async function run(job: Job): Promise<void> {
    let verdict: Verdict<Queue>;
    try {
      verdict = await handler(job.claimed as Claimed<WorkOf<Queue>>, job.abort.signal);
    } catch (error) {
      verdict = { fail: error instanceof Error ? `${error.name}: ${error.message}` : `${error}` };
    }
    if (!running.delete(job)) return; // lost meanwhile
    job.verdict = (verdict ?? { outcome: {} }) as Job["verdict"];
    unsaid.push(job);
    begin();
    speak();
    wake();
  }

  /** One round at a time: what is finished meanwhile goes out together in the next. */
  function speak(): void {
    saying ??= (async () => {
      // A moment, in which what ends at the same time is said together.
      for (let pause = 0; unsaid.length > 0; pause = await sayAll(pause)) {
        await sleep(pause);
      }
    })().finally(() => {
      saying = null;
      if (unsaid.length > 0) speak(); // it came between the last look and now
      wake();
    });
  }

  /** Says all that is unsaid. Returns the pause before the next round: longer while nobody answers. */
  async function sayAll(pause: number): Promise<number> {
    const groups = groupBy(unsaid, (job) => job.claimed.claim_token + JSON.stringify(job.verdict));
    unsaid = [];
    const kept = await Promise.all(groups.map(say));
    const now = performance.now();
    for (const job of kept.flat()) {
      // Who is stopping does not wait for a database that stays away: others will get this work.
      if (isStopping() && job.heldUntil < now) {
        onError(new Error("what became of this work could not be said in time"), [job.claimed.id]);
      } else unsaid.push(job);
    }
    return kept.some((jobs) => jobs.length > 0) ? jittered(Math.max(pause, 50)) : 0;
  }

  /** Says one verdict on some jobs of one claim. Returns those that it could not be said of yet. */
  async function say(jobs: Job[]): Promise<Job[]> {
    const held: Held = { token: jobs[0]!.claimed.claim_token, ids: idsOf(jobs) };
    const verdict = jobs[0]!.verdict!;
    try {
      if ("outcome" in verdict) {
        await transport.complete(queue, held, verdict.outcome as Record<string, Json>);
      } else if ("snooze" in verdict) {
        await transport.snooze(queue, held, verdict.snooze, verdict.reason);
      } else await transport.fail(queue, held, verdict.fail, verdict);
      return [];
    } catch (error) {
      if (!(error instanceof WorkError)) {
        onError(error, held.ids);
        return jobs;
      }
      if (error.code === "lease_lost") {
        const lost = jobs.filter((job) =>
          error.lost.length === 0 || error.lost.includes(job.claimed.id)
        );
        onError(error, idsOf(lost));
        return jobs.filter((job) => !lost.includes(job));
      }
      onError(error, held.ids);
      if (!("outcome" in verdict)) return []; // the lease will end
      // An outcome that the table refuses is a failure of the handler.
      for (const job of jobs) job.verdict = { fail: `the outcome was refused: ${error.message}` };
      return jobs;
    }
  }

  /** Holds what waits and runs; what is being said is not held any longer than that takes. */
  async function beat(): Promise<void> {
    const all = [...waiting, ...running, ...unsaid];
    const late = all.filter((job) => job.heldUntil < performance.now() && !job.verdict);
    lose(late, new WorkError("lease_lost", "No heartbeat was answered until the lease had ended."));
    await Promise.all(
      groupBy(all.filter((job) => !late.includes(job)), (job) => job.claimed.claim_token).map(hold),
    );
  }

  async function hold(jobs: Job[]): Promise<void> {
    const sent = performance.now();
    try {
      const held: Held = { token: jobs[0]!.claimed.claim_token, ids: idsOf(jobs) };
      await transport.heartbeat(queue, held, lease);
      for (const job of jobs) job.heldUntil = heldFrom(sent);
    } catch (error) {
      if (!(error instanceof WorkError && error.code === "lease_lost")) {
        return onError(error, idsOf(jobs));
      }
      const isLost = (job: Job) => error.lost.length === 0 || error.lost.includes(job.claimed.id);
      // What was said while the heartbeat was on its way is not lost: its own answer tells.
      lose(jobs.filter((job) => isLost(job) && !job.verdict), error);
      const others = jobs.filter((job) => !isLost(job));
      if (others.length > 0) await hold(others);
    }
  }

  async function claim(): Promise<number> {
    const sent = performance.now();
    const got = await transport.claim(queue, name, batch, lease);
    const heldUntil = heldFrom(sent);
    for (const claimed of got) {
      waiting.push({ claimed, abort: new AbortController(), heldUntil, verdict: null });
    }
    begin();
    return got.length;
  }

  /** Resolves after a while, or at once when the worker is stopped. */
  function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, milliseconds);
      function done() {
        clearTimeout(timer);
        stopping.signal.removeEventListener("abort", done);
        resolve();
      }
      if (milliseconds > 0 && !isStopping()) stopping.signal.addEventListener("abort", done);
    });
  }

  const changed = () => new Promise<void>((resolve) => wake = resolve);
  async function work(): Promise<void> {
    let pause = 0;
    while (!isStopping()) {
      // The next batch comes while the last of this one runs.
      if (waiting.length > 0 && waiting.length * 2 >= batch || running.size >= concurrency) {
        await changed();
        continue;
      }
      let told = 0; // seconds, by a backend that wants to be asked later
      const got = await claim().catch((error) => {
        onError(error, []);
        if (error instanceof RefusedError) told = error.retryAfter ?? 0;
        return null;
      });
      if (got !== null && got > 0) pause = 0;
      else {
        const isEmpty = got === 0 && running.size + waiting.length + unsaid.length === 0 && !saying;
        if (options.untilEmpty && isEmpty) break;
        pause = Math.min(Math.max(pause * 2, poll.least * 1000), poll.most * 1000);
        await sleep(Math.max(jittered(pause / 2), told * 1000));
      }
    }
    stopping.abort();
    for (const job of waiting.splice(0)) {
      job.verdict = { snooze: new Date(), reason: `${name} stopped before it began` };
      unsaid.push(job);
    }
    speak();
    while (running.size > 0 || unsaid.length > 0 || saying) await changed();
  }

  const beats = setInterval(() => beat().catch((error) => onError(error, [])), lease * 1000 / 3);
  const finished = work().finally(() => clearInterval(beats));
  return {
    finished,
    stop() {
      stopping.abort();
      wake();
      return finished;
    },
  };
}

/** Up to twice as long, so that what waits together does not come back together. */
const jittered = (pause: number): number => Math.min(pause, longestPause) * (1 + Math.random());

/** Groups of at most as many as fit into one call. */
function groupBy(jobs: Job[], keyOf: (job: Job) => string): Job[][] {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    const key = keyOf(job);
    if (!groups.get(key)?.push(job)) groups.set(key, [job]);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from(
      { length: Math.ceil(group.length / mostIdsInACall) },
      (_, n) => group.slice(n * mostIdsInACall, (n + 1) * mostIdsInACall),
    )
  );
}
