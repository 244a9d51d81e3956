/** What must be true before a workspace moves, and what the target is given for it. */
import { asReplica, MoveError, type Side, withShortLocks } from "./connect.ts";
import type { Plan } from "./plan.ts";

/** The names of the two cells. */
export interface Cells {
  from: string;
  to: string;
}

async function nameOfCell({ sql }: Side, which: string): Promise<string> {
  const [row] = await sql<{ name: string | null }[]>`select (private.own_cell()).name as name`;
  if (!row?.name) {
    throw new MoveError("unknown_cell", `the ${which} is no cell yet: set_cell and name_this_cell`);
  }
  return row.name;
}

/** Both sides are cells that know each other. */
export async function readCells(source: Side, target: Side): Promise<Cells> {
  const from = await nameOfCell(source, "source");
  const to = await nameOfCell(target, "target");
  if (from === to) throw new MoveError("unknown_cell", "source and target are the same cell");
  return { from, to };
}

/** Refuses a move that could not end well. */
export async function checkBoth(source: Side, target: Side, workspace: string, plan: Plan) {
  const [log] = await source.sql<{ level: string }[]>`
    select current_setting('wal_level') as level`;
  if (log!.level !== "logical") {
    throw new MoveError("wal_level", `the source logs ${log!.level}: it needs wal_level = logical`);
  }
  await checkRanges(source, target);
  await checkColumns(source, target, plan);
  await checkNames(source, target, workspace);
}

async function checkRanges(source: Side, target: Side) {
  const read = async ({ sql }: Side) => {
    const rows = await sql<{ range: number }[]>`
      select distinct id_range as range from private.id_sequences()`;
    return rows.map(({ range }) => range);
  };
  const [here, there] = [await read(source), await read(target)];
  if (here.length !== 1 || there.length !== 1 || here[0] === there[0]) {
    throw new MoveError(
      "same_id_range",
      `the source gives ids of the ranges ${here}, the target of ${there}: each cell needs one of its own ` +
        "(private.take_id_range)",
    );
  }
}

async function checkColumns(source: Side, target: Side, plan: Plan) {
  const own = plan.travelling.filter(({ isStamped }) => !isStamped);
  const names = [...own, ...plan.through].map(({ name }) => name);
  const read = async ({ sql }: Side) => {
    const rows = await sql<{ name: string; columns: string }[]>`
      select t.name, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attgenerated::text,
        ', ' order by a.attname) as columns
      from unnest(${names}::text[]) as t (name)
      join pg_attribute as a on a.attrelid = to_regclass(t.name) and a.attnum > 0 and not a.attisdropped
      group by t.name`;
    return new Map(rows.map(({ name, columns }) => [name, columns]));
  };
  const [here, there] = [await read(source), await read(target)];
  const differing = [...here].filter(([name, columns]) => there.get(name) !== columns);
  if (differing.length > 0) {
    throw new MoveError(
      "schema_differs",
      `${differing.map(([name]) => name).join(", ")}: the sides need the same migrations`,
    );
  }
}

async function checkNames(source: Side, target: Side, workspace: string) {
  const [own] = await source.sql<
    { slug: string | null; namespace: string | null; plan: string; providers: string[] }[]
  >`
    select w.slug, w.k8s_namespace as namespace, w.billing_plan as plan,
      array(select distinct c.provider from public.service_connections as c where c.workspace_id = w.id) as providers
    from public.workspaces as w where w.id = ${workspace}`;
  if (!own) return;
  const [there] = await target.sql<
    { taken: boolean; plan: boolean; missing: string[] }[]
  >`
    select
      exists (select from public.workspaces as w where w.id <> ${workspace}
        and (w.slug = ${own.slug} or w.k8s_namespace = ${own.namespace})) as taken,
      exists (select from public.plans as p where p.name = ${own.plan}) as plan,
      array(select p from unnest(${own.providers}::text[]) as p
        where not exists (select from public.connection_providers as c where c.name = p)) as missing`;
  if (there!.taken) {
    throw new MoveError("slug_taken", "another workspace of the target has its slug or namespace");
  }
  if (!there!.plan) throw new MoveError("plan_missing", `the target has no plan ${own.plan}`);
  if (there!.missing.length > 0) {
    throw new MoveError("provider_missing", `the target has no ${there!.missing.join(", ")}`);
  }
}

/** Makes at the target what rows need before they can arrive: guards, partitions of the logs, tables of businesses. */
export async function prepareTarget(source: Side, target: Side, workspace: string) {
  await withShortLocks(target, "select private.guard_places()");
  const months = await source.sql<{ log: string; month: string }[]>`
    select distinct parent.relname as log, replace(right(child.relname, 7), '_', '-') || '-01' as month
    from pg_inherits as link join pg_class as child on child.oid = link.inhrelid
    join pg_class as parent on parent.oid = link.inhparent
    where parent.relname in (select table_name from private.partitioned_logs) order by month`;
  for (const { log, month } of months) {
    const partition = `private.${log}_${month.slice(0, 7).replace("-", "_")}`;
    const [known] = await target.sql`select where to_regclass(${partition}) is not null`;
    if (!known) await target.sql`select private.maintain_partitions(${month}::date)`;
  }
  const prefixes = await source.sql<{ prefix: string }[]>`
    select b.prefix from public.businesses as b where b.workspace_id = ${workspace} and b.prefix <> ''`;
  for (const { prefix } of prefixes) {
    const [state] = await target.sql<{ is_made: boolean; owner: string | null }[]>`
      select to_regclass(${`public.${prefix}leads`}) is not null as is_made,
        (select b.workspace_id from public.businesses as b where b.prefix = ${prefix}) as owner`;
    if (state!.owner && state!.owner !== workspace) {
      throw new MoveError(
        "prefix_taken",
        `another business of the target has the prefix ${prefix}`,
      );
    }
    await target.sql`delete from private.ownerless_prefixes where prefix = ${prefix}`;
    if (!state!.is_made) await withShortLocks(target, `select private.stamp_tables('${prefix}')`);
  }
}

/** Removes a copy of the workspace: the target's when a move is undone, the source's when it is forgotten. */
export async function removeRows(side: Side, workspace: string, plan: Plan): Promise<void> {
  await asReplica(side, async (sql) => {
    await sql`
      insert into private.ownerless_prefixes (prefix)
      select b.prefix from public.businesses as b where b.workspace_id = ${workspace} and b.prefix <> ''
      on conflict do nothing`;
    // It does not travel, and the keys that would remove it do not act here.
    await sql`delete from private.delegations where workspace_id = ${workspace}`;
  });
  for (const { name, condition } of [...plan.through].reverse()) {
    await asReplica(
      side,
      (sql) => sql.unsafe(`delete from ${name} as t where ${condition}`, [workspace]),
    );
  }
  // Tables of businesses first: once the business is gone, nothing says whose they are.
  const ordered = plan.travelling.toSorted((a, b) => Number(b.isStamped) - Number(a.isStamped));
  for (const { name, column } of ordered) {
    await asReplica(
      side,
      (sql) => sql.unsafe(`delete from ${name} where ${column} = $1`, [workspace]),
    );
  }
}
