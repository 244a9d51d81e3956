import { SignJWT } from "jose";
import { type Agent, agentIssuer, type Person } from "../_shared/access/authentication.ts";
import { ApiError } from "../_shared/errors.ts";
import { readSessionToken } from "../_shared/access/session-token.ts";
import { isUuid } from "../_shared/input.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import type { Services } from "../_shared/services.ts";
import {
  invalidRequest,
  OAuthError,
  parameters,
  readTokenRequest,
  type TokenRequest,
} from "./token-request.ts";

/** Seconds. What a revoked token could still say, where nobody asks the database, ends soon. */
const lifetime = 600;
/** Agents that act for one person, one after the other. */
const longestChain = 4;

interface Credential {
  credential_id: string;
  agent_id: string;
  workspace_id: string;
  scopes: string[];
  is_published: boolean;
}

async function findCredential(
  { database }: Services,
  { id, secret }: TokenRequest["client"],
): Promise<Credential> {
  // No credential has a NUL, and Postgres takes none.
  const [found] = `${id}${secret}`.includes("\0")
    ? []
    : await database.run((sql) =>
      sql<Credential[]>`
      select credential_id, agent_id, workspace_id, scopes, is_published
      from private.use_agent_credential(${id}, ${secret})`
    );
  if (!found) {
    throw new OAuthError(401, "invalid_client", "No agent has this credential, or no longer.");
  }
  return found;
}

/** What is asked for must be what the credential has. */
function requireKnown(asked: string[] | null, known: readonly string[]): void {
  const beyond = asked?.find((scope) => !known.includes(scope));
  if (beyond !== undefined) {
    throw new OAuthError(400, "invalid_scope", `${beyond.slice(0, 100)} is beyond the credential.`);
  }
}

/** Work is an agent's as itself: no consent of a person opens it. */
function requireForPeople(asked: string[] | null): void {
  const own = asked?.find((scope) => scope.startsWith("work:"));
  if (own !== undefined) {
    throw new OAuthError(400, "invalid_scope", `${own.slice(0, 100)} is for the agent as itself.`);
  }
}

/** Whom the token is for: the project, or one of its resources. */
function audienceOf(resource: string | null, publicUrl: string): string {
  const known = new Map([
    [publicUrl, "authenticated"],
    [`${publicUrl}/functions/v1/mcp`, `${publicUrl}/functions/v1/mcp`],
  ]);
  const audience = resource === null ? "authenticated" : known.get(resource.replace(/\/$/, ""));
  if (!audience) throw new OAuthError(400, "invalid_target", "resource: is none of this project.");
  return audience;
}

/** What was given for one resource is not exchanged for what the whole project takes. */
function requireAudience(subject: Person | Agent, audience: string): void {
  if (subject.kind === "person" || subject.audiences.has("authenticated")) return;
  if (!subject.audiences.has(audience)) {
    throw new OAuthError(400, "invalid_target", "resource: is beyond the subject's token.");
  }
}

const noSubject = () => invalidRequest("subject_token: is not valid, or no longer");

/** The person who talks with the agent, as long as the session is open. */
async function readTalker(services: Services, token: string, agent: string): Promise<Person> {
  const subject = await readSessionToken(services.environment, token);
  if (!subject) throw noSubject();
  const open = await services.database.run((sql) =>
    sql`
      select 1 from private.find_session(${subject.sessionId})
      where closed_at is null and user_id = ${subject.userId} and agent_id = ${agent}`
  );
  if (open.length === 0) throw noSubject();
  return { kind: "person", userId: subject.userId, expiresAt: subject.expiresAt };
}

/** The person who asked in the background, as long as the agent holds the question. */
async function readAsker(
  { database }: Services,
  token: string,
  agent: string,
): Promise<Person> {
  const [, id, claim] = /^([1-9]\d{0,17})\.([0-9a-f-]{36})$/i.exec(token) ?? [];
  if (!id || !claim || !isUuid(claim)) throw noSubject();
  const [held] = await database.run((sql) =>
    sql<{ user_id: string | null }[]>`
      select private.asker_of_query(${id}::bigint, ${claim}::uuid, ${agent}) as user_id`
  );
  if (!held?.user_id) throw noSubject();
  return { kind: "person", userId: held.user_id, expiresAt: Date.now() + lifetime * 1000 };
}

/** The person for whom the agent is to act, and what acted for them before. */
async function readSubject(
  services: Services,
  { token, of }: NonNullable<TokenRequest["subject"]>,
  agent: string,
): Promise<Person | Agent> {
  if (of === "session") return await readTalker(services, token, agent);
  if (of === "query") return await readAsker(services, token, agent);
  const subject = await services.authenticator.verifyToken(token).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 401) throw noSubject();
    throw error;
  });
  if (subject.userId === null) throw invalidRequest("subject_token: is not of a person");
  return subject;
}

/** What an agent was given counts as long as it opens something: its credential lives, and the consent stands. */
async function requireStanding({ database }: Services, { claims, scopes }: Agent): Promise<void> {
  const standing = await database.run(
    (sql) =>
      sql`
      select 1 from jsonb_array_elements_text(${sql.json([...scopes])}) as scope
      cross join lateral private.agent_rights(scope) as rights limit 1`,
    { as: { claims: { ...claims, aud: "authenticated" } } },
  );
  if (standing.length === 0) throw noSubject();
}

function depthOf(act: unknown): number {
  return typeof act === "object" && act !== null ? 1 + depthOf((act as { act?: unknown }).act) : 0;
}

/** What all who are asked allow the agent to do for the person; refuses where that is nothing. */
async function requireConsent(
  { database }: Services,
  { credential_id, agent_id }: Credential,
  subject: Person | Agent,
  asked: string[] | null,
): Promise<string[]> {
  const [delegation] = await database.run((sql) =>
    sql<{ reason: string | null; allowed: string[]; missing: string[] }[]>`
      select reason, allowed, missing, private.remember_delegation(${agent_id}, ${subject.userId})
      from private.delegation_of(
        ${credential_id}, ${subject.userId},
        ${asked === null ? null : sql.json(asked)}::jsonb)`
  );
  if (!delegation) throw new OAuthError(401, "invalid_client", "The credential has ended.");
  const { reason, allowed, missing } = delegation;
  if (reason !== null) {
    throw new OAuthError(403, "access_denied", "The person may not use this agent.", { reason });
  }
  if (asked === null ? allowed.length === 0 : missing.length > 0) {
    throw new OAuthError(403, "consent_required", "The person has not allowed this yet.", {
      agent_id,
      scopes: missing,
    });
  }
  return allowed;
}

async function grant(services: Services, request: TokenRequest): Promise<Record<string, unknown>> {
  const { publicUrl, signingKey } = services.environment;
  if (!signingKey) {
    throw new OAuthError(
      503,
      "temporarily_unavailable",
      "This project gives agents no tokens: it has no signing key.",
    );
  }
  const credential = await findCredential(services, request.client);
  requireKnown(request.scopes, credential.scopes);
  const aud = audienceOf(request.resource, publicUrl);
  const now = Math.floor(Date.now() / 1000);
  const { agent_id, credential_id, workspace_id } = credential;
  const actor = { sub: agent_id, credential_id };

  let scopes = request.scopes ?? credential.scopes;
  let expires = now + lifetime;
  let subject: Person | Agent | null = null;
  if (request.subject === null) {
    if (!credential.is_published) {
      throw new OAuthError(403, "access_denied", "The agent is not published.");
    }
  } else {
    requireForPeople(request.scopes);
    subject = await readSubject(services, request.subject, agent_id);
    requireAudience(subject, aud);
    if (subject.kind === "agent") await requireStanding(services, subject);
    scopes = await requireConsent(services, credential, subject, request.scopes);
    if (subject.kind === "agent") scopes = narrow(subject, scopes, request.scopes);
    expires = Math.min(expires, Math.floor(subject.expiresAt / 1000));
  }
  const before = subject?.kind === "agent" ? subject.claims.act : undefined;
  if (depthOf(before) >= longestChain) {
    throw invalidRequest("subject_token: too many have acted before");
  }

  // Auth looks a token's session up and finds none: what an agent holds is no way into the account.
  const id = crypto.randomUUID();
  const token = await new SignJWT({
    ...(subject ? { act: before === undefined ? actor : { ...actor, act: before } } : {}),
    role: "authenticated",
    client_id: agent_id,
    scope: scopes.join(" "),
    credential_id,
    workspace_id,
    session_id: id,
  })
    .setProtectedHeader({ alg: "ES256", kid: signingKey.kid, typ: "JWT" })
    .setIssuer(publicUrl + agentIssuer).setSubject(subject?.userId ?? agent_id).setAudience(aud)
    .setJti(id).setIssuedAt(now).setExpirationTime(expires)
    .sign(signingKey);
  return {
    access_token: token,
    ...(subject ? { issued_token_type: "urn:ietf:params:oauth:token-type:access_token" } : {}),
    token_type: "Bearer",
    expires_in: expires - now,
    scope: scopes.join(" "),
  };
}

/** Whoever acts for an agent that acts for a person may no more than that agent was given. */
function narrow(before: Agent, scopes: string[], asked: string[] | null): string[] {
  requireKnown(asked, [...before.scopes]);
  const both = scopes.filter((scope) => before.scopes.has(scope));
  if (both.length === 0) {
    throw new OAuthError(400, "invalid_scope", "The subject's token has none of these.");
  }
  return both;
}

/**
 * `POST /agents/token`: a token of at most ten minutes for an agent, by its credential, in OAuth's words:
 * `client_credentials` as itself, or token exchange (RFC 8693) for the person of `subject_token`.
 *
 * Errors are OAuth's too, `{error, error_description}`: 400 `invalid_request`, `invalid_scope`, `invalid_target`,
 * `unsupported_grant_type`; 401 `invalid_client`; 403 `access_denied` with `reason`, and `consent_required` with
 * `agent_id` and the `scopes` that the person is to be asked for.
 */
export async function issueAgentToken(context: RequestContext): Promise<Response> {
  const headers = { "cache-control": "no-store" };
  try {
    const request = await readTokenRequest(context.req.raw);
    return answer(await grant(context.env, request), 200, headers);
  } catch (error) {
    const refused = error instanceof OAuthError
      ? error
      : error instanceof ApiError && error.status < 500
      ? invalidRequest(error.message)
      : null;
    if (!refused) throw error;
    // The characters that RFC 6749, 5.2, allows: what is repeated of a request may have others.
    const description = refused.message.replace(/[^ !#-[\]-~]/g, "?");
    const body = { error: refused.code, error_description: description, ...refused.extras };
    return answer(body, refused.status, {
      ...headers,
      ...(refused.status === 401 ? { "www-authenticate": 'Basic realm="agents"' } : {}),
    });
  }
}
takes(issueAgentToken, { body: parameters, types: ["application/x-www-form-urlencoded"] });
