/**
 * People of a workspace. Their account stays where they sign in: the target gets a row of Auth without a password or a
 * session, their profile, and the number that their cached permissions are compared with. What the target knows of a
 * person already is left alone.
 */
import { asReplica, MoveError, type Side } from "./connect.ts";
import type { Plan } from "./plan.ts";
import { readRows, writableColumns, writeRows } from "./rows.ts";

/** Of `auth.users`: who it is, and which address was proven. No password, no token, nothing of a session. */
const OF_AN_ACCOUNT = [
  "instance_id",
  "id",
  "aud",
  "role",
  "email",
  "email_confirmed_at",
  "raw_app_meta_data",
  "raw_user_meta_data",
  "created_at",
  "updated_at",
  "is_sso_user",
  "is_anonymous",
  "deleted_at",
];

/** The people that a workspace's rows need: all that a foreign key to `profiles` names. */
async function readPeople(source: Side, workspace: string, plan: Plan): Promise<string[]> {
  const keys = await source.sql<{ name: string; column: string }[]>`
    select k.conrelid::regclass::text as name, quote_ident(a.attname) as column
    from pg_constraint as k join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
    where k.contype = 'f' and k.conparentid = 0
      and k.confrelid in ('public.profiles'::regclass, 'auth.users'::regclass)`;
  const columns = new Map(plan.travelling.map(({ name, column }) => [name, column]));
  const parts = keys.flatMap(({ name, column }) => {
    const own = columns.get(name.includes(".") ? name : `public.${name}`);
    return own
      ? [
        `select t.${column} as person from ${name} as t where t.${own} = $1 and t.${column} is not null`,
      ]
      : [];
  });
  const rows = await source.sql.unsafe<{ person: string }[]>(parts.join("\nunion\n"), [workspace]);
  return rows.map(({ person }) => person);
}

/** The members, of whom there may be new ones since all people were copied. */
async function readMembers({ sql }: Side, workspace: string): Promise<string[]> {
  const rows = await sql<{ person: string }[]>`
    select m.user_id as person from public.members as m where m.workspace_id = ${workspace}`;
  return rows.map(({ person }) => person);
}

async function copyThem(source: Side, target: Side, people: string[]): Promise<void> {
  const tables = [
    { name: "auth.users", key: "id", conflict: "on conflict (id) do nothing" },
    { name: "public.profiles", key: "user_id", conflict: "on conflict (user_id) do nothing" },
    { name: "public.linked_identities", key: "user_id", conflict: "on conflict do nothing" },
    {
      name: "private.permission_revisions",
      key: "user_id",
      conflict: `on conflict (user_id) do update
        set revision = greatest(permission_revisions.revision, excluded.revision)`,
    },
  ];
  await asReplica(target, async (sql) => {
    for (const { name, key, conflict } of tables) {
      const both = new Set(await writableColumns(target, name));
      const columns = (await writableColumns(source, name)).filter((column) =>
        both.has(column) && (name !== "auth.users" || OF_AN_ACCOUNT.includes(column))
      );
      const query = `select ${columns.join(", ")} from ${name} where ${key} = any ($1)`;
      for await (const rows of readRows(source, query, [people as never])) {
        await writeRows(sql, name, columns, rows, conflict);
      }
    }
  });
}

/**
 * Copies all people that the workspace's rows need.
 * @throws MoveError address_taken, when another account of the target has the address of one of them
 */
export async function copyPeople(
  source: Side,
  target: Side,
  workspace: string,
  plan: Plan,
): Promise<void> {
  const people = await readPeople(source, workspace, plan);
  const addresses = await source.sql<{ id: string; email: string }[]>`
    select id, email from auth.users where id = any (${people}) and email is not null`;
  const [taken] = await target.sql<{ n: number }[]>`
    select count(*)::int as n from auth.users as u
    join unnest(${addresses.map(({ id }) => id)}::uuid[], ${
    addresses.map(({ email }) => email)
  }::text[]) as comes (id, email) on lower(comes.email) = lower(u.email) and comes.id <> u.id`;
  if (taken && taken.n > 0) {
    throw new MoveError(
      "address_taken",
      `${taken.n} of the workspace's people have another account at the target with the same address`,
    );
  }
  await copyThem(source, target, people);
}

/** Copies the members of a closed workspace: those who joined while it was copied, and everyone's last revision. */
export async function copyMembers(source: Side, target: Side, workspace: string): Promise<void> {
  await copyThem(source, target, await readMembers(source, workspace));
}
