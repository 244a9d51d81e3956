/**
 * Anonymous sign-in, which @supabase/lite 0.10 does not have: a sign-up without address and number makes a person and a session, as the
 * platform's Auth does. From then on lite treats the session like any other (refresh, sign out, adding an address).
 */
import { Buffer } from "node:buffer";
import type postgres from "postgres";
import type { Tokens } from "../tokens.ts";

/** Seconds that an access token is valid. */
export const tokenLifetime = 3600;

/** Whether a sign-up asks for an anonymous person. */
export function isAnonymousSignUp(body: unknown): body is { data?: Record<string, unknown> } {
  return typeof body === "object" && body !== null && !("email" in body) && !("phone" in body);
}

/** Makes an anonymous person with a session, and answers as the platform does. */
export async function signUpAnonymously(
  sql: postgres.Sql,
  tokens: Tokens,
  userMetadata: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const userId = crypto.randomUUID();
  const sessionId = crypto.randomUUID();
  const refreshToken = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString(
    "base64url",
  );
  const now = new Date();
  const issuedAt = Math.floor(now.getTime() / 1000);
  const time = now.toISOString();
  await sql.begin(async (transaction) => {
    await transaction`
      insert into auth.users (
        id, instance_id, aud, role, raw_app_meta_data, raw_user_meta_data, is_anonymous, last_sign_in_at, created_at, updated_at
      ) values (
        ${userId}, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', '{}',
        ${transaction.json(userMetadata as postgres.JSONValue)}, true, ${time}, ${time}, ${time}
      )
    `;
    await transaction`
      insert into auth.sessions (id, user_id, aal, created_at, updated_at) values (${sessionId}, ${userId}, 'aal1', ${time}, ${time})
    `;
    await transaction`
      insert into auth.refresh_tokens (id, token, user_id, session_id, created_at, updated_at)
      values (${crypto.randomUUID()}, ${refreshToken}, ${userId}, ${sessionId}, ${time}, ${time})
    `;
  });
  const accessToken = await tokens.sign({
    sub: userId,
    role: "authenticated",
    email: "",
    phone: "",
    app_metadata: {},
    user_metadata: userMetadata,
    session_id: sessionId,
    aal: "aal1",
    amr: [{ method: "anonymous", timestamp: issuedAt }],
    is_anonymous: true,
    iat: issuedAt,
    exp: issuedAt + tokenLifetime,
  });
  return {
    access_token: accessToken,
    token_type: "bearer",
    expires_in: tokenLifetime,
    expires_at: issuedAt + tokenLifetime,
    refresh_token: refreshToken,
    user: {
      id: userId,
      aud: "authenticated",
      role: "authenticated",
      email: "",
      phone: "",
      app_metadata: {},
      user_metadata: userMetadata,
      identities: [],
      last_sign_in_at: time,
      created_at: time,
      updated_at: time,
      is_anonymous: true,
    },
  };
}
