/**
 * What is said to an OAuth 2 provider and how its answers are read: RFC 6749, with PKCE (RFC 7636)
 * and revocation (RFC 7009). Pure: nothing here sends anything.
 *
 * A provider's own words are never kept or logged: they may hold what it was sent.
 */
import { Buffer } from "node:buffer";
import { sha256 } from "../_shared/sha256.ts";
import { parseObject } from "../_shared/json.ts";

/** How we are known to a provider. */
export interface Client {
  readonly client_id: string;
  readonly client_secret: string | null;
  readonly client_authentication: string;
}

/** What a provider gave. */
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Seconds; null when the provider does not say. */
  readonly expiresIn: number | null;
  readonly scopes: string[] | null;
  /** Whose account it is, if an id token says so. */
  readonly account: string | null;
}

/**
 * What became of a request. `revoked`: the provider says that the grant is no more. `refused`: it
 * does not take what we are or ask for, which only the operator can mend. `failed`: it is away or
 * does not answer as it must, which passes.
 */
export type Outcome =
  | { readonly kind: "granted"; readonly grant: Grant }
  | { readonly kind: "revoked" | "refused" | "failed"; readonly trouble: string };

/** Random bytes for a URL. */
export function randomText(bytes = 32): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url");
}

/** The key under which a state is kept. */
export function digestOf(state: string): string {
  return sha256(state, "hex");
}

/**
 * The PKCE verifier of an attempt. It is made of the state, which the browser has and the database
 * has not, and of the salt, which the database has and the browser has not.
 */
export function verifierOf(state: string, salt: string): string {
  return sha256(`${salt}.${state}`, "base64url");
}

/** The S256 challenge of a verifier. */
export function challengeOf(verifier: string): string {
  return sha256(verifier, "base64url");
}

/** Where the person is sent. */
export function authorizeUrl(
  provider: {
    authorize_url: string;
    client_id: string;
    scopes: string[];
    authorize_parameters: Record<string, unknown>;
  },
  asked: { state: string; redirectUri: string; challenge: string | null },
): string {
  const url = new URL(provider.authorize_url);
  for (const [name, value] of Object.entries(provider.authorize_parameters)) {
    url.searchParams.set(name, String(value));
  }
  url.searchParams.set("response_type", "code");
  url.searchParams.set("client_id", provider.client_id);
  url.searchParams.set("redirect_uri", asked.redirectUri);
  url.searchParams.set("state", asked.state);
  if (provider.scopes.length > 0) url.searchParams.set("scope", provider.scopes.join(" "));
  if (asked.challenge) {
    url.searchParams.set("code_challenge", asked.challenge);
    url.searchParams.set("code_challenge_method", "S256");
  }
  return url.href;
}

/** As RFC 6749, 2.3.1 wants an id and a secret in the header. */
function formEncode(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}

/** Headers and body of a request to the token or revocation endpoint. */
export function formRequest(
  fields: Record<string, string>,
  client: Client,
): { headers: Record<string, string>; body: string } {
  const form = new URLSearchParams(fields);
  const headers: Record<string, string> = {
    "accept": "application/json",
    "content-type": "application/x-www-form-urlencoded",
    "user-agent": "groundwork",
  };
  if (client.client_authentication === "basic" && client.client_secret !== null) {
    const pair = `${formEncode(client.client_id)}:${formEncode(client.client_secret)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  } else {
    form.set("client_id", client.client_id);
    if (client.client_authentication === "post" && client.client_secret !== null) {
      form.set("client_secret", client.client_secret);
    }
  }
  return { headers, body: form.toString() };
}

/** Visible characters, as RFC 6749 has them in tokens, and of a length that can be one. */
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]{1,16384}$/.test(value);
}

const tenYears = 10 * 365 * 86_400;

function readSeconds(value: unknown): number | null {
  const seconds = typeof value === "string" && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0
    ? Math.min(Math.floor(seconds), tenYears)
    : null;
}

/** Scopes of an answer: by the standard with spaces between, by habit also with commas. */
function readScopes(value: unknown): string[] | null {
  if (typeof value !== "string" || value.trim() === "" || value.length > 3800) return null;
  return value.split(/[\s,]+/).filter((scope) => scope !== "").slice(0, 100);
}

/**
 * Whose account an id token names. It came from the token endpoint itself, so its signature adds
 * nothing (OpenID Connect Core, 3.1.3.7, 6).
 */
function readAccount(idToken: unknown): string | null {
  if (typeof idToken !== "string" || idToken.length > 16_384) return null;
  const claims = parseObject(Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString());
  const named = [claims?.email, claims?.sub].find((claim) =>
    typeof claim === "string" && /^[^\p{C}]{1,320}$/u.test(claim)
  );
  return typeof named === "string" ? named : null;
}

/** A grant that is no more, in the standard's word and in those of GitHub and Slack. */
const endedGrants = new Set([
  ...["invalid_grant", "bad_refresh_token", "bad_verification_code", "invalid_code"],
  ...["code_already_used", "invalid_refresh_token", "token_revoked", "account_inactive"],
]);

/** Bearer tokens, by whatever name: Slack says whose they are. */
const bearers = new Set(["bearer", "bot", "user"]);

/**
 * What a provider gave, where the standard has it. Slack nests a person's token below `authed_user`,
 * alone where no bot was asked for; then that is the grant.
 */
function findGranted(body: Record<string, unknown>): Record<string, unknown> {
  const nested = body.authed_user;
  if (body.access_token !== undefined || typeof nested !== "object" || nested === null) return body;
  return { ...body, ...nested };
}

function troubleOf(status: number, body: Record<string, unknown> | null): Outcome {
  const error = typeof body?.error === "string" && /^[a-z_]{1,60}$/.test(body.error)
    ? body.error
    : null;
  if (status >= 500 || status === 429 || status === 408) {
    return { kind: "failed", trouble: `answered ${status}` };
  }
  if (error === "temporarily_unavailable" || error === "server_error") {
    return { kind: "failed", trouble: error };
  }
  if (error !== null && endedGrants.has(error)) {
    return { kind: "revoked", trouble: error };
  }
  if (error) return { kind: "refused", trouble: error };
  // Without the protocol's own word it is not known whose fault this is.
  return { kind: "failed", trouble: `answered ${status}, not in the form of OAuth` };
}

/** Reads the token endpoint's answer. */
export function readTokenAnswer(status: number, text: string): Outcome {
  const body = parseObject(text);
  const isError = body !== null && "error" in body; // some say so with a status of 200
  if (status !== 200 || body === null || isError) return troubleOf(status, body);
  const given = findGranted(body);
  const type = given.token_type ?? "bearer";
  if (
    !isToken(given.access_token) || typeof type !== "string" || !bearers.has(type.toLowerCase())
  ) {
    return { kind: "failed", trouble: "answered without a bearer token" };
  }
  const refresh = given.refresh_token ?? null;
  if (refresh !== null && !isToken(refresh)) {
    return { kind: "failed", trouble: "answered with a malformed refresh token" };
  }
  return {
    kind: "granted",
    grant: {
      accessToken: given.access_token,
      refreshToken: refresh,
      expiresIn: readSeconds(given.expires_in),
      scopes: readScopes(given.scope),
      account: readAccount(given.id_token),
    },
  };
}

/** Reads the revocation endpoint's answer: null when the token is no more, otherwise what is the matter. */
export function readRevocationAnswer(status: number, text: string): string | null {
  if (status === 200 || status === 204) return null;
  const outcome = troubleOf(status, parseObject(text));
  // A grant that is no more is what was asked for.
  return outcome.kind === "granted" || outcome.kind === "revoked" ? null : outcome.trouble;
}
