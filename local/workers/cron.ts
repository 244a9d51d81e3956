/**
 * Runs the jobs in `cron.job` when they are due, as pg_cron's background worker does. For the embedded database only.
 */
import { Cron } from "croner";
import type postgres from "postgres";
import type { Worker } from "./http.ts";

interface Job {
  jobid: string;
  schedule: string;
  command: string;
  database: string;
  username: string;
  active: boolean;
}

/** croner's form of one of pg_cron's schedules: '10 seconds' is every tenth second, times are UTC. */
export function toCronerPattern(schedule: string): string {
  const seconds = /^\s*(\d+)\s+seconds?\s*$/i.exec(schedule)?.[1];
  // pg_cron calls the last day of a month $, croner L.
  return seconds ? `*/${seconds} * * * * *` : schedule.trim().replace("$", "L");
}

/**
 * Starts the scheduler. It follows changes of `cron.job` through the extension's own notification. A job that is still
 * running when it is due again starts once more when it has ended, as pg_cron does. `onError` hears what goes wrong
 * outside of the jobs themselves.
 */
export async function startCronWorker(
  sql: postgres.Sql,
  onError: (error: unknown) => void,
): Promise<Worker> {
  const timers = new Map<string, { job: Job; cron: Cron }>();
  const underway = new Map<string, Promise<void>>();
  const isDueAgain = new Set<string>();
  let isStopped = false;

  async function execute(job: Job) {
    const [run] = await sql<{ runid: string }[]>`
      insert into cron.job_run_details (jobid, database, username, command, status, start_time)
      values (${job.jobid}, ${job.database}, ${job.username}, ${job.command}, 'running', clock_timestamp())
      returning runid
    `;
    const outcome = await sql.begin(async (transaction) => {
      await transaction.unsafe(`set local role "${job.username.replaceAll('"', '""')}"`);
      const result = await transaction.unsafe(job.command).simple();
      return { status: "succeeded", message: describeResult(result) };
    }).catch((error: Error) => ({ status: "failed", message: `ERROR: ${error.message}` }));
    await sql`
      update cron.job_run_details
      set status = ${outcome.status}, return_message = ${outcome.message}, end_time = clock_timestamp()
      where runid = ${run?.runid ?? null}
    `;
  }

  function start(job: Job) {
    if (isStopped) return;
    if (underway.has(job.jobid)) {
      isDueAgain.add(job.jobid);
      return;
    }
    const running = execute(job).catch((error) => {
      if (!isStopped) onError(error);
    }).finally(() => {
      underway.delete(job.jobid);
      const current = timers.get(job.jobid)?.job;
      if (isDueAgain.delete(job.jobid) && current) start(current);
    });
    underway.set(job.jobid, running);
  }

  async function reload() {
    const jobs = await sql<
      Job[]
    >`select jobid, schedule, command, database, username, active from cron.job where active`;
    const wanted = new Map(jobs.map((job) => [job.jobid, job]));
    for (const [id, { job, cron }] of timers) {
      if (JSON.stringify(wanted.get(id)) === JSON.stringify(job)) continue;
      cron.stop();
      timers.delete(id);
    }
    for (const job of jobs) {
      if (timers.has(job.jobid)) continue;
      const cron = new Cron(toCronerPattern(job.schedule), { timezone: "UTC" }, () => start(job));
      timers.set(job.jobid, { job, cron });
    }
  }

  const follow = () => {
    reload().catch((error) => {
      if (!isStopped) onError(error);
    });
  };
  const listening = await sql.listen("cron_changed", follow, follow);
  return {
    async stop() {
      isStopped = true;
      for (const { cron } of timers.values()) cron.stop();
      await listening.unlisten();
      await Promise.all(underway.values());
    },
  };
}

/** What pg_cron writes about a job that went well: the rows of a query, or the command's tag. */
function describeResult(result: unknown): string {
  const last = Array.isArray(result) && Array.isArray(result.at(-1)) ? result.at(-1) : result;
  const { command, count } = last as { command?: string; count?: number | null };
  if (command === "SELECT") return `${count ?? 0} row${count === 1 ? "" : "s"}`;
  return [command, count].filter((part) => part !== null && part !== undefined).join(" ");
}
