/** Postgres' own logical replication, of one workspace. */
import { MoveError, pause, type Side, waitFor, withShortLocks } from "./connect.ts";
import type { Plan, Travelling } from "./plan.ts";

interface Identity {
  name: string;
  /** What the table has now, as `alter table … replica identity` takes it. */
  now: string;
  /** What it needs, so that the filter's column is in it; null: it is already. */
  needed: string | null;
}

/**
 * The replica identity of each travelling table and of its partitions. An update or a delete can be filtered only by
 * columns that are in it: an index that has the workspace costs nothing, the whole row costs log.
 */
async function readIdentities({ sql }: Side, tables: Travelling[]): Promise<Identity[]> {
  return await sql<Identity[]>`
    with travelling as (
      select c.oid, c.relreplident, t.col
      from unnest(${tables.map(({ name }) => name)}::text[], ${
    tables.map(({ column }) => column)
  }::text[]) as t (name, col)
      cross join lateral (
        select t.name::regclass::oid as id union select p.relid::oid from pg_partition_tree(t.name::regclass) as p
      ) as part
      join pg_class as c on c.oid = part.id
    ), keys as (
      select travelling.oid, i.indexrelid, i.indisprimary, i.indisreplident, travelling.col = any (
        select a.attname from pg_attribute as a where a.attrelid = i.indrelid and a.attnum = any (i.indkey)) as has_it,
        i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null
          and not exists (select from pg_attribute as a
            where a.attrelid = i.indrelid and a.attnum = any (i.indkey) and not a.attnotnull) as is_usable
      from travelling join pg_index as i on i.indrelid = travelling.oid
    )
    select travelling.oid::regclass::text as name,
      case travelling.relreplident when 'd' then 'default' when 'f' then 'full' when 'n' then 'nothing'
        else 'using index ' || (select quote_ident(c.relname) from keys join pg_class as c on c.oid = keys.indexrelid
          where keys.oid = travelling.oid and keys.indisreplident) end as now,
      case
        when travelling.relreplident = 'f' then null
        when exists (select from keys where keys.oid = travelling.oid and keys.has_it
          and case travelling.relreplident when 'd' then keys.indisprimary else keys.indisreplident end) then null
        else coalesce((select 'using index ' || quote_ident(c.relname) from keys
          join pg_class as c on c.oid = keys.indexrelid
          where keys.oid = travelling.oid and keys.has_it and keys.is_usable order by c.relname limit 1), 'full')
      end as needed
    from travelling order by 1`;
}

/** Gives the tables the identities that the filter needs, and remembers those that they had. */
export async function widenIdentities(
  source: Side,
  workspace: string,
  tables: Travelling[],
): Promise<void> {
  for (const { name, now, needed } of await readIdentities(source, tables)) {
    if (needed === null) continue;
    await source.sql.begin(async (sql) => {
      await sql`select set_config('groundwork.placing', ${workspace}, true)`;
      await sql`
        update private.moves as m set identities = jsonb_build_object(${name}::text, ${now}::text) || m.identities
        where m.workspace_id = ${workspace}`;
    });
    await withShortLocks(source, `alter table ${name} replica identity ${needed}`);
  }
}

/** Gives the tables back the identities that they had, or leaves that to another move that still needs them. */
export async function narrowIdentities(source: Side, workspace: string): Promise<void> {
  const before = await source.sql.begin(async (sql) => {
    const [own] = await sql<{ identities: Record<string, string> }[]>`
      select m.identities from private.moves as m where m.workspace_id = ${workspace} for update`;
    const [heir] = await sql<{ id: string }[]>`
      select m.workspace_id as id from private.moves as m
      where m.workspace_id <> ${workspace} and m.is_source and m.phase in ('copying', 'fenced') limit 1 for update`;
    if (!heir) return own?.identities ?? {};
    await sql`select set_config('groundwork.placing', ${heir.id}, true)`;
    await sql`
      update private.moves as m set identities = m.identities || ${sql.json(own?.identities ?? {})}
      where m.workspace_id = ${heir.id}`;
    return {};
  });
  for (const [name, identity] of Object.entries(before)) {
    await withShortLocks(source, `alter table if exists ${name} replica identity ${identity}`);
  }
}

/** Publishes the workspace's rows of all travelling tables; tables that came later are added. */
export async function publish(
  source: Side,
  name: string,
  workspace: string,
  { travelling }: Plan,
): Promise<void> {
  const { sql } = source;
  const [known] = await sql`select from pg_publication where pubname = ${name}`;
  const published = new Set(
    (await sql<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_publication_tables where pubname = ${name}`)
      .map((row) => row.name),
  );
  const missing = travelling.filter((table) => !published.has(table.name));
  if (missing.length === 0) return;
  const list = missing.map((table) => `${table.name} where (${table.column} = '${workspace}')`)
    .join(", ");
  await withShortLocks(
    source,
    known
      ? `alter publication ${name} add table ${list}`
      : `create publication ${name} for table ${list} with (publish_via_partition_root = true)`,
  );
}

/** Subscribes at the target; Postgres copies the rows that are there and then follows. */
export async function subscribe(source: Side, target: Side, name: string, from: string) {
  const [known] = await target.sql<{ enabled: boolean }[]>`
    select s.subenabled as enabled from pg_subscription as s
    where s.subname = ${name} and s.subdbid = (select oid from pg_database where datname = current_database())`;
  if (known) {
    if (!known.enabled) await target.sql.unsafe(`alter subscription ${name} enable`);
    await askingSource(target, `alter subscription ${name} refresh publication`);
    return;
  }
  await dropSlots(source, name);
  // By default the target notes lazily which tables are copied. One that is killed then forgets it, when the source has
  // removed that table's slot already, and waits in vain.
  await askingSource(
    target,
    `create subscription ${name} connection '${from.replaceAll("'", "''")}' publication ${name}
     with (synchronous_commit = on)`,
  );
}

/**
 * Runs a statement in which the target's server asks the source's. Where that dies meanwhile, Postgres 17 calls some of
 * its answers internal errors: they are lost connections.
 */
async function askingSource({ sql }: Side, statement: string): Promise<void> {
  try {
    await sql.unsafe(statement);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    throw code === "XX000" ? Object.assign(new Error(message), { code: "08006" }) : error;
  }
}

/** Removes the slots of a subscription that does not exist, or that does not follow any more. */
async function dropSlots({ sql }: Side, name: string, copying = ""): Promise<void> {
  await sql`
    select pg_drop_replication_slot(slot_name) from pg_replication_slots
    where (slot_name = ${name} or slot_name like ${copying}) and not active`;
}

/** Waits until every table is copied and followed. */
export async function waitForCopy(target: Side, name: string): Promise<void> {
  for (;;) {
    const [state] = await target.sql<{ open: number; errors: number }[]>`
      select
        (select count(*)::int from pg_subscription_rel as r where r.srsubid = s.oid and r.srsubstate <> 'r') as open,
        (select (apply_error_count + sync_error_count)::int from pg_stat_subscription_stats as e
          where e.subid = s.oid) as errors
      from pg_subscription as s where s.subname = ${name}`;
    if (!state) throw new Error(`the subscription ${name} is gone`);
    if (state.open === 0) return;
    await tellErrors(target, name, state.errors);
    await pause(100);
  }
}

const ERRORS_IN_A_ROW = 20;
const seen = new Map<string, number>();

/** A subscription tries again by itself, also after a restart of a server. Many errors are no such thing. */
function tellErrors(target: Side, name: string, errors: number) {
  const first = seen.get(name) ?? errors;
  seen.set(name, first);
  if (errors - first >= ERRORS_IN_A_ROW) {
    throw new MoveError(
      "replication_fails",
      `the target (${
        new URL(target.url).host
      }) cannot apply what the source sends; its log says why`,
    );
  }
}

/** Writes a mark on the source and waits for it at the target: all that was written before is there, too. */
export async function measureLag(
  source: Side,
  target: Side,
  workspace: string,
  within: number,
): Promise<number> {
  const mark = -1 - Math.floor(Math.random() * 2e9);
  const began = performance.now();
  await source.sql.begin(async (sql) => {
    await sql`select set_config('groundwork.placing', ${workspace}, true)`;
    await sql`delete from private.move_marks where workspace_id = ${workspace} and fence < 0`;
    await sql`insert into private.move_marks (workspace_id, fence) values (${workspace}, ${mark})`;
  });
  const hasArrived = await waitFor(() => isMarked(target, workspace, mark), { within, every: 10 });
  return hasArrived ? performance.now() - began : Infinity;
}

export async function isMarked({ sql }: Side, workspace: string, mark: number): Promise<boolean> {
  const [row] = await sql`
    select from private.move_marks where workspace_id = ${workspace} and fence = ${mark}`;
  return row !== undefined;
}

/**
 * Stops following: what the source writes from now on, about the workspace's leaving, is not for the target. The
 * workers are told to end, because by themselves they look only once a second whether they are still wanted.
 */
export async function stopFollowing({ sql }: Side, name: string): Promise<void> {
  await sql.unsafe(`alter subscription ${name} disable`);
  for (;;) {
    try {
      const [row] = await sql<{ n: number }[]>`
        select count(pg_terminate_backend(pid))::int as n from pg_stat_subscription
        where subname = ${name} and pid is not null`;
      if (row!.n === 0) return;
    } catch (error) {
      // A worker that is just beginning belongs to nobody yet, and only a superuser may end it. It ends by itself.
      if ((error as { code?: string }).code !== "42501") throw error;
    }
    await pause(2);
  }
}

/** Whether the publication has every table. */
export async function isPublished({ sql }: Side, name: string, { travelling }: Plan) {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from pg_publication_rel as r join pg_publication as p on p.oid = r.prpubid
    where p.pubname = ${name}`;
  return row!.n === travelling.length;
}

/**
 * Ends the subscription and its slots. Safe to repeat, and when one of them is gone already. The slots go first: a
 * subscription that is dropped while the source is away leaves those of tables that it was copying, and nobody knows
 * their names any more.
 */
export async function unsubscribe(source: Side, target: Side, name: string): Promise<void> {
  const [known] = await target.sql<{ copying: string }[]>`
    select format('pg\_%s\_sync\_%%\_%s', s.oid, c.system_identifier) as copying
    from pg_subscription as s, pg_control_system() as c where s.subname = ${name}`;
  if (known) await stopFollowing(target, name);
  const isFree = await waitFor(async () => {
    await dropSlots(source, name, known?.copying);
    const [slot] = await source.sql`
      select from pg_replication_slots where slot_name = ${name} or slot_name like ${
      known?.copying ?? ""
    }`;
    return slot === undefined;
  }, { within: 30_000, every: 100 });
  if (!isFree) throw new MoveError("slot_in_use", `the slot ${name} is still in use at the source`);
  if (!known) return;
  await target.sql.unsafe(`alter subscription ${name} set (slot_name = none)`);
  await target.sql.unsafe(`drop subscription ${name}`);
}

export async function unpublish(source: Side, name: string): Promise<void> {
  await withShortLocks(source, `drop publication if exists ${name}`);
}
