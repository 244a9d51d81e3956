/** What people do with their own account. */
import { z } from "zod";
import { takeNonce } from "./codes.ts";
import { type AuthContext, inTransaction, type Person } from "./context.ts";
import { askForEmailChange } from "./email-change.ts";
import { AuthError, disabled, invalid } from "./errors.ts";
import { openFlow, wantsPkce } from "./flows.ts";
import { checkPassword, credentials, metadata, readEmail, refusePhone } from "./input.ts";
import { endSessions } from "./sessions.ts";
import { mailCode } from "./sign-up.ts";
import {
  changeUser,
  findUserByEmail,
  hashPassword,
  isPassword,
  showUser,
  type Sql,
  type UserRow,
} from "./users.ts";

export const accountChange = credentials.extend({ nonce: z.string().nullish() });

/** Metadata as it becomes: what is null is removed. */
export function mergeMetadata(
  known: z.infer<typeof metadata> | null,
  changes: z.infer<typeof metadata>,
): z.infer<typeof metadata> {
  const merged = { ...known, ...changes };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

/** `PUT /user`. */
export async function changeAccount(
  context: AuthContext,
  person: Person,
  body: z.infer<typeof accountChange>,
  redirectTo: string | null,
): Promise<Record<string, unknown>> {
  const email = body.email ? readEmail(body.email) : null;
  if (body.phone && body.phone !== person.user.phone) refusePhone(body.phone);
  const isPkce = wantsPkce(body);
  return await inTransaction(context, "updating user", async (sql) => {
    let { user } = person;
    if (body.password) user = await changePassword(context, sql, person, body.password, body.nonce);
    if (body.data) {
      const raw_user_meta_data = mergeMetadata(user.raw_user_meta_data, body.data);
      user = await changeUser(sql, user.id, { raw_user_meta_data });
    }
    if (email && email !== user.email) {
      if (isPkce) await openFlow(sql, user.id, "email_change", body);
      user = await askForEmailChange(context, sql, user, email, redirectTo, isPkce);
    }
    return await showUser(sql, user);
  });
}

/** Seconds after which a session alone does not show any more that it is still the person. */
const fresh = 86_400;

async function changePassword(
  { settings }: AuthContext,
  sql: Sql,
  { user, sessionId }: Person,
  password: string,
  nonce: string | null | undefined,
): Promise<UserRow> {
  if (!user.email) {
    throw invalid(
      "Updating password of an anonymous user without an email or phone is not allowed",
    );
  }
  checkPassword(settings, password);
  const [session] = await sql<{ is_old: boolean }[]>`
    select created_at < now() - make_interval(secs => ${fresh}) as is_old from auth.sessions where id = ${sessionId}`;
  if (settings.email.secure_password_change && session?.is_old) {
    if (!nonce) {
      throw new AuthError(
        400,
        "reauthentication_needed",
        "Password update requires reauthentication",
      );
    }
    await takeNonce(sql, settings, user, nonce);
  }
  if (user.encrypted_password && await isPassword(sql, password, user.encrypted_password)) {
    throw new AuthError(
      422,
      "same_password",
      "New password should be different from the old password.",
    );
  }
  // Whoever had the old one is out.
  await endSessions(sql, user.id, sessionId, "others");
  return await changeUser(sql, user.id, { encrypted_password: await hashPassword(sql, password) });
}

/** `GET /reauthenticate`: a code that shows that the person of an old session is still who they were. */
export async function reauthenticate(context: AuthContext, { user }: Person): Promise<void> {
  if (!user.email) {
    throw invalid("Reauthentication requires the user to have an email or a phone number");
  }
  await inTransaction(
    context,
    "reauthenticating user",
    (sql) => mailCode(context, sql, user, "reauthentication", null),
  );
}

export const resending = z.object({
  type: z.string(),
  email: z.string().nullish(),
  phone: z.string().nullish(),
});

/** `POST /resend`. Of an unknown address, or one for which nothing waits, nothing is said. */
export async function resend(
  context: AuthContext,
  body: z.infer<typeof resending>,
  redirectTo: string | null,
): Promise<void> {
  if (body.type === "sms" || body.type === "phone_change") {
    throw disabled("phone_provider_disabled", "Unsupported phone provider");
  }
  if (body.type !== "signup" && body.type !== "email_change") {
    throw invalid("Missing one of these types: signup, email_change, sms, phone_change");
  }
  const email = readEmail(body.email);
  await inTransaction(context, "resending", async (sql) => {
    const user = await findUserByEmail(sql, email);
    if (!user) return null;
    if (body.type === "signup") {
      return user.confirmed_at ? null : await mailCode(context, sql, user, "signup", redirectTo);
    }
    return user.email_change && user.email_change_confirm_status === 0
      ? await askForEmailChange(context, sql, user, user.email_change, redirectTo, false)
      : null;
  });
}

export const scopes = z.enum(["global", "local", "others"]).catch("global");
