/**
 * One Hono app per function, and what all of them answer alike: CORS, unknown routes, methods that
 * a route does not have, errors, and the request id that ties an answer to its line in the log.
 *
 * There is no middleware: each wrapper is a plain function, so that the warm permission check does
 * next to nothing besides its own work.
 */
import { type Context, Hono } from "hono";
import { ApiError, errorBody, toApiError } from "../errors.ts";
import type { Services } from "./bindings.ts";
import type { Span } from "../traces/span.ts";
import { noteRoute } from "./declared.ts";
import {
  checks,
  createCounter,
  endSpan,
  failedWith,
  hasLine,
  logRequest,
  type Outcome,
  type Route,
} from "./observe.ts";

/** What Hono passes to every handler: the services are its bindings. */
export interface AppEnvironment {
  Bindings: Services;
}
/** A request on its way through one of our functions. */
export type RequestContext = Context<AppEnvironment>;
/** One function's app. */
export type App = Hono<AppEnvironment>;

const exposed = [
  "ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after, x-request-id, x-answered-from, x-position",
  "www-authenticate",
  "etag, stream-next-offset, stream-up-to-date, stream-closed, stream-cursor, stream-sse-data-encoding",
  "stream-ttl, stream-expires-at, x-vercel-ai-ui-message-stream",
].join(", ");
/** What supabase-js sends (the list that it exports), what tracing adds, and what our own routes read. */
const allowedHeaders = [
  "apikey, authorization, content-type, x-client-info, x-region, x-retry-count",
  "traceparent, tracestate, baggage, sentry-trace",
  "if-none-match, user-agent",
  "idempotency-key, last-event-id, x-consistency, x-request-id, x-workspace-id",
  // What clients of MCP say of their requests.
  "mcp-protocol-version, mcp-session-id, mcp-method, mcp-name",
].join(", ");

const jsonHeaders = { "content-type": "application/json" };

const preflightHeaders = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
  "access-control-allow-headers": allowedHeaders,
  "access-control-max-age": "7200",
};

/** A JSON answer. */
export function answer(
  body: unknown,
  status = 200,
  headers?: Record<string, string>,
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: headers ? { ...jsonHeaders, ...headers } : jsonHeaders,
  });
}

/** A JSON answer whose text was made before. */
export function answerText(text: string, headers?: Record<string, string>): Response {
  return new Response(text, { headers: headers ? { ...jsonHeaders, ...headers } : jsonHeaders });
}

const requestIds = new WeakMap<Request, string>();

/**
 * The id under which this request is in the log and in the audit log. It is made here and never
 * taken from the caller, who could otherwise reuse one and so keep an entry from being written.
 */
export function requestId(request: Request): string {
  let id = requestIds.get(request);
  if (!id) {
    id = crypto.randomUUID();
    requestIds.set(request, id);
  }
  return id;
}

function answerError(error: unknown, request: Request): Response {
  const known = toApiError(error);
  return new Response(errorBody(known), {
    status: known.status,
    headers: { ...jsonHeaders, ...known.headers, "x-request-id": requestId(request) },
  });
}

const spans = new WeakMap<Request, Span>();

/**
 * The request's place in its trace: `traceparent` is for whatever is asked or left to do for it, and
 * attributes that are set are recorded. Undefined where there is no trace.
 */
export function traceOf(request: Request): Span | undefined {
  return spans.get(request);
}

type Handler = (context: RequestContext) => Response | Promise<Response>;

/** In the URL of a socket or an EventSource, to which browsers give no headers. */
function findInUrl({ url }: Request): string | null {
  return url.includes("traceparent=") ? new URL(url).searchParams.get("traceparent") : null;
}

/** Wraps a route's handler: what came of each request is counted and logged. */
function observe(route: Route, handler: Handler): Handler {
  const count = createCounter(route);
  const isCheck = checks.has(handler);
  const path = `/${route.function}${route.route === "/" ? "" : route.route}`;
  function note(
    request: Request,
    method: string,
    env: Services,
    span: Span | undefined,
    outcome: Outcome,
  ) {
    count(env.metrics, method, outcome);
    if (span) endSpan(span, method, path, requestId(request), outcome);
    if (hasLine(env.environment.loggedRequests, isCheck, outcome)) {
      logRequest({ ...route, request, method, requestId: requestId(request), span }, outcome);
    }
  }
  return async (context) => {
    const begun = Date.now(); // the runtime's other clock costs microseconds (decision 35)
    const { env, req: { raw: request } } = context;
    // Read now: a request that was upgraded to a socket tells nothing any more.
    const { method } = request;
    const traceparent = request.headers.get("traceparent") ?? (isCheck ? null : findInUrl(request));
    const state = traceparent === null ? null : request.headers.get("tracestate");
    const span = env.tracer.enter(traceparent, path, state);
    if (span) spans.set(request, span);
    try {
      const response = await (span
        ? env.tracer.run(span, () => handler(context))
        : handler(context));
      note(request, method, env, span, {
        status: response.status,
        milliseconds: Date.now() - begun,
      });
      return response;
    } catch (error) {
      note(request, method, env, span, failedWith(error, Date.now() - begun));
      throw error;
    }
  };
}

const methods = ["GET", "POST", "PUT", "DELETE"];
const declarers = ["get", "post", "put", "delete", "all"] as const;

function answerUnmatched(app: App, context: RequestContext): Response {
  const path = context.req.path;
  const others = methods.filter((method) => app.router.match(method, path)[0].length > 0);
  throw others.length === 0
    ? new ApiError(404, "unknown_route", `There is no ${path}.`)
    : new ApiError(405, "method_not_allowed", `${path} does not take ${context.req.method}.`, {
      hint: `It takes ${others.join(", ")}.`,
      headers: { allow: others.join(", ") },
    });
}

/** Makes a function's app: its routes are relative to `/<name>`. */
export function createApp(name: string): App {
  const app: App = new Hono<AppEnvironment>().basePath(`/${name}`);
  for (const declare of declarers) {
    const add = app[declare] as (path: string, handler: Handler) => App;
    const addObserved = (path: string, handler: Handler) => {
      noteRoute(app, {
        method: declare,
        path: path === "/" ? `/${name}` : `/${name}${path}`,
        handler,
      });
      return add(path, observe({ function: name, route: path }, handler));
    };
    Object.assign(app, { [declare]: addObserved });
  }
  app.onError((error, context) => answerError(error, context.req.raw));
  app.notFound(
    observe({ function: name, route: "none" }, (context) => answerUnmatched(app, context)),
  );
  return app;
}

/** Any origin may ask: the credential is a header, never a cookie. */
function allowOrigin(response: Response): Response {
  if (response.status === 101) return response; // a WebSocket: browsers do not ask for it there
  response.headers.set("access-control-allow-origin", "*");
  response.headers.set("access-control-expose-headers", exposed);
  return response;
}

/**
 * What a function exports: preflights are answered at once, everything else by its routes.
 *
 * @param services makes or returns the isolate's services; a failure to make them is answered, not thrown
 */
export function serve(
  app: App,
  services: () => Services,
): { fetch: (request: Request) => Response | Promise<Response> } {
  return {
    fetch(request) {
      if (request.method === "OPTIONS") {
        return new Response(null, { status: 204, headers: preflightHeaders });
      }
      let response: Response | Promise<Response>;
      try {
        response = app.fetch(request, services());
      } catch (error) {
        // Without services there is nothing to count with: the line in the log is all there is.
        logRequest(
          {
            function: "",
            route: "none",
            request,
            method: request.method,
            requestId: requestId(request),
          },
          failedWith(error, 0),
        );
        response = answerError(error, request);
      }
      // Only browsers send it. Headers are half of what a warm answer costs: others do without.
      if (!request.headers.has("origin")) return response;
      return response instanceof Promise ? response.then(allowOrigin) : allowOrigin(response);
    },
  };
}
