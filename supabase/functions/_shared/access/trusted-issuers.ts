/**
 * Authorization servers of others whose tokens are believed, because the operator says so
 * (`GROUNDWORK_TRUSTED_ISSUERS`).
 *
 * Who somebody is there, and what their client may here, the database says for each request; nothing
 * of that is in their tokens but scopes, which only narrow. Their keys are fetched from checked
 * addresses, in time and length bounded, and kept for ten minutes.
 */
import {
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  errors,
  jwtVerify,
  type JWTVerifyGetKey,
} from "jose";
import { z } from "zod";
import { createBoundedMap } from "../bounded-map.ts";
import type { Environment, TrustedIssuer } from "../environment.ts";
import { ApiError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { log } from "../log.ts";
import { sendOutbound } from "../outbound/request.ts";
import { findTarget, findUncheckedTarget } from "../outbound/url.ts";
import { sha256 } from "../sha256.ts";
import { longestToken } from "./authentication.ts";

/** What a verified token of a trusted issuer says. */
export interface ForeignToken {
  readonly issuer: TrustedIssuer;
  /** The person, as they are called there. */
  readonly subject: string;
  /** The client that holds the token, as it is called there. */
  readonly client: string;
  readonly scopes: ReadonlySet<string>;
  /** Milliseconds since 1970 at which the token ends. */
  readonly expiresAt: number;
}

/** Verifies tokens of trusted issuers. */
export interface TrustedIssuers {
  /** The trusted issuer that a token says it is of; what it says is not yet true. */
  issuerOf(token: string): TrustedIssuer | undefined;
  /** @throws ApiError 401 `invalid_token`, 503 `issuer_unavailable` */
  verify(issuer: TrustedIssuer, token: string): Promise<ForeignToken>;
}

/** Milliseconds. */
const patience = 5000;
const keysKept = 600_000;
/** Between two fetches because of a key that is not known: whoever makes tokens up causes no more of them. */
const cooldown = 30_000;
/** How long an issuer that was not reached is not asked again. */
const pause = 5000;
/** How long a verified token is believed without another look at the issuer's keys. */
const believedFor = 60_000;
const mostTokens = 1000;
const longestAnswer = 65_536;

/** All that sign with a key that only the issuer has. */
const algorithms = [
  ..."RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" "),
];

/** Its keys could not be had. */
class IssuerAway extends Error {
  override readonly name = "IssuerAway";
}

const said = z.looseObject({
  sub: z.string().min(1).max(300),
  exp: z.number(),
  client_id: z.string().min(1).max(300).optional(),
  azp: z.string().min(1).max(300).optional(),
  scope: z.string().optional(),
  scp: z.union([z.string(), z.array(z.string())]).optional(),
});
const metadata = z.looseObject({ issuer: z.string(), jwks_uri: z.url() });

function invalid(): ApiError {
  return new ApiError(401, "invalid_token", "The token is not valid, or no longer.", {
    hint: "It must be for this server (aud), of a person (sub) and of a client (client_id).",
  });
}

function unavailable(): ApiError {
  return new ApiError(503, "issuer_unavailable", "The token's issuer does not answer.", {
    headers: { "retry-after": String(pause / 1000) },
  });
}

/** Where an issuer says what it is: RFC 8414, 3.1, then OpenID Connect Discovery, 4. */
function placesOf(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

/** Makes the isolate's. */
export function createTrustedIssuers(
  { trustedIssuers, allowPrivateProviders }: Pick<
    Environment,
    "trustedIssuers" | "allowPrivateProviders"
  >,
): TrustedIssuers {
  const issuers = new Map(trustedIssuers.map((trusted) => [trusted.issuer, trusted]));
  const keySets = new Map<string, { keys: Promise<JWTVerifyGetKey>; until: number }>();
  const failedAt = new Map<string, number>();
  const verified = createBoundedMap<string, { token: ForeignToken; until: number }>(mostTokens);

  /** @throws IssuerAway, at once where it was so a moment ago */
  async function get(issuer: string, url: string): Promise<unknown> {
    if ((failedAt.get(issuer) ?? -Infinity) > Date.now() - pause) throw new IssuerAway(issuer);
    try {
      const target = allowPrivateProviders
        ? findUncheckedTarget(url)
        : await findTarget(url, { namespace: null, gateway: null });
      const { status, text } = await sendOutbound(target, {
        method: "GET",
        headers: { accept: "application/json" },
        patience,
        longestBody: longestAnswer,
      });
      if (status >= 500) throw new Error(`it answered ${status}`);
      return status === 200 ? parseJson(text) : undefined;
    } catch (error) {
      failedAt.set(issuer, Date.now());
      log("warning", "a trusted issuer was not reached", { issuer, error });
      throw new IssuerAway(issuer, { cause: error });
    }
  }

  async function discover(issuer: string): Promise<string> {
    for (const place of placesOf(issuer)) {
      const found = metadata.safeParse(await get(issuer, place));
      if (found.success && found.data.issuer === issuer) return found.data.jwks_uri;
    }
    log("warning", "a trusted issuer says nothing of itself, or is another", { issuer });
    throw new IssuerAway(issuer);
  }

  async function openKeys({ issuer, jwksUri }: TrustedIssuer): Promise<JWTVerifyGetKey> {
    return createRemoteJWKSet(new URL(jwksUri ?? await discover(issuer)), {
      timeoutDuration: patience,
      cooldownDuration: cooldown,
      cacheMaxAge: keysKept,
      [customFetch]: async (url) => Response.json(await get(issuer, url) ?? {}),
    });
  }

  function keysOf(trusted: TrustedIssuer): Promise<JWTVerifyGetKey> {
    const known = keySets.get(trusted.issuer);
    if (known && known.until > Date.now()) return known.keys;
    const keys = openKeys(trusted);
    // Where its keys are is asked again when they are; not, where it could not be found out.
    keySets.set(trusted.issuer, { keys, until: Date.now() + keysKept });
    keys.catch(() => keySets.delete(trusted.issuer));
    return keys;
  }

  async function verifySigned(trusted: TrustedIssuer, token: string) {
    const { issuer, audience } = trusted;
    try {
      const { payload } = await jwtVerify(token, await keysOf(trusted), {
        issuer,
        audience,
        algorithms,
        requiredClaims: ["sub", "exp"],
      });
      return payload;
    } catch (error) {
      if (error instanceof IssuerAway || error instanceof errors.JWKSInvalid) throw unavailable();
      if (error instanceof errors.JOSEError) throw invalid();
      throw error;
    }
  }

  return {
    issuerOf(token) {
      if (issuers.size === 0 || token.length > longestToken) return undefined;
      try {
        return issuers.get(decodeJwt(token).iss ?? "");
      } catch {
        return undefined; // no JWT: of nobody here
      }
    },
    async verify(issuer, token) {
      const digest = sha256(token, "hex");
      const known = verified.get(digest);
      if (known && known.until > Date.now()) return known.token;
      const claims = said.safeParse(await verifySigned(issuer, token)).data;
      const client = claims?.client_id ?? claims?.azp;
      if (!claims || !client) throw invalid();
      const scopes = [claims.scope ?? claims.scp ?? []].flat().flatMap((scope) => scope.split(" "));
      const expiresAt = claims.exp * 1000;
      const found = { issuer, subject: claims.sub, client, scopes: new Set(scopes), expiresAt };
      verified.set(digest, {
        token: found,
        until: Math.min(expiresAt, Date.now() + believedFor),
      });
      return found;
    },
  };
}
