/** Who may call a route, and how often: wrapped around its handler. */
import {
  type Agent,
  type Audience,
  type Authenticator,
  insufficientScope,
  type Person,
  requireScope,
  type Service,
} from "../access/authentication.ts";
import { callerNetwork } from "./caller-address.ts";
import type { RateLimitClass } from "../rate-limits.ts";
import type { RequestContext } from "./app.ts";
import { setTerms, type Terms } from "./declared.ts";
import { checks } from "./observe.ts";
import type { Allowance } from "./rate-limit.ts";

/** Who a route is for decides what its handler is given. */
interface CallerOf {
  person: Person;
  service: Service;
  "person-or-service": Person | Service;
}

/** Does a route's work for a caller that is known and within their limits. */
export type Handler<Caller> = (
  context: RequestContext,
  caller: Caller,
) => Response | Promise<Response>;

function withAllowance(response: Response, allowance: Allowance): Response {
  const { headers } = response;
  headers.set("ratelimit-limit", String(allowance.limit));
  headers.set("ratelimit-remaining", String(allowance.remaining));
  headers.set("ratelimit-reset", String(allowance.reset));
  return response;
}

/** Does the work; the response to a write tells the position that contains it, where there are replicas to ask. */
async function handle<Caller extends Person | Agent | Service>(
  handler: Handler<Caller>,
  context: RequestContext,
  caller: Caller,
  limit: RateLimitClass,
): Promise<Response> {
  let response: Response;
  try {
    if (caller.kind === "service") await context.env.places.requireAllHere(context.req.raw);
    response = await handler(context, caller);
  } catch (error) {
    // What is not found here may be in another cell.
    throw await context.env.places.instead(error, context.req.raw, caller);
  }
  return (limit === "write" || limit === "work") && context.env.replicas.areThere
    ? await context.env.replicas.tellPosition(response)
    : response;
}

/** What is counted as a permission check is known as one where it is logged. */
function marked<Wrapped extends object>(terms: Terms, wrapped: Wrapped): Wrapped {
  if (terms.limit === "check") checks.add(wrapped);
  return setTerms(wrapped, terms);
}

/**
 * Wraps a handler: identifies the caller, counts the request, and adds the `RateLimit-*` headers.
 * The service is not limited.
 *
 * @example
 * ```ts
 * app.get("/", route("person", "read", listAgents));
 * ```
 */
export function route<For extends Audience>(
  audience: For,
  limit: RateLimitClass,
  handler: Handler<CallerOf[For]>,
): (context: RequestContext) => Promise<Response> {
  return marked({ audience, limit, handler }, async (context) => {
    const { authenticator, rateLimiter } = context.env;
    const request = context.req.raw;
    const caller = (audience !== "service" && authenticator.recall(request)) ||
      await authenticator.identify(request, audience);
    if (caller.kind === "agent") throw insufficientScope();
    const known = caller as CallerOf[For];
    if (caller.kind === "service") return await handle(handler, context, known, limit);
    const allowance = rateLimiter.count(caller.userId, limit);
    return withAllowance(await handle(handler, context, known, limit), allowance);
  });
}

/** Under what a caller's requests are counted. An agent has an allowance for each of the people it acts for. */
export const countedAs = (caller: Person | Agent): string =>
  caller.kind === "agent" ? `${caller.agentId} ${caller.userId ?? ""}` : caller.userId;

/**
 * Who asks by a token. Where only the service is asked for besides agents, a token that is none is no answer yet: its
 * key may be.
 */
async function recognise(authenticator: Authenticator, request: Request, audience: Audience) {
  if (!request.headers.has("authorization")) return undefined;
  const asked = authenticator.identify(request, "person-or-service");
  return await (audience === "service" ? asked.catch(() => undefined) : asked);
}

/**
 * As {@link route}, and open to agents whose token has the scope (and names the project as its
 * audience). What such a handler asks of the database it asks with the agent's claims:
 * `database.run(…, { as: caller })`.
 *
 * @param scope the scope's name, or what it is for this request; null: none, what it tells is about the agent itself
 */
export function scopedRoute<For extends Audience>(
  audience: For,
  limit: RateLimitClass,
  scope: string | null | ((context: RequestContext) => string),
  handler: Handler<CallerOf[For] | Agent>,
): (context: RequestContext) => Promise<Response> {
  const others = route(audience, limit, handler);
  return marked({ audience, limit, scope, handler }, async (context) => {
    const { authenticator, rateLimiter } = context.env;
    const request = context.req.raw;
    const caller = authenticator.recall(request) ??
      await recognise(authenticator, request, audience);
    if (caller?.kind !== "agent") return await others(context);
    const needed = typeof scope === "function" ? scope(context) : scope;
    requireScope(caller, needed);
    const allowance = rateLimiter.count(countedAs(caller), limit);
    return withAllowance(await handle<Agent>(handler, context, caller, limit), allowance);
  });
}

/**
 * Wraps the handler of a route that needs no credential: counts the request under the network that
 * it comes from (class `anonymous`), before anything is asked of the database.
 */
export function openRoute(
  handler: (context: RequestContext) => Response | Promise<Response>,
): (context: RequestContext) => Promise<Response> {
  return marked({ audience: "anybody", limit: "anonymous", handler }, async (context) => {
    const network = callerNetwork(context.req.raw.headers);
    const allowance = context.env.rateLimiter.count(network, "anonymous");
    return withAllowance(await handler(context), allowance);
  });
}
