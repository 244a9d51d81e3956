/** Tokens of trusted issuers: translated where they enter into what a token of ours would say. */
import { z } from "zod";
import {
  type Agent,
  agentIssuer,
  insufficientScope,
  type Person,
} from "../_shared/access/authentication.ts";
import type { ForeignToken } from "../_shared/access/trusted-issuers.ts";
import { ApiError } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { takes } from "../_shared/http/declared.ts";
import { readBody } from "../_shared/input.ts";
import type { Services } from "../_shared/services.ts";

/** Milliseconds for which the translation says that it lives; a request is shorter. */
const lifetime = 60_000;

type Delegation =
  & { user_id: string | null; is_known: boolean }
  & ({ agent_id: null } | {
    agent_id: string;
    credential_id: string;
    workspace_id: string;
    scopes: string[];
  });

/**
 * The agent, for the person, that a verified foreign token stands for. Asked of the database for each request: what is
 * taken back is gone with the next.
 *
 * @throws ApiError 403 `identity_not_linked`, `client_not_registered`, `consent_required`, `insufficient_scope`
 */
export async function translate(
  { database, environment }: Services,
  { issuer, subject, client, scopes, expiresAt }: ForeignToken,
): Promise<Agent> {
  const [found] = await database.run((sql) =>
    sql<Delegation[]>`
      select user_id, is_known, agent_id, credential_id, workspace_id, scopes
      from private.delegation_of_client(${issuer.issuer}, ${subject}, ${client})`
  );
  if (!found) throw new Error("delegation_of_client returned no row");
  if (found.user_id === null) {
    throw new ApiError(403, "identity_not_linked", "Whom the token is of is nobody here.", {
      hint: "The person links who they are there: POST /mcp/identities.",
    });
  }
  if (found.agent_id === null) {
    if (found.is_known) {
      throw new ApiError(403, "consent_required", "The person has not allowed this client.", {
        hint: "rpc/agents_of_client tells what it asks for; yes is a row of agent_consents.",
      });
    }
    throw new ApiError(403, "client_not_registered", "The token's client is no agent here.", {
      hint: "An admin says which agent it is: POST /agents/:id/credentials.",
    });
  }
  const both = found.scopes.filter((scope) => scopes.has(scope));
  if (both.length === 0) throw insufficientScope(found.scopes.join(" "));
  const actor = { sub: found.agent_id, credential_id: found.credential_id };
  const until = Math.min(expiresAt, Date.now() + lifetime);
  return {
    kind: "agent",
    agentId: found.agent_id,
    userId: found.user_id,
    scopes: new Set(both),
    audiences: new Set(["authenticated"]),
    expiresAt: until,
    claims: {
      iss: environment.publicUrl + agentIssuer,
      sub: found.user_id,
      aud: "authenticated",
      role: "authenticated",
      client_id: found.agent_id,
      credential_id: found.credential_id,
      workspace_id: found.workspace_id,
      scope: both.join(" "),
      act: actor,
      session_id: crypto.randomUUID(),
      exp: Math.floor(until / 1000),
    },
  };
}

const body = z.strictObject({ token: z.string().min(1).max(8192) });

/**
 * `POST /mcp/identities`: a person, by their own token, says who they are at a trusted issuer, and proves it by a token
 * from there that was given to the client which is for that. 201 `{id, issuer, subject}`, 200 if it was so already.
 *
 * @throws ApiError 403 `forbidden` for the token of another client, 409 `identity_taken`
 */
export async function linkIdentity(context: RequestContext, caller: Person): Promise<Response> {
  const { trustedIssuers, database } = context.env;
  const { token } = await readBody(context.req.raw, body);
  const issuer = trustedIssuers.issuerOf(token);
  if (!issuer) throw new ApiError(422, "issuer_not_trusted", "token: is of no trusted issuer");
  const { subject, client } = await trustedIssuers.verify(issuer, token).catch((error) => {
    // It is the body's, and not the caller's own.
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    throw new ApiError(422, "invalid_token", "token: is not valid, or no longer");
  });
  if (issuer.identityClient === null || client !== issuer.identityClient) {
    throw new ApiError(403, "forbidden", "Tokens of this client do not prove who a person is.", {
      hint: "The operator names the client that is for that: identity_client.",
    });
  }
  const [linked] = await database.run((sql) =>
    sql<{ id: string; is_new: boolean }[]>`
      select id, is_new from private.link_identity(${caller.userId}, ${issuer.issuer}, ${subject})`
  );
  if (!linked) throw new Error("link_identity returned no row");
  return answer({ id: linked.id, issuer: issuer.issuer, subject }, linked.is_new ? 201 : 200);
}
takes(linkIdentity, { body });
