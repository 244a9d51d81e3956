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

/** The tables in which the copies differ. The arrival's own entry in the log is left out. */
export async function compareCopies(source: Cell, target: Cell, workspace: string) {
  const plan = await planMove({ sql: source.admin as never, url: source.url });
  const differing: string[] = [];
  let rows = 0;
  for (const [name, condition] of conditions(plan)) {
    const only = name === "public.audit_log"
      ? `${condition} and t.id is distinct from (select max(e.id) from public.audit_log as e where e.workspace_id = $1
          and e.action = 'workspace.moved' and e.id >> 40 = private.own_id_range())`
      : condition;
    const [here, there] = await Promise.all([
      hashOf(source, name, name === "public.audit_log" ? condition : only, workspace),
      hashOf(target, name, only, workspace),
    ]);
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
      await planMove({ sql: cell.admin as never, url: cell.url }),
    )
  ) {
    const { rows } = await hashOf(cell, name, condition, workspace);
    if (rows > 0) left.push(`${name}: ${rows}`);
  }
  return left;
}
