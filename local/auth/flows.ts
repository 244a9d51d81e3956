/**
 * PKCE for links in mails: whoever asked for the mail keeps a secret, the link's end brings a code, and only both
 * together are worth a session. A link that somebody else opens, or a mail scanner, is then of no use.
 */
import { createHash } from "node:crypto";
import { AuthError, invalid } from "./errors.ts";
import type { Sql } from "./users.ts";

/** What a client sends with a request for a mail. */
export interface Challenge {
  code_challenge?: string | null | undefined;
  code_challenge_method?: string | null | undefined;
}

/** Whether the request asks for PKCE. @throws AuthError 400 `validation_failed` when it does so by half */
export function wantsPkce({ code_challenge, code_challenge_method }: Challenge): boolean {
  if (!code_challenge && !code_challenge_method) return false;
  const isWhole = /^[A-Za-z0-9._~-]{43,128}$/.test(code_challenge ?? "") &&
    /^(s256|plain)$/i.test(code_challenge_method ?? "");
  if (!isWhole) throw invalid("PKCE flow requires code_challenge_method and code_challenge");
  return true;
}

/** Remembers what the client's secret will be compared with. */
export async function openFlow(
  sql: Sql,
  user: string,
  method: string,
  { code_challenge, code_challenge_method }: Challenge,
): Promise<void> {
  await sql`
    delete from auth.flow_state
    where created_at < now() - interval '1 day' or (user_id = ${user} and authentication_method = ${method})`;
  await sql`
    insert into auth.flow_state (id, user_id, authentication_method, provider_type, code_challenge,
      code_challenge_method)
    values (${crypto.randomUUID()}, ${user}, ${method}, 'email', ${code_challenge ?? null},
      ${code_challenge_method?.toLowerCase() ?? null})`;
}

/** The code with which the link's end goes back to the client. */
export async function giveFlowCode(sql: Sql, user: string, method: string): Promise<string> {
  const code = crypto.randomUUID();
  const rows = await sql`
    update auth.flow_state set auth_code = ${code}, auth_code_issued_at = now(), updated_at = now()
    where user_id = ${user} and authentication_method = ${method} returning id`;
  if (rows.length === 0) {
    throw new AuthError(
      404,
      "flow_state_not_found",
      "invalid flow state, no valid flow state found",
    );
  }
  return code;
}

/** Seconds that a code waits for its client. */
const patience = 300;

/**
 * Takes a code with its secret: good once. Without the secret it stays the person's. @returns whose it is, and how they
 * showed who they are
 */
export async function takeFlowCode(
  sql: Sql,
  code: string,
  verifier: string,
): Promise<{ userId: string; method: string } | AuthError> {
  const [flow] = await sql<
    { user_id: string; method: string; challenge: string; kind: string; is_late: boolean }[]
  >`
    select user_id, authentication_method as method, code_challenge as challenge, code_challenge_method as kind,
      auth_code_issued_at < now() - make_interval(secs => ${patience}) as is_late
    from auth.flow_state where auth_code = ${code} for update`;
  if (!flow) {
    return new AuthError(
      404,
      "flow_state_not_found",
      "invalid flow state, no valid flow state found",
    );
  }
  if (flow.is_late) {
    return new AuthError(422, "flow_state_expired", "invalid flow state, flow state has expired");
  }
  const shown = flow.kind === "s256"
    ? createHash("sha256").update(verifier).digest("base64url")
    : verifier;
  if (shown !== flow.challenge) {
    return new AuthError(
      400,
      "bad_code_verifier",
      "code challenge does not match previously saved code verifier",
    );
  }
  await sql`delete from auth.flow_state where auth_code = ${code}`;
  return { userId: flow.user_id, method: flow.method };
}
