/** What a client of OAuth sends to a token endpoint, and how it is refused: RFC 6749 (4.4, 5.2) and RFC 8693 (2.1). */
import { z } from "zod";
import { readText } from "../_shared/input.ts";

/** Says no in OAuth's words; never thrown past the token endpoint. */
export class OAuthError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    description: string,
    readonly extras: Record<string, unknown> = {},
  ) {
    super(description);
  }
}

/** RFC 6749, 5.2: the request is not one. */
export const invalidRequest = (description: string): OAuthError =>
  new OAuthError(400, "invalid_request", description);

const accessToken = "urn:ietf:params:oauth:token-type:access_token";
/** The type of what an agent is handed with a session. */
export const sessionType = "urn:groundwork:params:oauth:token-type:session";
/** The type of a question in the background that the agent holds: `<id>.<claim_token>`. */
export const queryType = "urn:groundwork:params:oauth:token-type:background-query";
/** The type of an agent's own secret, where it is said as the token of who acts. */
export const credentialType = "urn:groundwork:params:oauth:token-type:agent-credential";
const exchange = "urn:ietf:params:oauth:grant-type:token-exchange";

const subjects = new Map(
  [
    [accessToken, "person"],
    [sessionType, "session"],
    [queryType, "query"],
  ] as const,
) as ReadonlyMap<string, "person" | "session" | "query">;

const text = z.string().min(1).max(8192);
/** What a token request says, as a form. */
export const parameters = z.looseObject({
  grant_type: text,
  client_id: text.optional(),
  client_secret: text.optional(),
  scope: z.string().max(2000).optional(),
  resource: text.optional(),
  audience: text.optional(),
  requested_token_type: text.optional(),
  subject_token: text.optional(),
  subject_token_type: text.optional(),
  actor_token: text.optional(),
  actor_token_type: text.optional(),
});

/** A request for a token. */
export interface TokenRequest {
  /** The agent, where it is said, and its secret. */
  client: { id: string | null; secret: string };
  /** What is asked for; null: all that there is. */
  scopes: string[] | null;
  resource: string | null;
  /** The token of whom the agent acts for, or what it holds of them; null: it asks as itself. */
  subject: { token: string; of: "person" | "session" | "query" } | null;
}

function clientOf(
  header: string | null,
  said: z.output<typeof parameters>,
): TokenRequest["client"] {
  const basic = /^basic +(\S+) *$/i.exec(header ?? "")?.[1];
  if (basic !== undefined) {
    try {
      const [id, secret] = atob(basic).split(":", 2).map((part) => decodeURIComponent(part));
      if (id && secret) return { id, secret };
    } catch { /* not Base64, or not encoded as RFC 6749 says: refused below */ }
    throw new OAuthError(401, "invalid_client", "The authorization header cannot be read.");
  }
  const actor = said.actor_token_type === credentialType ? said.actor_token : undefined;
  const secret = said.client_secret ?? actor;
  if (!secret) {
    throw new OAuthError(401, "invalid_client", "This needs the credential of an agent.");
  }
  return { id: said.client_id ?? null, secret };
}

function subjectOf(said: z.output<typeof parameters>): TokenRequest["subject"] {
  if (said.grant_type === "client_credentials") return null;
  if (said.grant_type !== exchange) {
    throw new OAuthError(
      400,
      "unsupported_grant_type",
      `grant_type: client_credentials or ${exchange}`,
    );
  }
  if (!said.subject_token) throw invalidRequest("subject_token: is needed");
  const of = subjects.get(said.subject_token_type ?? "");
  if (!of) throw invalidRequest(`subject_token_type: ${[...subjects.keys()].join(" or ")}`);
  if ((said.requested_token_type ?? accessToken) !== accessToken) {
    throw invalidRequest(`requested_token_type: ${accessToken}`);
  }
  // Who acts is the agent: a person's token, or another's, says nothing of it.
  if (said.actor_token && said.actor_token_type !== credentialType) {
    throw invalidRequest(`actor_token_type: ${credentialType}; or the credential as the client's`);
  }
  return { token: said.subject_token, of };
}

/**
 * Reads a request for a token.
 *
 * @throws OAuthError 400 `invalid_request`, `unsupported_grant_type`, 401 `invalid_client`
 */
export async function readTokenRequest(request: Request): Promise<TokenRequest> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw invalidRequest("The body is application/x-www-form-urlencoded.");
  }
  const form = new URLSearchParams(await readText(request, 64 * 1024));
  const names = [...form.keys()];
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice) throw invalidRequest(`${twice.slice(0, 100)}: is said twice`);
  // What is sent without a value counts as not sent (RFC 6749, 3.2).
  const given = Object.fromEntries([...form].filter(([, value]) => value !== ""));
  const parsed = parameters.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalidRequest(`${String(issue?.path[0] ?? "body")}: ${issue?.message}`);
  }
  const said = parsed.data;
  const subject = subjectOf(said);
  const scopes = said.scope && [...new Set(said.scope.split(" ").filter((scope) => scope !== ""))];
  if (scopes?.length === 0) throw new OAuthError(400, "invalid_scope", "scope: names none");
  const client = clientOf(request.headers.get("authorization"), said);
  // Who acts is who asks: another's credential beside it would be named by nothing in the token.
  const isOther = said.actor_token_type === credentialType && said.actor_token !== client.secret;
  if (isOther) throw invalidRequest("actor_token: is not the credential of the client");
  return {
    client,
    scopes: scopes || null,
    resource: said.resource ?? said.audience ?? null,
    subject,
  };
}
