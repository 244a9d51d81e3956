/**
 * Who is asking.
 *
 * A token's signature is the dearest part of a warm request, so what was verified is kept until it
 * expires, under the SHA-256 of the token: memory holds no token that could be used elsewhere.
 * Secret keys are compared in constant time by `@supabase/server` and are not kept.
 */
import { verifyAuth } from "@supabase/server/core";
import { sha256 } from "../sha256.ts";
import { createBoundedMap } from "../bounded-map.ts";
import type { Environment } from "../environment.ts";
import { ApiError } from "../errors.ts";
import { isUuid } from "../input.ts";

/** Where tokens of agents come from, below the project's URL. */
export const agentIssuer = "/functions/v1/agents";

/** A person, by a verified token. */
export interface Person {
  readonly kind: "person";
  readonly userId: string;
  /** Milliseconds since 1970 at which the token ends. */
  readonly expiresAt: number;
}

/**
 * An agent, by a token that `POST /agents/token` gave it: as itself, or for a person. What the token
 * says was true when it was given; whether it still is the database says, for each statement.
 */
export interface Agent {
  readonly kind: "agent";
  readonly agentId: string;
  /** The person it acts for; null: as itself. */
  readonly userId: string | null;
  readonly scopes: ReadonlySet<string>;
  /** Whom the token is for. */
  readonly audiences: ReadonlySet<string>;
  /** All that the token says. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970 at which the token ends. */
  readonly expiresAt: number;
}

/** The backend itself, by a secret key. */
export interface Service {
  readonly kind: "service";
}

/** With what claims the database is asked in a caller's name. */
export function claimsOf(caller: Person | Agent): { claims: Readonly<Record<string, unknown>> } {
  return {
    claims: caller.kind === "agent"
      ? caller.claims
      : { sub: caller.userId, role: "authenticated", aud: "authenticated" },
  };
}

/** With an agent's claims where one asks; a person and the service are asked for with the functions' own rights. */
export function asAgent(caller: Person | Service | Agent): Agent | undefined {
  return caller.kind === "agent" ? caller : undefined;
}

/** Who a route is open to. */
export type Audience = "person" | "service" | "person-or-service";

/** Tells who sent a request. */
export interface Authenticator {
  /** Whose token this is when it was seen before, at once; undefined when it must be verified. */
  recall(request: Request): Person | Agent | undefined;
  /** @throws ApiError 401 `not_authenticated` without a credential, 401 `invalid_token` with a bad one */
  identify(request: Request, audience: Audience): Promise<Person | Service | Agent>;
  /** Verifies a token that did not come in a header. */
  verifyToken(token: string): Promise<Person | Agent>;
}

/** Longer tokens than these are not ours: refused before anything is computed on them. */
export const longestToken = 8192;
const keptTokens = 10_000;
const secretModes = ["secret", "secret:automations"] as const;

const challenge = { "www-authenticate": "Bearer" };

function notAuthenticated(audience: Audience): ApiError {
  return new ApiError(401, "not_authenticated", "This needs a credential.", {
    hint: audience === "service"
      ? "Send a secret key in the apikey header."
      : "Send a signed-in person's token: Authorization: Bearer <token>.",
    headers: challenge,
  });
}

function invalidToken(): ApiError {
  return new ApiError(401, "invalid_token", "The token is not valid, or no longer.", {
    hint: "Sign in again, or refresh the session.",
    headers: challenge,
  });
}

/** 403: the token is an agent's, and says nothing of what is asked for (RFC 6750, 3.1). */
export function insufficientScope(scope?: string): ApiError {
  return new ApiError(
    403,
    "insufficient_scope",
    scope ? `This takes the scope ${scope}.` : "This is not open to agents.",
    {
      details: scope ? { scope } : undefined,
      headers: {
        "www-authenticate": `Bearer error="insufficient_scope"${scope ? `, scope="${scope}"` : ""}`,
      },
    },
  );
}

/** The token of the `authorization` header. */
export function bearer(request: Request): string | null {
  const header = request.headers.get("authorization");
  // A scheme's name is written in any case (RFC 9110, 11.1), and one or more spaces follow it.
  return header === null ? null : /^bearer +(\S+) *$/i.exec(header)?.[1] ?? null;
}

function readAgent(claims: Record<string, unknown>, expiresAt: number): Agent | null {
  const { client_id, sub, act, scope, aud } = claims;
  if (typeof client_id !== "string" || !isUuid(client_id) || typeof scope !== "string") {
    return null;
  }
  return {
    kind: "agent",
    agentId: client_id.toLowerCase(),
    userId: act === undefined ? null : String(sub).toLowerCase(),
    scopes: new Set(scope.split(" ")),
    audiences: new Set([aud].flat().map(String)),
    claims,
    expiresAt,
  };
}

/** Makes the isolate's authenticator. `now` is for tests. */
export function createAuthenticator(
  environment: Pick<
    Environment,
    "url" | "publicUrl" | "publishableKeys" | "secretKeys" | "keySet"
  >,
  now: () => number = Date.now,
): Authenticator {
  const verified = createBoundedMap<string, Person | Agent>(keptTokens);
  // The project is called as browsers know it, which need not be how functions reach it.
  const named = (path: string) =>
    new Set<unknown>(
      [environment.url, environment.publicUrl].map((url) => url.replace(/\/$/, "") + path),
    );
  const issuers = named("/auth/v1");
  const agentIssuers = named(agentIssuer);
  const env = {
    url: environment.url,
    publishableKeys: environment.publishableKeys,
    secretKeys: environment.secretKeys,
    jwks: environment.keySet,
  };

  function recallToken(token: string): Person | Agent | undefined {
    if (token.length > longestToken) throw invalidToken();
    const digest = sha256(token, "hex");
    const caller = verified.get(digest);
    if (caller === undefined || caller.expiresAt > now()) return caller;
    verified.delete(digest);
    return undefined;
  }

  async function verifyToken(token: string): Promise<Person | Agent> {
    const known = recallToken(token);
    if (known) return known;
    // It need not come from a header: what no header can hold is no token.
    if (!/^[\x21-\x7e]+$/.test(token)) throw invalidToken();
    const request = new Request(environment.url, { headers: { authorization: `Bearer ${token}` } });
    const { data } = await verifyAuth(request, { auth: "user", env });
    const claims = data?.jwtClaims;
    // A token without an end, of another role than a signed-in person's, or of another project, is none of ours.
    if (
      !claims || claims.role !== "authenticated" || !isUuid(claims.sub) ||
      typeof claims.exp !== "number" || claims.exp * 1000 <= now()
    ) throw invalidToken();
    const userId = claims.sub.toLowerCase();
    const expiresAt = claims.exp * 1000;
    const isOfAuth = issuers.has(claims.iss) && [claims.aud].flat().includes("authenticated");
    // Auth gives tokens to clients, too; which, and as what agent, its hook says (private.custom_access_token_hook).
    const isOfClient = isOfAuth && claims.act !== undefined && typeof claims.azp === "string";
    const caller = agentIssuers.has(claims.iss) || isOfClient
      ? readAgent(claims, expiresAt)
      // One that somebody else acts with, in the name of a person, is not the person's.
      : isOfAuth && claims.client_id === undefined && claims.act === undefined
      ? { kind: "person" as const, userId, expiresAt }
      : null;
    if (!caller) throw invalidToken();
    verified.set(sha256(token, "hex"), caller);
    return caller;
  }

  return {
    verifyToken,
    recall(request) {
      const token = bearer(request);
      return token === null ? undefined : recallToken(token);
    },
    async identify(request, audience) {
      const token = bearer(request);
      // supabase-js sends its key in both headers when nobody is signed in: keys are not tokens.
      if (audience !== "service" && token && !token.startsWith("sb_")) {
        return await verifyToken(token);
      }
      if (audience !== "person" && request.headers.has("apikey")) {
        const { data } = await verifyAuth(request, { auth: [...secretModes], env });
        if (data) return { kind: "service" };
      }
      throw notAuthenticated(audience);
    },
  };
}

/**
 * @param scope null: any token for this project will do
 * @throws ApiError 403 `insufficient_scope`, also where the token is for another audience
 */
export function requireScope(agent: Agent, scope: string | null): void {
  if (scope !== null && !agent.scopes.has(scope) || !agent.audiences.has("authenticated")) {
    throw insufficientScope(scope ?? undefined);
  }
}

/**
 * The caller of a route that browsers cannot send headers to (WebSocket, EventSource): by a token
 * in the URL or the subprotocol, otherwise as everywhere.
 *
 * @param scope what an agent's token must have; null: the route is not open to agents
 * @throws ApiError 401, and 403 `insufficient_scope`
 */
export async function identifyFromUrl<Scope extends string | null>(
  authenticator: Authenticator,
  request: Request,
  token: string | undefined,
  scope: Scope,
): Promise<Person | Service | (Scope extends string ? Agent : never)> {
  const caller = token === undefined
    ? await authenticator.identify(request, "person-or-service")
    : await authenticator.verifyToken(token);
  if (caller.kind === "agent") {
    if (scope === null) throw insufficientScope();
    requireScope(caller, scope);
  }
  return caller as Person | Service;
}
