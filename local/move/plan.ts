/** Which tables travel, read from the catalogue of the source. */
import { MoveError, type Side } from "./connect.ts";
import { STAYS, THROUGH } from "./tables.ts";

/** A table whose rows travel by replication. */
export interface Travelling {
  /** Schema and name, quoted as needed. */
  name: string;
  /** The column that says the workspace. */
  column: string;
  isPartitioned: boolean;
  /** Of a business of the workspace: the target gets it when the move begins. */
  isStamped: boolean;
}

export interface Plan {
  travelling: Travelling[];
  /** Tables whose rows are copied while the workspace is closed, with the condition on them (`t`, `$1`). */
  through: { name: string; condition: string; columns: string[] }[];
}

/**
 * Plans a move. Tables of other workspaces' businesses are none of its business.
 * @throws MoveError unknown_table, when a table has no workspace_id and is not told in tables.ts
 */
export async function planMove({ sql }: Side, workspace: string): Promise<Plan> {
  const tables = await sql<
    {
      name: string;
      column: string | null;
      partitioned: boolean;
      columns: string[];
      stamped: boolean;
    }[]
  >`
    with stamped as (
      select known.prefix || t.table_name as name, known.workspace_id
      from (select b.prefix, b.workspace_id from public.businesses as b where b.prefix <> ''
        union all select o.prefix, null from private.ownerless_prefixes as o
          where not exists (select from public.businesses as b where b.prefix = o.prefix)) as known
      cross join private.business_templates as t
    )
    select format('%I.%I', s.nspname, c.relname) as name, c.relkind = 'p' as partitioned,
      exists (select from stamped where stamped.name = c.relname and s.nspname = 'public') as stamped,
      (select a.attname::text from pg_attribute as a
        where a.attrelid = c.oid and not a.attisdropped and a.atttypid = 'uuid'::regtype
          and a.attname = case when c.oid = 'public.workspaces'::regclass then 'id' else 'workspace_id' end) as column,
      (select array_agg(quote_ident(a.attname) order by a.attnum) from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
    from pg_class as c join pg_namespace as s on s.oid = c.relnamespace
    where s.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
      and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
      and (s.nspname <> 'public' or not exists (select from stamped
        where stamped.name = c.relname and stamped.workspace_id is distinct from ${workspace}::uuid))
    order by 1`;
  const plan: Plan = { travelling: [], through: [] };
  const unknown: string[] = [];
  for (const { name, column, partitioned, columns, stamped } of tables) {
    if (name in STAYS) continue;
    if (name in THROUGH) plan.through.push({ name, condition: THROUGH[name]!, columns });
    else if (column) {
      plan.travelling.push({ name, column, isPartitioned: partitioned, isStamped: stamped });
    } else unknown.push(name);
  }
  if (unknown.length > 0) {
    throw new MoveError(
      "unknown_table",
      `${unknown.join(", ")}: no workspace_id, and move/tables.ts does not say whose the rows are`,
    );
  }
  const order = Object.keys(THROUGH);
  plan.through.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  return plan;
}
