/** People as Auth keeps them, and as it shows them. */
import type postgres from "postgres";
import { AuthError } from "./errors.ts";

/** Connection or transaction. */
export type Sql = postgres.ISql;

/** A row of auth.users. */
export interface UserRow {
  id: string;
  aud: string;
  role: string;
  email: string | null;
  phone: string | null;
  encrypted_password: string | null;
  email_confirmed_at: Date | null;
  confirmed_at: Date | null;
  invited_at: Date | null;
  confirmation_sent_at: Date | null;
  recovery_sent_at: Date | null;
  email_change: string | null;
  email_change_sent_at: Date | null;
  email_change_confirm_status: number;
  reauthentication_token: string | null;
  reauthentication_sent_at: Date | null;
  last_sign_in_at: Date | null;
  raw_app_meta_data: Record<string, unknown> | null;
  raw_user_meta_data: Record<string, unknown> | null;
  banned_until: Date | null;
  deleted_at: Date | null;
  is_anonymous: boolean;
  created_at: Date;
  updated_at: Date;
}

interface IdentityRow {
  id: string;
  user_id: string;
  provider: string;
  provider_id: string;
  identity_data: Record<string, unknown>;
  email: string | null;
  last_sign_in_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** What a new person begins with. */
export interface NewUser {
  id?: string | undefined;
  email?: string | undefined;
  /** Already hashed. */
  passwordHash?: string | null | undefined;
  isConfirmed?: boolean | undefined;
  isAnonymous?: boolean | undefined;
  isInvited?: boolean | undefined;
  userMetadata?: Record<string, unknown> | undefined;
  appMetadata?: Record<string, unknown> | undefined;
  role?: string | undefined;
}

const byEmail = { provider: "email", providers: ["email"] };

/** The address as it is kept: its case tells nobody apart. */
export const normalizeEmail = (email: string): string => email.trim().toLowerCase();

export async function findUser(sql: Sql, id: string): Promise<UserRow | undefined> {
  return (await sql<UserRow[]>`select * from auth.users where id = ${id}`)[0];
}

export async function findUserByEmail(sql: Sql, email: string): Promise<UserRow | undefined> {
  return (await sql<UserRow[]>`
    select * from auth.users where email = ${email} and not is_sso_user and deleted_at is null`)[0];
}

/** bcrypt, as the platform's; the database has it. */
export async function hashPassword(sql: Sql, password: string): Promise<string> {
  const [row] = await sql<{ hash: string }[]>`
    select extensions.crypt(${password}, extensions.gen_salt('bf', 10)) as hash`;
  return row!.hash;
}

export async function isPassword(sql: Sql, password: string, hash: string): Promise<boolean> {
  const [row] = await sql<{ is_same: boolean }[]>`
    select extensions.crypt(${password}, ${hash}) = ${hash} as is_same`;
  return row!.is_same;
}

/** Makes a person, and the identity of one with an address. */
export async function createUser(sql: Sql, user: NewUser): Promise<UserRow> {
  const id = user.id ?? crypto.randomUUID();
  const now = new Date();
  const identity = { sub: id, email: user.email, email_verified: false, phone_verified: false };
  const userMetadata = {
    ...user.userMetadata,
    ...(user.email ? { ...identity, email_verified: user.isConfirmed ?? false } : {}),
  };
  const appMetadata = { ...user.appMetadata, ...(user.email ? byEmail : {}) };
  const [row] = await sql<UserRow[]>`
    insert into auth.users ${
    sql({
      id,
      instance_id: "00000000-0000-0000-0000-000000000000",
      aud: "authenticated",
      role: user.role ?? "authenticated",
      email: user.email ?? null,
      encrypted_password: user.passwordHash ?? null,
      email_confirmed_at: user.isConfirmed ? now : null,
      invited_at: user.isInvited ? now : null,
      is_anonymous: user.isAnonymous ?? false,
      raw_app_meta_data: appMetadata as postgres.JSONValue,
      raw_user_meta_data: userMetadata as postgres.JSONValue,
      created_at: now,
      updated_at: now,
    } as Record<string, unknown>)
  } returning *`;
  if (user.email) await keepIdentity(sql, id, { ...identity, email: user.email });
  return row!;
}

/** The identity of a person's address: made, or changed with the address. */
export async function keepIdentity(
  sql: Sql,
  id: string,
  data: { email: string; email_verified: boolean },
): Promise<void> {
  const now = new Date();
  const identity = { sub: id, phone_verified: false, ...data };
  await sql`
    insert into auth.identities (id, user_id, provider, provider_id, identity_data, last_sign_in_at, created_at,
      updated_at)
    values (${crypto.randomUUID()}, ${id}, 'email', ${id}, ${identity as never}, ${now}, ${now}, ${now})
    on conflict (provider, provider_id) do update set
      identity_data = identities.identity_data || excluded.identity_data, updated_at = excluded.updated_at`;
}

/** Changes columns of a person, and `updated_at`. @throws AuthError 404 `user_not_found` */
export async function changeUser(
  sql: Sql,
  id: string,
  changes: Record<string, unknown>,
): Promise<UserRow> {
  const set = { ...changes, updated_at: new Date() } as Record<string, unknown>;
  const [row] = await sql<UserRow[]>`update auth.users set ${
    sql(set)
  } where id = ${id} returning *`;
  if (!row) throw new AuthError(404, "user_not_found", "User not found");
  return row;
}

/** A person as clients of Auth see them: what is not there is left out. */
export async function showUser(sql: Sql, user: UserRow): Promise<Record<string, unknown>> {
  const identities = await sql<IdentityRow[]>`
    select * from auth.identities where user_id = ${user.id} order by created_at`;
  const dates = Object.fromEntries(
    ([
      "email_confirmed_at",
      "confirmed_at",
      "invited_at",
      "confirmation_sent_at",
      "recovery_sent_at",
      "email_change_sent_at",
      "reauthentication_sent_at",
      "last_sign_in_at",
      "banned_until",
      "deleted_at",
    ] as const).flatMap((name) => user[name] ? [[name, user[name].toISOString()]] : []),
  );
  return {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email ?? "",
    phone: user.phone ?? "",
    ...dates,
    ...(user.email_change ? { new_email: user.email_change } : {}),
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    identities: identities.map(({ id, provider_id, ...identity }) => ({
      ...identity,
      identity_id: id,
      id: provider_id,
    })),
    created_at: user.created_at.toISOString(),
    updated_at: user.updated_at.toISOString(),
    is_anonymous: user.is_anonymous,
  };
}
