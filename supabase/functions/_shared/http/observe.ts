/**
 * What is seen of each request: a count, its time, and one line in the log. It costs a request some
 * microseconds, and nothing that it would wait for.
 */
import { type ApiError, toApiError } from "../errors.ts";
import { log } from "../log.ts";
import type { Cell, Metrics } from "../metrics.ts";
import type { Span } from "../traces/span.ts";

/** Seconds: the upper bounds of the histogram's buckets. */
export const buckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Infinity];

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
const formatBound = (bound: number) => bound === Infinity ? "+Inf" : String(bound);

/** Codes of errors that one isolate counts by name: products raise their own, and none is without end. */
const mostCodes = 100;
const codes = new Set<string>();
function nameCode(code: string): string {
  if (codes.has(code)) return code;
  if (codes.size >= mostCodes || !/^[a-z][a-z0-9_]{0,49}$/.test(code)) return "other";
  codes.add(code);
  return code;
}

/** A route as it is counted: the pattern that it was declared with, never the path that was asked for. */
export interface Route {
  readonly function: string;
  readonly route: string;
}

/** What came of a request. */
export interface Outcome {
  readonly status: number;
  readonly milliseconds: number;
  readonly error?: ApiError;
}

/** The counters of one route in one isolate. */
interface Cells {
  readonly metrics: Metrics;
  readonly times: readonly Cell[];
  readonly sum: Cell;
  /** What came last comes again most often. */
  lastMethod: string;
  lastClass: number;
  lastRequests: Cell;
}

function makeCells(name: string, metrics: Metrics): Cells {
  const time = (bound: number) =>
    `groundwork_request_duration_seconds_bucket{function="${name}",le="${formatBound(bound)}"}`;
  return {
    metrics,
    times: buckets.map((bound) => metrics.cell(time(bound))),
    sum: metrics.cell(`groundwork_request_duration_seconds_sum{function="${name}"}`),
    lastMethod: "",
    lastClass: 0,
    lastRequests: { value: 0 },
  };
}

/** Counts requests of one route. The names of its series are made once in an isolate. */
export function createCounter(
  { function: name, route }: Route,
): (metrics: Metrics, method: string, outcome: Outcome) => void {
  let cells: Cells | undefined;
  return (metrics, method, { status, milliseconds, error }) => {
    if (cells?.metrics !== metrics) cells = makeCells(name, metrics);
    const statusClass = (status / 100) | 0;
    if (method !== cells.lastMethod || statusClass !== cells.lastClass) {
      const known = methods.has(method) ? method : "other";
      cells.lastMethod = method;
      cells.lastClass = statusClass;
      cells.lastRequests = metrics.cell(
        `groundwork_requests_total{function="${name}",route="${route}",method="${known}",status="${statusClass}xx"}`,
      );
    }
    const seconds = milliseconds / 1000;
    let bucket = 0;
    while (seconds > (buckets[bucket] ?? Infinity)) bucket++;
    cells.lastRequests.value++;
    cells.times[bucket]!.value++;
    cells.sum.value += seconds;
    metrics.touch();
    if (error) {
      metrics.add(
        `groundwork_request_errors_total{function="${name}",code="${nameCode(error.code)}"}`,
      );
    }
  };
}

/**
 * Handlers of permission checks and of claims, which are asked all the time. A check that is answered from memory takes
 * some microseconds, and a line in the log half as much again: a quick one has none, unless all are asked for.
 */
export const checks = new WeakSet<object>();
/** Milliseconds: a check that takes longer has a line. */
const quick = 100;

/** Whether a request has a line in the log. */
export function hasLine(
  logged: "all" | "usual" | "failed",
  isCheck: boolean,
  { status, milliseconds }: Outcome,
): boolean {
  if (logged === "all" || status >= 500) return true;
  return logged === "usual" && !(isCheck && status < 400 && milliseconds < quick);
}

/** What a line of the log says besides the outcome. */
export interface Asked extends Route {
  readonly request: Request;
  readonly method: string;
  readonly requestId: string;
  readonly span?: Span | undefined;
}

/**
 * The request's line. Its path is told where something is wrong on our side, otherwise the pattern
 * of its route: a path has ids.
 */
export function logRequest(asked: Asked, { status, milliseconds, error }: Outcome): void {
  const { request, method, requestId, route, span } = asked;
  const isOurs = error !== undefined && status >= 500;
  log(
    !isOurs ? "info" : status === 503 ? "warning" : "error",
    isOurs ? error.message : "request",
    {
      request_id: requestId,
      trace_id: span?.context.traceId,
      span_id: span?.context.spanId,
      function: asked.function,
      route,
      method,
      status,
      duration_ms: milliseconds,
      code: error?.code,
      ...(isOurs
        ? {
          caller_request_id: request.headers.get("x-request-id") ?? undefined,
          path: new URL(request.url).pathname,
          cause: error.cause,
        }
        : {}),
    },
  );
}

/** Ends a request's span, with the names that OpenTelemetry has for HTTP servers. */
export function endSpan(
  span: Span,
  method: string,
  route: string,
  requestId: string,
  { status, error }: Outcome,
): void {
  if (!span.context.isSampled) return; // nothing of it is kept
  const known = methods.has(method) ? method : "HTTP";
  span.set({
    "http.request.method": known === "HTTP" ? "_OTHER" : known,
    "http.route": route,
    "http.response.status_code": status,
    "error.type": status >= 500 ? error?.code ?? String(status) : undefined,
    "groundwork.error.code": error?.code,
    "groundwork.request.id": requestId,
  });
  span.end({ name: `${known} ${route}`, isError: status >= 500 });
}

/** The outcome of a request that threw. */
export function failedWith(thrown: unknown, milliseconds: number): Outcome {
  const error = toApiError(thrown);
  return { status: error.status, milliseconds, error };
}
