/** Sessions: begun, continued with refresh tokens that are good once, ended. */
import { Buffer } from "node:buffer";
import { audience, type Tokens } from "../tokens.ts";
import { AuthError } from "./errors.ts";
import { askHook } from "./hook.ts";
import type { AuthSettings } from "./settings.ts";
import { changeUser, findUser, showUser, type Sql, type UserRow } from "./users.ts";

/** How somebody showed who they are. */
export type Method =
  | "password"
  | "otp"
  | "magiclink"
  | "recovery"
  | "invite"
  | "anonymous"
  | "email/signup"
  | "email_change";

/** What it takes to give out tokens. */
export interface SessionContext {
  sql: Sql;
  tokens: Tokens;
  settings: AuthSettings;
}

interface RefreshToken {
  id: string;
  token: string;
  user_id: string;
  session_id: string;
  revoked: boolean;
  parent: string | null;
  updated_at: Date;
}

const lost = () =>
  new AuthError(
    400,
    "refresh_token_not_found",
    "Invalid Refresh Token: Refresh Token Not Found",
  );

/** Whoever is banned gets no token. */
export function refuseBanned(user: UserRow): void {
  if (user.banned_until && user.banned_until > new Date()) {
    throw new AuthError(400, "user_banned", "User is banned");
  }
}

/** Begins a session, and answers with its tokens. */
export async function beginSession(
  context: SessionContext,
  user: UserRow,
  method: Method,
): Promise<Record<string, unknown>> {
  const { sql } = context;
  refuseBanned(user);
  const session = crypto.randomUUID();
  const now = new Date();
  await sql`
    insert into auth.sessions (id, user_id, aal, created_at, updated_at)
    values (${session}, ${user.id}, 'aal1', ${now}, ${now})`;
  await sql`
    insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
    values (${crypto.randomUUID()}, ${session}, ${method}, ${now}, ${now})`;
  const known = await changeUser(sql, user.id, { last_sign_in_at: now });
  return await answerTokens(
    context,
    known,
    session,
    await addRefreshToken(sql, user.id, session),
    method,
  );
}

async function addRefreshToken(
  sql: Sql,
  user: string,
  session: string,
  parent: string | null = null,
): Promise<string> {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  const token = Buffer.from(bytes).toString("base64url");
  const now = new Date();
  await sql`
    insert into auth.refresh_tokens (id, token, user_id, session_id, parent, created_at, updated_at)
    values (${crypto.randomUUID()}, ${token}, ${user}, ${session}, ${parent}, ${now}, ${now})`;
  return token;
}

async function answerTokens(
  { sql, tokens, settings }: SessionContext,
  user: UserRow,
  session: string,
  refreshToken: string,
  how: Method | "token_refresh",
): Promise<Record<string, unknown>> {
  const [known] = await sql<{ client: string | null }[]>`
    select oauth_client_id as client from auth.sessions where id = ${session}`;
  const methods = await sql<{ method: string; at: Date }[]>`
    select authentication_method as method, created_at as at from auth.mfa_amr_claims
    where session_id = ${session} order by created_at desc`;
  const issuedAt = Math.floor(Date.now() / 1000);
  const expiresAt = issuedAt + settings.jwt_expiry;
  const claims = {
    iss: tokens.issuer,
    aud: audience,
    sub: user.id,
    role: user.role,
    email: user.email ?? "",
    phone: user.phone ?? "",
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    session_id: session,
    aal: "aal1",
    amr: methods.map(({ method, at }) => ({
      method,
      timestamp: Math.floor(at.getTime() / 1000),
    })),
    is_anonymous: user.is_anonymous,
    iat: issuedAt,
    exp: expiresAt,
    ...(known?.client ? { client_id: known.client } : {}),
  };
  const accessToken = await tokens.sign(await askHook(sql, settings, claims, how));
  return {
    access_token: accessToken,
    token_type: "bearer",
    expires_in: settings.jwt_expiry,
    expires_at: expiresAt,
    refresh_token: refreshToken,
    user: await showUser(sql, user),
  };
}

/**
 * Continues a session. A token is good once; what two tabs do at the same moment, or a client that did not hear the
 * answer, is forgiven: the parent of the token in use gives that one again, and an older one counts for as long as
 * config.toml says. Later it is taken for stolen: the session ends, with all its tokens. Source: the platform's
 * documentation, "User sessions".
 * @returns the tokens, or the refusal: what was ended must stay ended, so nothing is thrown from within the transaction
 */
export async function refreshSession(
  context: SessionContext,
  token: string,
): Promise<Record<string, unknown> | AuthError> {
  const { sql, settings } = context;
  const find = async () =>
    (await sql<RefreshToken[]>`select * from auth.refresh_tokens where token = ${token}`)[0];
  const sought = await find();
  if (!sought) return lost();
  // Who refreshes the same session at the same time waits here, and then sees what was done.
  const [session] = await sql`
    select id, not_after from auth.sessions where id = ${sought.session_id} for update`;
  const [found, user] = [await find(), await findUser(sql, sought.user_id)];
  if (!session || !found || !user) return lost();
  refuseBanned(user);
  let next: string | undefined;
  if (found.revoked) {
    const [active] = await sql<RefreshToken[]>`
      select * from auth.refresh_tokens where session_id = ${found.session_id} and not revoked
      order by created_at desc limit 1`;
    const age = Date.now() - found.updated_at.getTime();
    if (active?.parent === found.token) next = active.token;
    else if (age > settings.refresh_token_reuse_interval * 1000) {
      if (settings.enable_refresh_token_rotation) {
        await sql`delete from auth.sessions where id = ${found.session_id}`;
      }
      return new AuthError(
        400,
        "refresh_token_already_used",
        "Invalid Refresh Token: Already Used",
      );
    }
  }
  if (next === undefined) {
    await sql`
      update auth.refresh_tokens set revoked = true, updated_at = now()
      where id = ${found.id} and not revoked`;
    next = await addRefreshToken(sql, user.id, found.session_id, found.token);
  }
  await sql`
    update auth.sessions set refreshed_at = now() at time zone 'utc', updated_at = now()
    where id = ${found.session_id}`;
  return await answerTokens(context, user, found.session_id, next, "token_refresh");
}

/** Ends this session, the others of the person, or all. */
export async function endSessions(
  sql: Sql,
  user: string,
  session: string,
  scope: "global" | "local" | "others",
): Promise<void> {
  const isEnded = scope === "local"
    ? sql`id = ${session}`
    : scope === "others"
    ? sql`id <> ${session}`
    : sql`true`;
  await sql`delete from auth.sessions where user_id = ${user} and ${isEnded}`;
}
