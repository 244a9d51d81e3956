/**
 * Correction 1 to @supabase/lite: it signs tokens with HS256 and without a `kid`, which @supabase/server rejects, and leaves out claims that
 * the platform's Auth sets (`is_anonymous`, `app_metadata`, `user_metadata`, `aal`, `amr`). Here they are signed again, as the platform does.
 */
import { type Claims, readClaims, type Tokens } from "../tokens.ts";

/** What an answer of Auth says about a person. */
interface AuthUser {
  email?: string;
  phone?: string;
  app_metadata?: unknown;
  user_metadata?: unknown;
  is_anonymous?: boolean;
  [field: string]: unknown;
}

/** Says of a person whether they are anonymous, which lite denies of everyone: whoever has neither address nor number is. */
function correctUser(user: AuthUser): AuthUser {
  return { ...user, is_anonymous: !user.email && !user.phone };
}

/** Corrects the body of an answer of Auth: a session, `{ user }`, or a user. Anything else stays as it is. */
export async function correctAuthAnswer(body: unknown, tokens: Tokens): Promise<unknown> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const answer: Record<string, unknown> = { ...body };
  if (isUser(answer.user)) answer.user = correctUser(answer.user);
  if (typeof answer.access_token === "string") {
    const claims = readClaims(answer.access_token);
    answer.access_token = await tokens.sign({
      ...claims,
      ...(isUser(answer.user) ? describeInToken(answer.user, claims) : {}),
    });
  }
  return isUser(answer) && "aud" in answer ? correctUser(answer) : answer;
}

/** The claims about a person that the platform's Auth adds. */
function describeInToken(user: AuthUser, claims: Claims): Claims {
  const isAnonymous = user.is_anonymous === true;
  return {
    email: user.email ?? "",
    phone: user.phone ?? "",
    app_metadata: user.app_metadata ?? {},
    user_metadata: user.user_metadata ?? {},
    aal: "aal1",
    amr: [{ method: isAnonymous ? "anonymous" : "password", timestamp: claims.iat }],
    is_anonymous: isAnonymous,
  };
}

function isUser(value: unknown): value is AuthUser {
  return typeof value === "object" && value !== null && "id" in value && "app_metadata" in value;
}
