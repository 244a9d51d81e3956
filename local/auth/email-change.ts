/** A person's address changes when both the old and the new one have said so; a guest's first needs only the new. */
import { makeCode, takeCode } from "./codes.ts";
import { type AuthContext, emailExists, sendCode } from "./context.ts";
import { AuthError } from "./errors.ts";
import { changeUser, findUserByEmail, keepIdentity, type Sql, type UserRow } from "./users.ts";

/** Asks the addresses. @throws AuthError 422 `email_exists` */
export async function askForEmailChange(
  context: AuthContext,
  sql: Sql,
  user: UserRow,
  email: string,
  redirectTo: string | null | undefined,
  isPkce: boolean,
): Promise<UserRow> {
  if (await findUserByEmail(sql, email)) throw emailExists();
  const { settings } = context;
  const next = makeCode(settings, email, isPkce);
  const asksBoth = user.email !== null && settings.email.double_confirm_changes;
  const current = asksBoth ? makeCode(settings, user.email ?? "", isPkce) : null;
  const changed = await changeUser(sql, user.id, {
    email_change: email,
    email_change_token_new: next.hash,
    email_change_token_current: current?.hash ?? null,
    email_change_sent_at: new Date(),
    email_change_confirm_status: 0,
  });
  if (current && user.email) sendCode(context, "email_change", user.email, current, redirectTo);
  sendCode(context, "email_change", email, next, redirectTo);
  return changed;
}

/** The first of two confirmations; the change waits for the other. */
export const halfway = {
  code: "200",
  msg: "Confirmation link accepted. Please proceed to confirm link sent to the other email",
};

/** Takes one confirmation. @returns the person with the new address, or null when the other is still to come */
export async function confirmEmailChange(
  context: AuthContext,
  sql: Sql,
  taken: Awaited<ReturnType<typeof takeCode>>,
): Promise<UserRow | AuthError | null> {
  const { user, column } = taken;
  const email = user.email_change;
  if (!email) return new AuthError(403, "otp_expired", "Email link is invalid or has expired");
  const asksBoth = user.email !== null && context.settings.email.double_confirm_changes;
  if (asksBoth && user.email_change_confirm_status === 0) {
    await changeUser(sql, user.id, { email_change_confirm_status: 1, [column]: null });
    return null;
  }
  if (await findUserByEmail(sql, email)) return emailExists();
  const providers = new Set([
    ...Array.isArray(user.raw_app_meta_data?.providers) ? user.raw_app_meta_data.providers : [],
    "email",
  ]);
  await keepIdentity(sql, user.id, { email, email_verified: true });
  return await changeUser(sql, user.id, {
    email,
    email_confirmed_at: new Date(),
    email_change: null,
    email_change_token_new: null,
    email_change_token_current: null,
    email_change_confirm_status: 0,
    is_anonymous: false,
    raw_app_meta_data: {
      ...user.raw_app_meta_data,
      provider: user.raw_app_meta_data?.provider ?? "email",
      providers: [...providers],
    },
    raw_user_meta_data: {
      ...user.raw_user_meta_data,
      sub: user.id,
      email,
      email_verified: true,
      phone_verified: false,
    },
  });
}
