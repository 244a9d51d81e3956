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

/** A person, by a verified token. */
export interface Person {
  readonly kind: "person";
  readonly userId: string;
  /** Milliseconds since 1970 at which the token ends. */
  readonly expiresAt: number;
}

/** The backend itself, by a secret key. */
export interface Service {
  readonly kind: "service";
}

/** Who a route is open to. */
export type Audience = "person" | "service" | "person-or-service";

/** Tells who sent a request. */
export interface Authenticator {
  /** The person of a token seen before, at once; undefined when it must be verified. */
  recall(request: Request): Person | undefined;
  /** @throws ApiError 401 `not_authenticated` without a credential, 401 `invalid_token` with a bad one */
  identify(request: Request, audience: Audience): Promise<Person | Service>;
  /** Verifies a token that did not come in a header, as those of WebSockets. */
  verifyToken(token: string): Promise<Person>;
}

/** Longer tokens than these are not ours: refused before anything is computed on them. */
const longestToken = 8192;
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

function bearer(request: Request): string | null {
  const header = request.headers.get("authorization");
  // A scheme's name is written in any case (RFC 9110, 11.1), and one or more spaces follow it.
  return header === null ? null : /^bearer +(\S+) *$/i.exec(header)?.[1] ?? null;
}

/** Makes the isolate's authenticator. `now` is for tests. */
export function createAuthenticator(
  environment: Pick<
    Environment,
    "url" | "publicUrl" | "publishableKeys" | "secretKeys" | "keySet"
  >,
  now: () => number = Date.now,
): Authenticator {
  const verified = createBoundedMap<string, Person>(keptTokens);
  // Auth calls itself as browsers know it, which need not be how functions reach it.
  const issuers = new Set<unknown>(
    [environment.url, environment.publicUrl].map((url) => `${url.replace(/\/$/, "")}/auth/v1`),
  );
  const env = {
    url: environment.url,
    publishableKeys: environment.publishableKeys,
    secretKeys: environment.secretKeys,
    jwks: environment.keySet,
  };

  function recallToken(token: string): Person | undefined {
    if (token.length > longestToken) throw invalidToken();
    const digest = sha256(token, "hex");
    const person = verified.get(digest);
    if (person === undefined || person.expiresAt > now()) return person;
    verified.delete(digest);
    return undefined;
  }

  async function verifyToken(token: string): Promise<Person> {
    const known = recallToken(token);
    if (known) return known;
    const request = new Request(environment.url, { headers: { authorization: `Bearer ${token}` } });
    const { data } = await verifyAuth(request, { auth: "user", env });
    const claims = data?.jwtClaims;
    // A token without an end, of another role than a signed-in person's, of another project, or for another audience, is none
    // that our Auth gives to people.
    if (
      !claims || !issuers.has(claims.iss) || ![claims.aud].flat().includes("authenticated") ||
      claims.role !== "authenticated" || !isUuid(claims.sub) ||
      typeof claims.exp !== "number" || claims.exp * 1000 <= now()
    ) throw invalidToken();
    const person: Person = {
      kind: "person",
      userId: claims.sub.toLowerCase(),
      expiresAt: claims.exp * 1000,
    };
    verified.set(sha256(token, "hex"), person);
    return person;
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
 * The caller of a route that browsers cannot send headers to (WebSocket, EventSource): by a token
 * in the URL or the subprotocol, otherwise as everywhere.
 */
export async function identifyFromUrl(
  authenticator: Authenticator,
  request: Request,
  token: string | undefined,
): Promise<Person | Service> {
  return token === undefined
    ? await authenticator.identify(request, "person-or-service")
    : await authenticator.verifyToken(token);
}
