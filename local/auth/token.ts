/** `POST /token`: a password, a refresh token, or a code for PKCE becomes a session. */
import { z } from "zod";
import { type AuthContext, inTransaction } from "./context.ts";
import { AuthError, disabled } from "./errors.ts";
import { takeFlowCode } from "./flows.ts";
import { credentials, readBody, readEmail, refusePhone } from "./input.ts";
import { beginSession, type Method, refreshSession } from "./sessions.ts";
import { findUser, findUserByEmail, hashPassword, isPassword } from "./users.ts";

type Answer = Record<string, unknown>;

const wrong = () => new AuthError(400, "invalid_credentials", "Invalid login credentials");

/** Answers by `grant_type`. */
export async function giveToken(
  context: AuthContext,
  grant: string | null,
  request: Request,
): Promise<Answer> {
  switch (grant) {
    case "password":
      return await byPassword(context, await readBody(request, credentials));
    case "refresh_token":
      return await byRefreshToken(context, request);
    case "pkce":
      return await byCode(context, request);
    case "id_token":
      throw disabled("provider_disabled", "Provider is not enabled: this project has none");
    case "web3":
      throw disabled("web3_provider_disabled", "Web3 provider is disabled", 422);
    default:
      throw new AuthError(400, "unsupported_grant_type", "unsupported_grant_type");
  }
}

async function byPassword(
  context: AuthContext,
  body: z.infer<typeof credentials>,
): Promise<Answer> {
  refusePhone(body.email ? null : body.phone);
  const email = readEmail(body.email);
  const password = body.password ?? "";
  return await inTransaction(context, "granting user", async (sql) => {
    const user = await findUserByEmail(sql, email);
    // As long for somebody unknown as for a wrong password: the time tells nobody who is known here.
    if (!user?.encrypted_password) {
      await hashPassword(sql, password);
      return wrong();
    }
    if (!await isPassword(sql, password, user.encrypted_password)) return wrong();
    if (!user.email_confirmed_at) {
      return new AuthError(400, "email_not_confirmed", "Email not confirmed");
    }
    return { ...await beginSession({ ...context, sql }, user, "password"), weak_password: null };
  });
}

async function byRefreshToken(context: AuthContext, request: Request): Promise<Answer> {
  const { refresh_token } = await readBody(request, z.object({ refresh_token: z.string() }));
  return await inTransaction(
    context,
    "refreshing session",
    (sql) => refreshSession({ ...context, sql }, refresh_token),
  );
}

async function byCode(context: AuthContext, request: Request): Promise<Answer> {
  const shape = z.object({ auth_code: z.string().min(1), code_verifier: z.string().min(1) });
  const { auth_code, code_verifier } = await readBody(request, shape);
  return await inTransaction(context, "exchanging code", async (sql) => {
    const flow = await takeFlowCode(sql, auth_code, code_verifier);
    if (flow instanceof AuthError) return flow;
    const user = await findUser(sql, flow.userId);
    if (!user) return wrong();
    return await beginSession({ ...context, sql }, user, flow.method as Method);
  });
}
