/** What the backend itself may do with people, with a secret key. */
import { z } from "zod";
import { type CodeColumn, columnOfKind, makeCode } from "./codes.ts";
import { type AuthContext, emailExists, inTransaction, makeLink } from "./context.ts";
import { mergeMetadata } from "./account.ts";
import { AuthError, invalid } from "./errors.ts";
import { checkPassword, isUuid, metadata, readEmail, refusePhone } from "./input.ts";
import { chooseRedirect } from "./settings.ts";
import { mailCode } from "./sign-up.ts";
import {
  changeUser,
  createUser,
  findUser,
  findUserByEmail,
  hashPassword,
  keepIdentity,
  showUser,
  type Sql,
  type UserRow,
} from "./users.ts";

type Answer = Record<string, unknown>;

export const userByAdmin = z.object({
  id: z.guid().optional(),
  email: z.string().nullish(),
  phone: z.string().nullish(),
  password: z.string().nullish(),
  password_hash: z.string().regex(/^\$2[aby]\$\d\d\$.{53}$/, "only bcrypt is known here").nullish(),
  email_confirm: z.boolean().nullish(),
  user_metadata: metadata.nullish(),
  app_metadata: metadata.nullish(),
  role: z.string().max(63).nullish(),
  ban_duration: z.string().regex(/^(none|(\d+(\.\d+)?(h|m|s|ms))+)$/, "is no duration").nullish(),
});

const notFound = () => new AuthError(404, "user_not_found", "User not found");

async function findForAdmin(sql: Sql, id: string): Promise<UserRow> {
  if (!isUuid(id)) throw new AuthError(404, "validation_failed", "user_id must be an UUID");
  const user = await findUser(sql, id);
  if (!user) throw notFound();
  return user;
}

function passwordHash(sql: Sql, context: AuthContext, body: z.infer<typeof userByAdmin>) {
  if (body.password && body.password_hash) {
    throw invalid("Only a password or a password hash should be provided");
  }
  if (!body.password) return body.password_hash ?? null;
  checkPassword(context.settings, body.password);
  return hashPassword(sql, body.password);
}

/** Until when a duration such as `24h` or `1h30m` bans; null for `none`. */
function bannedUntil(duration: string): Date | null {
  if (duration === "none") return null;
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  let sum = 0;
  for (const [, count, unit = ""] of duration.matchAll(/([\d.]+)(ms|h|m|s)/g)) {
    sum += Number(count) * (units[unit] ?? 0);
  }
  // As far as a date can say.
  return new Date(Math.min(Date.now() + sum, Date.parse("9999-12-31T00:00:00Z")));
}

/** `POST /admin/users`. */
export async function createByAdmin(
  context: AuthContext,
  body: z.infer<typeof userByAdmin>,
): Promise<Answer> {
  refusePhone(body.phone);
  if (!body.email) throw invalid("Cannot create a user without either an email or phone");
  const email = readEmail(body.email);
  return await inTransaction(context, "creating new user", async (sql) => {
    if (await findUserByEmail(sql, email)) return emailExists();
    if (body.id && await findUser(sql, body.id)) {
      return new AuthError(422, "conflict", "A user with this id exists already");
    }
    const user = await createUser(sql, {
      id: body.id,
      email,
      passwordHash: await passwordHash(sql, context, body),
      isConfirmed: body.email_confirm ?? false,
      userMetadata: body.user_metadata ?? {},
      appMetadata: body.app_metadata ?? {},
      role: body.role || undefined,
    });
    if (!body.ban_duration) return await showUser(sql, user);
    const banned_until = bannedUntil(body.ban_duration);
    return await showUser(sql, await changeUser(sql, user.id, { banned_until }));
  });
}

/** `GET /admin/users`: a page of them, newest first, and how many there are. */
export async function listByAdmin(
  { sql }: AuthContext,
  query: URLSearchParams,
): Promise<{ users: Answer[]; total: number; page: number; perPage: number }> {
  const number = (name: string, otherwise: number, most: number) => {
    const text = query.get(name);
    if (text === null || text === "") return otherwise;
    if (!/^\d{1,9}$/.test(text)) throw invalid(`Bad Pagination Parameters: ${name}`);
    return Math.min(Math.max(Number(text), 1), most);
  };
  const page = number("page", 1, 1e9);
  const perPage = number("per_page", 50, 1000);
  const [counted] = await sql<{ n: string }[]>`select count(*) as n from auth.users`;
  const rows = await sql<UserRow[]>`
    select * from auth.users order by created_at desc, id limit ${perPage} offset ${
    (page - 1) * perPage
  }`;
  const users: Answer[] = [];
  for (const row of rows) users.push(await showUser(sql, row));
  return { users, total: Number(counted?.n), page, perPage };
}

/** `GET /admin/users/:id`. */
export async function showByAdmin({ sql }: AuthContext, id: string): Promise<Answer> {
  return await showUser(sql, await findForAdmin(sql, id));
}

/** `PUT /admin/users/:id`. */
export async function changeByAdmin(
  context: AuthContext,
  id: string,
  body: z.infer<typeof userByAdmin>,
): Promise<Answer> {
  refusePhone(body.phone);
  const email = body.email ? readEmail(body.email) : null;
  return await inTransaction(context, "updating user", async (sql) => {
    const user = await findForAdmin(sql, id);
    const changes: Record<string, unknown> = {};
    const hash = await passwordHash(sql, context, body);
    if (hash !== null) changes.encrypted_password = hash;
    if (body.role) changes.role = body.role;
    if (body.ban_duration) changes.banned_until = bannedUntil(body.ban_duration);
    if (body.email_confirm) changes.email_confirmed_at = user.email_confirmed_at ?? new Date();
    let userMetadata = mergeMetadata(user.raw_user_meta_data, body.user_metadata ?? {});
    let appMetadata = mergeMetadata(user.raw_app_meta_data, body.app_metadata ?? {});
    if (email && email !== user.email) {
      if (await findUserByEmail(sql, email)) return emailExists();
      await keepIdentity(sql, user.id, { email, email_verified: true });
      userMetadata = { ...userMetadata, sub: user.id, email, email_verified: true };
      appMetadata = { provider: "email", providers: ["email"], ...appMetadata };
      Object.assign(changes, { email, email_confirmed_at: new Date(), is_anonymous: false });
    }
    changes.raw_user_meta_data = userMetadata;
    changes.raw_app_meta_data = appMetadata;
    return await showUser(sql, await changeUser(sql, user.id, changes));
  });
}

/**
 * `DELETE /admin/users/:id`. What the project's own rules refuse (the last owner of a workspace) is the platform's 500.
 */
export async function deleteByAdmin(
  context: AuthContext,
  id: string,
  isSoft: boolean,
): Promise<void> {
  await inTransaction(context, "deleting user", async (sql) => {
    const user = await findForAdmin(sql, id);
    if (!isSoft) return await sql`delete from auth.users where id = ${user.id}`;
    // The row stays for what refers to it, and names nobody.
    await sql`delete from auth.sessions where user_id = ${user.id}`;
    await sql`delete from auth.identities where user_id = ${user.id}`;
    return await changeUser(sql, user.id, {
      email: null,
      encrypted_password: null,
      raw_user_meta_data: {},
      raw_app_meta_data: {},
      email_change: null,
      deleted_at: new Date(),
    });
  });
}

export const invitation = z.object({ email: z.string(), data: metadata.nullish() });

/** `POST /invite`. */
export async function invite(
  context: AuthContext,
  body: z.infer<typeof invitation>,
  redirectTo: string | null,
): Promise<Answer> {
  const email = readEmail(body.email);
  return await inTransaction(context, "inviting user", async (sql) => {
    const user = await makeInvited(sql, email, body.data ?? {});
    if (user instanceof AuthError) return user;
    const told = await mailCode(context, sql, user, "invite", redirectTo, { isService: true });
    return await showUser(sql, told);
  });
}

async function makeInvited(sql: Sql, email: string, data: Answer): Promise<UserRow | AuthError> {
  const known = await findUserByEmail(sql, email);
  if (known?.email_confirmed_at) return emailExists();
  if (known) return await changeUser(sql, known.id, { invited_at: new Date() });
  return await createUser(sql, { email, isInvited: true, userMetadata: data });
}

export const linkRequest = z.object({
  type: z.enum([
    "signup",
    "invite",
    "magiclink",
    "recovery",
    "email_change_current",
    "email_change_new",
  ]),
  email: z.string(),
  new_email: z.string().nullish(),
  password: z.string().nullish(),
  data: metadata.nullish(),
  redirect_to: z.string().nullish(),
});

/** `POST /admin/generate_link`: the mail's link, for whoever sends mails themselves. */
export async function generateLink(
  context: AuthContext,
  body: z.infer<typeof linkRequest>,
  fromQuery: string | null,
): Promise<Answer> {
  const { settings } = context;
  const email = readEmail(body.email);
  const redirect_to = chooseRedirect(settings, body.redirect_to ?? fromQuery);
  return await inTransaction(context, "generating link", async (sql) => {
    const found = await findForLink(context, sql, email, body);
    if (found instanceof AuthError) return found;
    const isChange = body.type.startsWith("email_change");
    const newEmail = isChange ? readEmail(body.new_email) : null;
    const isNew = body.type === "email_change_new";
    const code = makeCode(settings, isNew && newEmail ? newEmail : email);
    const changes: Record<string, unknown> = newEmail === null
      ? linkColumns(columnOfKind[body.type as "signup"], code.hash)
      : {
        ...linkColumns(isNew ? "email_change_token_new" : "email_change_token_current", code.hash),
        email_change: newEmail,
      };
    const user = await changeUser(sql, found.id, changes);
    const verification_type = isChange ? "email_change" : body.type;
    return {
      ...await showUser(sql, user),
      action_link: makeLink(context, verification_type, code.hash, redirect_to),
      email_otp: code.otp,
      hashed_token: code.hash,
      verification_type: body.type,
      redirect_to,
    };
  });
}

function linkColumns(column: CodeColumn, hash: string): Record<string, unknown> {
  const sentAt = column.startsWith("email_change")
    ? "email_change_sent_at"
    : column.replace("_token", "_sent_at");
  return { [column]: hash, [sentAt]: new Date() };
}

async function findForLink(
  context: AuthContext,
  sql: Sql,
  email: string,
  body: z.infer<typeof linkRequest>,
): Promise<UserRow | AuthError> {
  const known = await findUserByEmail(sql, email);
  if (body.type === "invite") return await makeInvited(sql, email, body.data ?? {});
  if (body.type === "signup") {
    if (known?.email_confirmed_at) return emailExists();
    if (!body.password) throw invalid("Signup requires a valid password");
    checkPassword(context.settings, body.password);
    const hash = await hashPassword(sql, body.password);
    return known ??
      await createUser(sql, { email, passwordHash: hash, userMetadata: body.data ?? {} });
  }
  if (known) return known;
  if (body.type !== "magiclink") {
    return new AuthError(404, "user_not_found", "User with this email not found");
  }
  return await createUser(sql, { email, userMetadata: body.data ?? {} });
}
