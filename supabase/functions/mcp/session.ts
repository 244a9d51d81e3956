/** What a request of MCP stands on: who asks, and the ways to ask the rest of the backend in their name. */
import type { Agent, Person } from "../_shared/access/authentication.ts";
import { claimsOf } from "../_shared/access/authentication.ts";
import type { Sql } from "../_shared/database.ts";
import { ApiError, toApiError } from "../_shared/errors.ts";
import type { App } from "../_shared/http/app.ts";
import { countedAs } from "../_shared/http/route.ts";
import { parseObject } from "../_shared/json.ts";
import type { RateLimitClass } from "../_shared/rate-limits.ts";
import type { Services } from "../_shared/services.ts";
import type postgres from "postgres";

/** One request's session: MCP is served without a state between requests. */
export interface Session {
  readonly services: Services;
  readonly caller: Person | Agent;
  /** The headers of the trace that its request is a part of. */
  readonly trace?: Readonly<Record<string, string>> | undefined;
}

/**
 * Asks a route of another function as the caller: with its checks, its limits and its errors.
 *
 * @throws ApiError as that route answers it
 */
export async function askRoute(
  { services, caller, trace }: Session,
  app: App,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const authenticator: Services["authenticator"] = {
    recall: () => caller,
    identify: () => Promise.resolve(caller),
    verifyToken: () => Promise.resolve(caller),
  };
  const request = new Request(`http://mcp.internal${path}`, {
    method,
    // The header only says that there is somebody: who, is known.
    headers: {
      authorization: "Bearer -",
      "content-type": "application/json",
      ...trace,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const response = await app.fetch(request, { ...services, authenticator });
  const answered = parseObject(await response.text()) ?? {};
  if (response.ok) return answered;
  const error = answered.error as { code?: string; message?: string; hint?: string } | undefined;
  throw new ApiError(response.status, error?.code ?? "internal", error?.message ?? "It failed.", {
    ...(error?.hint ? { hint: error.hint } : {}),
  });
}

/**
 * Asks the database as the caller, under row security, and counts it as a route would: one request may hold many calls.
 *
 * @throws ApiError
 */
export async function askDatabase<Row extends object>(
  { services, caller }: Session,
  build: (sql: Sql) => postgres.PendingQuery<Row[]>,
  limit: RateLimitClass = "read",
): Promise<Row[]> {
  try {
    services.rateLimiter.count(countedAs(caller), limit);
    return await services.database.run<Row[]>(build as never, { as: claimsOf(caller) });
  } catch (error) {
    throw toApiError(error);
  }
}

/**
 * The workspace that is meant: the one that is named, an agent's own, or the only one that a person has.
 *
 * @throws ApiError 422 `workspace_required`
 */
export async function workspaceOf(session: Session, named?: string): Promise<string> {
  if (named) return named;
  const { caller } = session;
  if (caller.kind === "agent") return String(caller.claims.workspace_id);
  const mine = await askDatabase(
    session,
    (sql) => sql<{ id: string }[]>`select id from public.workspaces order by id limit 2`,
  );
  if (mine.length === 1 && mine[0]) return mine[0].id;
  throw new ApiError(422, "workspace_required", "Which workspace is meant?", {
    hint: "Name it: workspace_id.",
  });
}
