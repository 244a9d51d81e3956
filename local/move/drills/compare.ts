/** Compares the two copies of a workspace, table by table, by a hash of all rows. */
import { type Plan, planMove } from "../plan.ts";
import type { Cell } from "./two-cells.ts";

/** What differs by right: the directory's mark on the workspace, and ids of secrets, which are compared as secrets. */
const APART: Record<string, string[]> = {
  "public.workspaces": ["left_at", "updated_at"],
  "private.move_marks": ["fence"],
};

interface Sum {
  rows: number;
  hash: string;
}

async function hashOf(
  cell: Cell,
  name: string,
  condition: string,
  workspace: string,
): Promise<Sum> {
  const columns = await cell.admin<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = ${name}::regclass and attnum > 0 and not attisdropped and attname not like '%secret\_id'`;
  const list = columns.map(({ name: column }) => column)
    .filter((column) => !(APART[name] ?? []).includes(column)).sort();
  const [row] = await cell.admin.unsafe<{ rows: number; hash: string }[]>(
    `select count(*)::int as rows, coalesce(md5(string_agg(r.words, '|' order by r.words collate "C")), '') as hash
     from (select md5(concat_ws('~', ${
      list.map((column) => `coalesce(t."${column}"::text, 'null')`).join(", ")
    })) as words from ${name} as t where ${condition}) as r`,
    [workspace],
  );
  return row!;
}

async function secretsOf(cell: Cell, workspace: string): Promise<string> {
  const [row] = await cell.admin<{ hash: string }[]>`
    select coalesce(md5(string_agg(c.id || ':' || coalesce(a.decrypted_secret, '') || ':' ||
      coalesce(r.decrypted_secret, ''), '|' order by c.id)), '') as hash
    from public.service_connections as c
    left join vault.decrypted_secrets as a on a.id = c.access_secret_id
    left join vault.decrypted_secrets as r on r.id = c.refresh_secret_id
    where c.workspace_id = ${workspace}`;
  return row!.hash;
}

const conditions = ({ travelling, through }: Plan): [string, string][] => [
  ...travelling.filter(({ name }) => name !== "private.move_marks")
    .map(({ name, column }): [string, string] => [name, `t.${column} = $1`]),
  ...through.map(({ name, condition }): [string, string] => [name, condition]),
];

/** Queues of which the copy that stays has nothing: the other cell works them off. */
const EMPTIED = [
  "private.folders_to_empty",
  "private.token_revocations",
  "private.lead_import_work",
  "private.connection_renewals",
];

/** What both copies must have: all but unfinished work, and the entry in the log that says that it arrived. */
async function compared(cell: Cell, name: string, condition: string): Promise<string> {
  if (name === "public.audit_log") {
    return `${condition} and t.id is distinct from (
      select max(e.id) from public.audit_log as e
      where e.workspace_id = $1 and e.action = 'workspace.moved' and e.id >> 40 = private.own_id_range())`;
  }
  if (name === "private.usage_reservations") {
    return `${condition} and (t.is_settled or t.is_released)`;
  }
  const [queue] = await cell.admin`
    select from private.work_queues where work_table = to_regclass(${name})`;
  return queue ? `${condition} and t.status not in ('pending', 'in_progress')` : condition;
}

/** The tables in which the copies differ. */
export async function compareCopies(source: Cell, target: Cell, workspace: string) {
  const plan = await planMove({ sql: source.admin as never, url: source.url }, workspace);
  const differing: string[] = [];
  let rows = 0;
  for (const [name, condition] of conditions(plan)) {
    if (EMPTIED.includes(name)) continue;
    const there = await hashOf(target, name, await compared(target, name, condition), workspace);
    const here = await hashOf(
      source,
      name,
      name === "public.audit_log" ? condition : await compared(source, name, condition),
      workspace,
    );
    rows += here.rows;
    if (here.hash !== there.hash) differing.push(`${name} (${here.rows} and ${there.rows} rows)`);
  }
  if (await secretsOf(source, workspace) !== await secretsOf(target, workspace)) {
    differing.push("secrets");
  }
  return { differing, rows };
}

/** Rows of a workspace that a cell still has, by table. */
export async function rowsLeft(cell: Cell, workspace: string): Promise<string[]> {
  const left: string[] = [];
  for (
    const [name, condition] of conditions(
      await planMove({ sql: cell.admin as never, url: cell.url }, workspace),
    )
  ) {
    const { rows } = await hashOf(cell, name, condition, workspace);
    if (rows > 0) left.push(`${name}: ${rows}`);
  }
  return [...left, ...await orphansOf(cell)];
}

/** Rows whose foreign key leads nowhere: replication checks none, so what is forgotten by halves would stay unseen. */
export async function orphansOf({ admin }: Cell): Promise<string[]> {
  const keys = await admin<{ child: string; parent: string; condition: string; nulls: string }[]>`
    select k.conrelid::regclass::text as child, k.confrelid::regclass::text as parent,
      string_agg(format('p.%I = c.%I', theirs.attname, own.attname), ' and ') as condition,
      string_agg(format('c.%I is not null', own.attname), ' and ') as nulls
    from pg_constraint as k
    cross join lateral unnest(k.conkey, k.confkey) as pair (own, theirs)
    join pg_attribute as own on own.attrelid = k.conrelid and own.attnum = pair.own
    join pg_attribute as theirs on theirs.attrelid = k.confrelid and theirs.attnum = pair.theirs
    where k.contype = 'f' and k.conparentid = 0
      and k.connamespace in ('public'::regnamespace, 'private'::regnamespace)
    group by k.oid, 1, 2`;
  const questions = keys.map(({ child, parent, condition, nulls }) =>
    `select '${child} without ${parent}' as what where exists (select from ${child} as c where ${nulls}
       and not exists (select from ${parent} as p where ${condition}))`
  );
  const rows = await admin.unsafe<{ what: string }[]>(questions.join("\nunion all\n"));
  return rows.map(({ what }) => what);
}

/** What a move leaves behind when it forgets to take its replication down: a slot keeps a server's log for ever. */
export async function replicationLeft(...cells: Cell[]): Promise<string[]> {
  const left = await Promise.all(cells.map(async ({ name, admin }) => {
    const rows = await admin<{ what: string }[]>`
      select 'slot ' || slot_name as what from pg_replication_slots where slot_name ~ '^(groundwork_move|pg_\\d+_sync)'
      union all select 'publication ' || pubname from pg_publication where pubname ~ '^groundwork_move'
      union all select 'subscription ' || subname from pg_subscription
      union all select 'identity of ' || oid::regclass from pg_class
        where relreplident <> 'd' and relkind in ('r', 'p') and relnamespace = 'public'::regnamespace`;
    return rows.map(({ what }) => `${name}: ${what}`);
  }));
  return left.flat();
}
