/** Coming in: sign-up, anonymous or known, and codes by mail. */
import { columnOfKind, makeCode } from "./codes.ts";
import { type AuthContext, inTransaction, sendCode } from "./context.ts";
import { AuthError, disabled, invalid } from "./errors.ts";
import { openFlow, wantsPkce } from "./flows.ts";
import { checkPassword, type credentials, readEmail, refusePhone } from "./input.ts";
import { beginSession } from "./sessions.ts";
import {
  changeUser,
  createUser,
  findUserByEmail,
  hashPassword,
  showUser,
  type Sql,
  type UserRow,
} from "./users.ts";
import type { z } from "zod";

type Credentials = z.infer<typeof credentials>;
type Answer = Record<string, unknown>;

/** `POST /signup`: a session, or the person who has to confirm their address first. */
export async function signUp(
  context: AuthContext,
  body: Credentials,
  redirectTo: string | null,
): Promise<Answer> {
  const { settings } = context;
  if (!settings.enable_signup) {
    throw disabled("signup_disabled", "Signups not allowed for this instance", 422);
  }
  if (!body.email && !body.phone) return await signUpAnonymously(context, body);
  refusePhone(body.email ? null : body.phone);
  const email = readEmail(body.email);
  if (!body.password) throw invalid("Signup requires a valid password");
  checkPassword(settings, body.password);
  const isPkce = wantsPkce(body);
  return await inTransaction(context, "saving new user", async (sql) => {
    const known = await findUserByEmail(sql, email);
    if (known && !settings.confirmEmails) {
      return new AuthError(422, "user_already_exists", "User already registered");
    }
    // Whether an address is known here is nobody's business: the answer is that of a new one.
    if (known?.confirmed_at) return pretend(email, body.data ?? {});
    const user = known ?? await createUser(sql, {
      email,
      passwordHash: await hashPassword(sql, body.password ?? ""),
      isConfirmed: !settings.confirmEmails,
      userMetadata: body.data ?? {},
    });
    if (!settings.confirmEmails) return await beginSession({ ...context, sql }, user, "password");
    if (isPkce) await openFlow(sql, user.id, "email/signup", body);
    const told = await mailCode(context, sql, user, "signup", redirectTo, { isPkce });
    return await showUser(sql, told);
  });
}

function pretend(email: string, data: Record<string, unknown>): Answer {
  const now = new Date().toISOString();
  return {
    id: crypto.randomUUID(),
    aud: "authenticated",
    role: "authenticated",
    email,
    phone: "",
    confirmation_sent_at: now,
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: data,
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  };
}

async function signUpAnonymously(context: AuthContext, body: Credentials): Promise<Answer> {
  if (!context.settings.enable_anonymous_sign_ins) {
    throw disabled("anonymous_provider_disabled", "Anonymous sign-ins are disabled", 422);
  }
  if (body.password) throw invalid("Sign-up needs an email address");
  return await inTransaction(context, "saving new user", async (sql) => {
    const user = await createUser(sql, { isAnonymous: true, userMetadata: body.data ?? {} });
    return await beginSession({ ...context, sql }, user, "anonymous");
  });
}

/** Makes a code of a kind, keeps its hash, and sends it. */
export async function mailCode(
  context: AuthContext,
  sql: Sql,
  user: UserRow,
  kind: "signup" | "invite" | "magiclink" | "recovery" | "reauthentication",
  redirectTo: string | null | undefined,
  { isPkce = false, isService = false } = {},
): Promise<UserRow> {
  const email = user.email ?? "";
  const code = makeCode(context.settings, email, isPkce);
  const column = columnOfKind[kind];
  const changed = await changeUser(sql, user.id, {
    [column]: code.hash,
    [column.replace("_token", "_sent_at")]: new Date(),
  });
  sendCode(context, kind, email, code, redirectTo, isService);
  return changed;
}

/**
 * `POST /otp` and `POST /magiclink`: a code by mail; whoever is new begins with it, once the address is shown to be
 * theirs.
 */
export async function sendSignInCode(
  context: AuthContext,
  body: Credentials & { create_user?: boolean | undefined },
  redirectTo: string | null,
): Promise<void> {
  refusePhone(body.email ? null : body.phone);
  const email = readEmail(body.email);
  const isPkce = wantsPkce(body);
  await inTransaction(context, "saving new user", async (sql) => {
    let user = await findUserByEmail(sql, email);
    if (!user && (body.create_user === false || !context.settings.enable_signup)) {
      return disabled("otp_disabled", "Signups not allowed for otp", 422);
    }
    user ??= await createUser(sql, { email, userMetadata: body.data ?? {} });
    if (isPkce) await openFlow(sql, user.id, "magiclink", body);
    return await mailCode(context, sql, user, "magiclink", redirectTo, { isPkce });
  });
}

/** `POST /recover`. Of an unknown address nothing is said. */
export async function sendRecovery(
  context: AuthContext,
  body: Credentials,
  redirectTo: string | null,
): Promise<void> {
  const email = readEmail(body.email);
  const isPkce = wantsPkce(body);
  await inTransaction(context, "saving recovery", async (sql) => {
    const user = await findUserByEmail(sql, email);
    if (!user) return null;
    if (isPkce) await openFlow(sql, user.id, "recovery", body);
    return await mailCode(context, sql, user, "recovery", redirectTo, { isPkce });
  });
}
