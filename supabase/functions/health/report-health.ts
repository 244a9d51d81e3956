import { answer, type RequestContext } from "../_shared/http/app.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import { type Figures, findAdvice, findTroubles, judge, type WorkFigures } from "./judge-health.ts";

/** Milliseconds. Anybody may ask, so what is measured is shared for a while. */
const lifetime = 2000;
const patience = { acquire: 500, query: 2000 };

async function time(work: () => Promise<unknown>): Promise<number | null> {
  const begun = performance.now();
  try {
    await work();
    return Math.round((performance.now() - begun) * 10) / 10;
  } catch (error) {
    log("warning", "a health check failed", { error });
    return null;
  }
}

async function readWork({ database }: Services): Promise<WorkFigures | null> {
  try {
    const [row] = await database.run(
      (sql) =>
        sql<WorkFigures[]>`
          select
            (
              select jsonb_build_object(
                'open', count(*) filter (where status in ('sent', 'retrying')),
                'failed', count(*) filter (where status = 'failed' and finished_at > now() - interval '1 day'),
                'lost', count(*) filter (where status = 'lost' and finished_at > now() - interval '1 day'),
                -- The reconciler looks each ten seconds: a minute past the deadline it does not.
                'overdue_since', min(deadline) filter (where status = 'sent' and deadline < now() - interval '1 minute')
              ) from private.function_calls
              where status in ('sent', 'retrying') or finished_at > now() - interval '1 day'
            ) as calls,
            (
              select coalesce(jsonb_agg(jsonb_build_object(
                'name', job.jobname,
                'last_started_at', latest.start_time,
                'last_status', case when exists (
                  select from private.job_failures as one
                  where split_part(one.job, ':', 1) = job.jobname
                ) then 'failed' else latest.status end,
                'failures', (
                  select count(*) from cron.job_run_details as run
                  where run.jobid = job.jobid and run.status = 'failed' and run.start_time > now() - interval '1 day'
                )
              ) order by job.jobname), '[]')
              from cron.job as job
              left join lateral (
                select run.start_time, run.status from cron.job_run_details as run
                where run.jobid = job.jobid and run.end_time is not null order by run.runid desc limit 1
              ) as latest on true
              where job.active
            ) as jobs,
            (select coalesce(jsonb_agg(to_jsonb(known)), '[]') from private.work_health_rows() as known) as queues,
            private.work_abandoned() as abandoned,
            (
              select jsonb_build_object('lag_seconds',
                coalesce(extract(epoch from now() - min(entry.occurred_at))::int, 0))
              from public.audit_log as entry
              where entry.xid >= (select sealed_to from private.audit_horizon)
                and entry.occurred_on >= (now() - interval '7 days')::date
            ) as sealing`,
      patience,
    );
    return row ?? null;
  } catch (error) {
    log("warning", "the database's figures could not be read", { error });
    return null;
  }
}

async function readVectorVersion({ database }: Services): Promise<string | null> {
  try {
    const [row] = await database.run(
      (sql) =>
        sql<{ version: string }[]>`
          select extversion as version from pg_catalog.pg_extension where extname = 'vector'`,
      patience,
    );
    return row?.version ?? null;
  } catch (error) {
    log("warning", "pgvector's version could not be read", { error });
    return null;
  }
}

async function measure(services: Services): Promise<Figures> {
  const { database, scratchpad } = services;
  const latency = await time(() => database.run((sql) => sql`select 1`, patience));
  const redis = scratchpad.state === "closed"
    ? await time(async () => {
      const found = await scratchpad.tryShared(async (pad) => [await pad.get("health")]);
      if (!found) throw new Error("Redis did not answer");
    })
    : null;
  return {
    database: {
      latency_ms: latency,
      pool: database.figures(),
      pgvector: latency === null ? null : await readVectorVersion(services),
    },
    scratchpad: {
      kind: scratchpad.state === "closed" ? "redis" : "postgres",
      breaker: scratchpad.state,
      openings: scratchpad.openings,
      latency_ms: redis,
    },
    work: latency === null ? null : await readWork(services),
  };
}

const measured = new WeakMap<Services, { at: number; figures: Promise<Figures> }>();

function recall(services: Services): Promise<Figures> {
  const known = measured.get(services);
  if (known && Date.now() - known.at < lifetime) return known.figures;
  const figures = measure(services);
  measured.set(services, { at: Date.now(), figures });
  return figures;
}

/** Whoever has no valid key is answered as somebody without one: a probe must not fail by its key. */
async function hasSecretKey(context: RequestContext): Promise<boolean> {
  if (!context.req.raw.headers.has("apikey")) return false;
  try {
    await context.env.authenticator.identify(context.req.raw, "service");
    return true;
  } catch {
    return false;
  }
}

/** `GET /health`: `up` or `degraded` with 200, `down` with 503; the figures for a secret key. */
export async function reportHealth(context: RequestContext): Promise<Response> {
  const figures = await recall(context.env);
  const troubles = findTroubles(figures);
  const status = judge(troubles);
  const body = await hasSecretKey(context)
    ? { status, troubles, advice: findAdvice(figures), ...figures }
    : { status };
  return answer(body, status === "down" ? 503 : 200);
}
