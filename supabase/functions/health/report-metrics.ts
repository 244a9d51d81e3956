import { ApiError } from "../_shared/errors.ts";
import type { RequestContext } from "../_shared/http/app.ts";
import { buckets } from "../_shared/http/observe.ts";
import { log } from "../_shared/log.ts";
import type { Services } from "../_shared/services.ts";
import { sha256 } from "../_shared/sha256.ts";
import { families } from "./metric-families.ts";
import { cumulate, formatMetrics, nameSeries, type Sample } from "./prometheus.ts";

/** What `private.metric_figures` answers. */
interface MetricFigures {
  counters: Record<string, number>;
  work: {
    kind: string;
    pending: number;
    in_progress: number;
    failed: number;
    oldest_due_seconds: number;
  }[];
  work_abandoned: number;
  calls: { sent: number; retrying: number; failed: number; lost: number; overdue_seconds: number };
  jobs: Record<string, boolean>;
  sealing_lag_seconds: number;
  audit_entries: number;
  billing_events: number;
  budgets_used_up: Record<string, number>;
}

/** Milliseconds. Several scrapers share what one of them has asked. */
const lifetime = 2000;
/** What a scrape may take of the database: beyond that the query is cancelled. */
const patience = { acquire: 500, query: 3000 };

/** What the database says, as series. */
function describe(figures: MetricFigures): Sample[] {
  const samples: Sample[] = [];
  const tell = (name: string, value: number, labels?: Record<string, string>) =>
    samples.push({ name: `groundwork_${name}`, value, ...(labels ? { labels } : {}) });
  for (const { kind, oldest_due_seconds, ...states } of figures.work) {
    for (const [state, count] of Object.entries(states)) {
      tell("work", count, { queue: kind, state });
    }
    tell("work_oldest_due_seconds", oldest_due_seconds, { queue: kind });
  }
  tell("work_abandoned", figures.work_abandoned);
  const { sent, retrying, failed, lost, overdue_seconds } = figures.calls;
  for (const [state, count] of Object.entries({ sent, retrying })) {
    tell("function_calls", count, { state });
  }
  for (const [state, count] of Object.entries({ failed, lost })) {
    tell("function_calls_given_up", count, { state });
  }
  tell("function_calls_overdue_seconds", overdue_seconds);
  for (const [job, isFailing] of Object.entries(figures.jobs)) {
    tell("job_failing", isFailing ? 1 : 0, { job_name: job });
  }
  tell("audit_sealing_lag_seconds", figures.sealing_lag_seconds);
  tell("audit_entries_total", figures.audit_entries);
  tell("billing_events_total", figures.billing_events);
  for (const [period, count] of Object.entries(figures.budgets_used_up)) {
    tell("budgets_used_up", count, { period });
  }
  return samples;
}

async function tryAsking<Result>(what: string, ask: () => Promise<Result>): Promise<Result | null> {
  try {
    return await ask();
  } catch (error) {
    log("warning", `${what} could not be read`, { error });
    return null;
  }
}

/** The whole text. The database may be away: then it says that, and a scraper hears it. */
async function measure({ database, scratchpad }: Services): Promise<string> {
  const begun = performance.now();
  const answered = await tryAsking(
    "the database",
    () => database.run((sql) => sql`select 1`, patience),
  );
  const latency = (performance.now() - begun) / 1000;
  const figures = answered && await tryAsking("the metrics' figures", async () => {
    const [row] = await database.run(
      (sql) => sql<{ figures: MetricFigures }[]>`select private.metric_figures() as figures`,
      patience,
    );
    return row?.figures ?? null;
  });
  const own: Sample[] = [
    { name: "groundwork_database_up", value: answered ? 1 : 0 },
    ...(answered ? [{ name: "groundwork_database_latency_seconds", value: latency }] : []),
    { name: "groundwork_figures_up", value: figures ? 1 : 0 },
    ...(scratchpad.isShared
      ? [{ name: "groundwork_redis_up", value: scratchpad.state === "closed" ? 1 : 0 }]
      : []),
  ];
  const series = figures ? cumulate(figures.counters, buckets) : new Map<string, number>();
  for (const sample of [...own, ...(figures ? describe(figures) : [])]) {
    series.set(nameSeries(sample), sample.value);
  }
  return formatMetrics(families, series);
}

const measured = new WeakMap<Services, { at: number; text: Promise<string> }>();

function recall(services: Services): Promise<string> {
  const known = measured.get(services);
  if (known && Date.now() - known.at < lifetime) return known.text;
  const text = measure(services);
  measured.set(services, { at: Date.now(), text });
  return text;
}

/** Digests have one length and tell nothing of where they differ. */
function isScraper(context: RequestContext): boolean {
  const { metricsToken } = context.env.environment;
  const given = /^bearer +(\S+) *$/i.exec(context.req.raw.headers.get("authorization") ?? "")?.[1];
  return metricsToken !== null && given !== undefined &&
    sha256(given, "hex") === sha256(metricsToken, "hex");
}

/**
 * `GET /health/metrics`: the metrics of all isolates, as Prometheus reads them. For a secret key in
 * `apikey`, or `Authorization: Bearer` with what `GROUNDWORK_METRICS_TOKEN` says.
 */
export async function reportMetrics(context: RequestContext): Promise<Response> {
  if (!isScraper(context)) {
    try {
      await context.env.authenticator.identify(context.req.raw, "service");
    } catch {
      throw new ApiError(401, "not_authenticated", "This needs a scraper's credential.", {
        hint:
          "Send a secret key in the apikey header, or GROUNDWORK_METRICS_TOKEN as a bearer token.",
        headers: { "www-authenticate": "Bearer" },
      });
    }
  }
  return new Response(await recall(context.env), {
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
}
