/** A code comes back: typed in, or by a link that a browser opened. */
import { z } from "zod";
import { type Shown, takeCode } from "./codes.ts";
import { type AuthContext, inTransaction } from "./context.ts";
import { confirmEmailChange, halfway } from "./email-change.ts";
import { AuthError, disabled, invalid } from "./errors.ts";
import { giveFlowCode } from "./flows.ts";
import { readEmail } from "./input.ts";
import { beginSession, type Method, refuseBanned } from "./sessions.ts";
import { chooseRedirect } from "./settings.ts";
import { changeUser, keepIdentity, type Sql, type UserRow } from "./users.ts";

export const verification = z.object({
  type: z.string(),
  token: z.string().nullish(),
  token_hash: z.string().nullish(),
  email: z.string().nullish(),
  phone: z.string().nullish(),
  redirect_to: z.string().nullish(),
});

const methods: Record<string, Method> = {
  signup: "otp",
  invite: "invite",
  magiclink: "otp",
  recovery: "recovery",
  email: "otp",
  email_change: "email_change",
};
/** As which flow a client asked for the mail. */
const flowOf: Record<string, string> = {
  signup: "email/signup",
  invite: "invite",
  magiclink: "magiclink",
  recovery: "recovery",
  email_change: "email_change",
};

function readShown(body: z.infer<typeof verification>): Shown {
  if (body.token_hash) {
    if (body.email || body.phone) {
      throw invalid("Only the token_hash and type should be provided");
    }
    return { hash: body.token_hash };
  }
  if (!body.token) throw invalid("Verify requires a token or a token hash");
  if (!body.email) {
    throw invalid("Only an email address or phone number should be provided on verify");
  }
  return { email: readEmail(body.email), otp: body.token };
}

/** Takes the code and does what it was for. @returns whose it was; null when a second code is still to come */
async function redeem(
  context: AuthContext,
  sql: Sql,
  type: string,
  shown: Shown,
): Promise<{ user: UserRow; isPkce: boolean } | AuthError | null> {
  const taken = await takeCode(sql, context.settings, type, shown);
  refuseBanned(taken.user);
  const { isPkce } = taken;
  if (type === "email_change") {
    const changed = await confirmEmailChange(context, sql, taken);
    return changed instanceof AuthError ? changed : changed && { user: changed, isPkce };
  }
  const { user } = taken;
  if (user.email_confirmed_at || !user.email) return { user, isPkce };
  // Whoever reads the address's mails is who it says.
  await keepIdentity(sql, user.id, { email: user.email, email_verified: true });
  const confirmed = await changeUser(sql, user.id, {
    email_confirmed_at: new Date(),
    raw_user_meta_data: { ...user.raw_user_meta_data, email_verified: true },
  });
  return { user: confirmed, isPkce };
}

/** `POST /verify`: a session, or the word that one more code is to come. */
export async function verify(
  context: AuthContext,
  body: z.infer<typeof verification>,
): Promise<Record<string, unknown>> {
  if (body.phone || body.type === "sms" || body.type === "phone_change") {
    throw disabled("phone_provider_disabled", "Unsupported phone provider");
  }
  const shown = readShown(body);
  if ("email" in shown) context.limits.codes(shown.email);
  return await inTransaction(context, "confirming user", async (sql) => {
    const redeemed = await redeem(context, sql, body.type, shown);
    if (redeemed instanceof AuthError) return redeemed;
    if (!redeemed) return halfway;
    return await beginSession({ ...context, sql }, redeemed.user, methods[body.type] ?? "otp");
  });
}

/** `GET /verify`, the link of a mail: sends the browser on, with tokens in the fragment or with a code for PKCE. */
export async function followLink(context: AuthContext, url: URL): Promise<Response> {
  const type = url.searchParams.get("type") ?? "";
  const hash = url.searchParams.get("token") ?? "";
  const target = new URL(
    chooseRedirect(context.settings, url.searchParams.get("redirect_to")),
  );
  const fragment = (values: Record<string, unknown>) => {
    target.hash = new URLSearchParams(
      Object.entries(values).map(([name, value]) => [name, String(value)]),
    ).toString();
  };
  try {
    const ending = await inTransaction(context, "confirming user", async (sql) => {
      const redeemed = await redeem(context, sql, type, { hash });
      if (redeemed instanceof AuthError) return redeemed;
      if (!redeemed) return { message: halfway.msg };
      if (redeemed.isPkce) {
        return { code: await giveFlowCode(sql, redeemed.user.id, flowOf[type] ?? type) };
      }
      const method = methods[type] ?? "otp";
      const { user: _user, ...tokens } = await beginSession(
        { ...context, sql },
        redeemed.user,
        method,
      );
      return { ...tokens, type };
    });
    if ("code" in ending) target.searchParams.set("code", String(ending.code));
    else fragment(ending);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const said = {
      error: "access_denied",
      error_code: error.code,
      error_description: error.message,
    };
    if (hash.startsWith("pkce_")) {
      for (const [name, value] of Object.entries(said)) target.searchParams.set(name, value);
    }
    fragment(said);
  }
  return new Response(null, { status: 303, headers: { location: target.href } });
}
