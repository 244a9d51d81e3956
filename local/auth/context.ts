/** What every route of Auth has at hand. */
import type postgres from "postgres";
import type { Keys } from "../keys.ts";
import type { Claims, Tokens } from "../tokens.ts";
import type { Code } from "./codes.ts";
import { AuthError } from "./errors.ts";
import type { Limiter } from "./limits.ts";
import type { Inbox, MailKind } from "./mails.ts";
import { type AuthSettings, chooseRedirect } from "./settings.ts";
import { findUser, type Sql, type UserRow } from "./users.ts";

/** One stack's Auth. */
export interface AuthContext {
  /** A superuser's: it is Auth that decides here, not row security. */
  sql: postgres.Sql;
  tokens: Tokens;
  settings: AuthSettings;
  keys: Keys;
  apiUrl: string;
  inbox: Inbox;
  limits: {
    /** Codes tried, by address: six digits can be guessed by whoever may try for ever. */
    codes: Limiter;
    /** Mails that people without a secret key cause, in all: no stranger pushes out what others wait for. */
    mails: Limiter;
  };
}

/** Who asks, by the two headers that clients send. */
export interface Caller {
  /** A valid key of the project, and which. */
  key: "publishable" | "secret" | null;
  /** The claims of a person's token; null without one. */
  claims: Claims | null;
}

/** What stands for the session of a token that names none. */
const noSession = "00000000-0000-0000-0000-000000000000";

/** The person of a token whose session still is, or that names none. */
export interface Person {
  user: UserRow;
  sessionId: string;
}

/**
 * Who asks with these headers. A person's token outranks the key beside it: a page that holds both is that person.
 * @throws AuthError 403 `bad_jwt` for a token that is not ours or is over
 */
export async function identify({ keys, tokens }: AuthContext, request: Request): Promise<Caller> {
  const apikey = request.headers.get("apikey") ?? new URL(request.url).searchParams.get("apikey");
  const key = apikey === keys.secretKey
    ? "secret"
    : apikey === keys.publishableKey
    ? "publishable"
    : null;
  const bearer = /^bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  // Without a person supabase-js sends its key in both headers.
  if (bearer === undefined || bearer.startsWith("sb_")) return { key, claims: null };
  try {
    return { key, claims: await tokens.verify(bearer) };
  } catch {
    throw new AuthError(403, "bad_jwt", "invalid JWT: unable to parse or verify signature");
  }
}

/** The person who asks. @throws AuthError 401 `no_authorization`, 403 `session_not_found`, 403 `user_not_found` */
export async function requirePerson({ sql }: AuthContext, caller: Caller): Promise<Person> {
  if (!caller.claims) {
    throw new AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token");
  }
  const { sub, session_id } = caller.claims;
  const user = await findUser(sql, String(sub));
  if (!user || user.deleted_at) {
    throw new AuthError(403, "user_not_found", "User from sub claim in JWT does not exist");
  }
  // As the platform does: a token that names no session is looked up in none, and is its person's all the same.
  const sessionId = String(session_id || noSession);
  if (sessionId === noSession) return { user, sessionId };
  const [session] = await sql`
    select id from auth.sessions where id::text = ${sessionId} and user_id = ${user.id}`;
  if (!session) {
    throw new AuthError(
      403,
      "session_not_found",
      "Session from session_id claim in JWT does not exist",
    );
  }
  return { user, sessionId };
}

/** Lets only the backend itself pass. @throws AuthError 403 `not_admin`; 401 `no_authorization` */
export function requireService(caller: Caller): void {
  if (caller.key === "secret" && !caller.claims) return;
  throw new AuthError(403, "not_admin", "User not allowed");
}

/** The link that a code's hash makes: it opens in a browser and ends where it may. */
export function makeLink(
  { apiUrl, settings }: AuthContext,
  type: string,
  hash: string,
  redirectTo: string | null | undefined,
): string {
  const query = new URLSearchParams({
    token: hash,
    type,
    redirect_to: chooseRedirect(settings, redirectTo),
  });
  return `${apiUrl}/auth/v1/verify?${query}`;
}

/** Sends a code to an address. */
export function sendCode(
  context: AuthContext,
  kind: MailKind,
  to: string,
  code: Code,
  redirectTo: string | null | undefined,
  isService = false,
): void {
  if (!isService) context.limits.mails("all");
  const link = kind === "reauthentication" ? null : makeLink(context, kind, code.hash, redirectTo);
  context.inbox.deliver({ to, kind, otp: code.otp, link });
}

/**
 * Does something in one transaction. What it returns is committed, also a refusal: what was ended must stay ended.
 * @throws AuthError 500 `unexpected_failure` when the database refuses; 422 `email_exists` for a taken address
 */
export async function inTransaction<T>(
  { sql }: AuthContext,
  what: string,
  work: (sql: Sql) => Promise<T | AuthError>,
): Promise<T> {
  let result: T | AuthError;
  try {
    result = await sql.begin(work) as T | AuthError;
  } catch (error) {
    if (error instanceof AuthError || !(error instanceof Error) || !("code" in error)) throw error;
    if (error.code === "23505" && /email/.test(error.message)) throw emailExists();
    console.error(`[auth] ${what}: ${error.message}`);
    throw new AuthError(500, "unexpected_failure", `Database error ${what}`);
  }
  if (result instanceof AuthError) throw result;
  return result;
}

export const emailExists = () =>
  new AuthError(
    422,
    "email_exists",
    "A user with this email address has already been registered",
  );
