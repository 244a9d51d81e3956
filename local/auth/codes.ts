/**
 * Codes and links that show that an address is somebody's. In the database is only a hash of address and code, which is
 * also what a link carries; a code is good once, and for as long as the settings say.
 */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { AuthError, invalid } from "./errors.ts";
import type { MailKind } from "./mails.ts";
import type { AuthSettings } from "./settings.ts";
import type { Sql, UserRow } from "./users.ts";

/** Columns of auth.users that hold a hash. */
export type CodeColumn =
  | "confirmation_token"
  | "recovery_token"
  | "email_change_token_new"
  | "email_change_token_current"
  | "reauthentication_token";

/** What `type` may be when a code comes back, and where its hash is looked for. */
const columnsOfType: Record<string, CodeColumn[]> = {
  signup: ["confirmation_token"],
  invite: ["confirmation_token"],
  magiclink: ["recovery_token"],
  recovery: ["recovery_token"],
  email: ["confirmation_token", "recovery_token"],
  email_change: ["email_change_token_new", "email_change_token_current"],
};

const sentAt: Record<CodeColumn, string> = {
  confirmation_token: "confirmation_sent_at",
  recovery_token: "recovery_sent_at",
  email_change_token_new: "email_change_sent_at",
  email_change_token_current: "email_change_sent_at",
  reauthentication_token: "reauthentication_sent_at",
};

/** The column of a mail's code; a change of address has two, and says which. */
export const columnOfKind: Record<Exclude<MailKind, "email_change">, CodeColumn> = {
  signup: "confirmation_token",
  invite: "confirmation_token",
  magiclink: "recovery_token",
  recovery: "recovery_token",
  reauthentication: "reauthentication_token",
};

/** A code for people, and its hash for links. */
export interface Code {
  otp: string;
  hash: string;
}

/** Links that end in a code for PKCE, rather than in tokens, begin so. */
export const pkcePrefix = "pkce_";

export const hashCode = (email: string, otp: string): string =>
  createHash("sha224").update(email + otp).digest("hex");

/** Makes a code for an address. */
export function makeCode(settings: AuthSettings, email: string, isPkce = false): Code {
  const length = settings.email.otp_length;
  // Enough bits that no digit is likelier than another by more than one in a million.
  const bits = BigInt(
    `0x${Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex")}`,
  );
  const otp = (bits % 10n ** BigInt(length)).toString().padStart(length, "0");
  return { otp, hash: (isPkce ? pkcePrefix : "") + hashCode(email, otp) };
}

const expired = (message: string) => new AuthError(403, "otp_expired", message);

/** What came back: a link's hash, or a code with its address. */
export type Shown = { hash: string } | { email: string; otp: string };

/**
 * Takes a code: it is not good again.
 * @throws AuthError 403 `otp_expired`: unknown, used or too old; nobody learns which
 */
export async function takeCode(
  sql: Sql,
  settings: AuthSettings,
  type: string,
  shown: Shown,
): Promise<{ user: UserRow; column: CodeColumn; isPkce: boolean }> {
  const columns = columnsOfType[type];
  if (!columns) throw invalid("Invalid email verification type");
  const hash = "hash" in shown ? shown.hash : hashCode(shown.email, shown.otp);
  const refused = () =>
    expired(
      "hash" in shown ? "Email link is invalid or has expired" : "Token has expired or is invalid",
    );
  if (hash.length < 40 || hash.length > 100) throw refused();
  const hashes = [hash, ...("hash" in shown ? [] : [pkcePrefix + hash])];
  for (const column of columns) {
    const [user] = await sql<UserRow[]>`
      update auth.users set ${sql(column)} = null
      where ${sql(column)} = any (${hashes}) and deleted_at is null
        and ${sql(sentAt[column])} > now() - make_interval(secs => ${settings.email.otp_expiry})
      returning *`;
    if (user) return { user, column, isPkce: "hash" in shown && hash.startsWith(pkcePrefix) };
  }
  throw refused();
}

/** Whether a person typed in the code that they were sent to show that it is them; it is good once. */
export async function takeNonce(
  sql: Sql,
  settings: AuthSettings,
  user: UserRow,
  nonce: string,
): Promise<void> {
  const rows = await sql`
    update auth.users set reauthentication_token = null
    where id = ${user.id} and reauthentication_token = ${hashCode(user.email ?? "", nonce)}
      and reauthentication_sent_at > now() - make_interval(secs => ${settings.email.otp_expiry})
    returning id`;
  if (rows.length === 0) {
    throw new AuthError(422, "reauthentication_not_valid", "Nonce has expired or is invalid");
  }
}
