/** Tables whose changes are told: their columns, and who may read what of them. */
import type postgres from "postgres";
import { become, type Person } from "../authorization.ts";
import type { LoggedChange, Row } from "../database/pgoutput.ts";
import { type Asked, type Condition, FilterError, quoteName, toSql } from "./filters.ts";

/** The publication that says which tables' changes are told, as on the platform. */
export const publication = "supabase_realtime";

/** A table as it is now. */
export interface Table {
  name: string;
  hasRowSecurity: boolean;
  columns: { name: string; type: string; typeName: string; isKey: boolean; isReadable: boolean }[];
}

/** A table and what a role may read of it; null when there is none. */
export async function describeTable(
  sql: postgres.Sql,
  schema: string,
  table: string,
  role: string,
): Promise<Table | null> {
  const name = `${quoteName(schema)}.${quoteName(table)}`;
  const columns = await sql<(Table["columns"][number] & { rowsecurity: boolean })[]>`
    select
      attribute.attname as name, format_type(attribute.atttypid, null) as type, type.typname as "typeName",
      coalesce(attribute.attnum = any (key.indkey), false) as "isKey",
      has_column_privilege(${role}, attribute.attrelid, attribute.attnum, 'select')
        and has_schema_privilege(${role}, ${schema}, 'usage') as "isReadable",
      class.relrowsecurity as rowsecurity
    from pg_catalog.pg_attribute as attribute
    join pg_catalog.pg_class as class on class.oid = attribute.attrelid
    join pg_catalog.pg_type as type on type.oid = attribute.atttypid
    left join pg_catalog.pg_index as key on key.indrelid = class.oid and key.indisprimary
    where attribute.attrelid = to_regclass(${name}) and attribute.attnum > 0 and not attribute.attisdropped
    order by attribute.attnum`;
  if (columns.length === 0) return null;
  return { name, columns: [...columns], hasRowSecurity: columns[0]?.rowsecurity === true };
}

/** Why a subscription is refused, or null. Tries its conditions on an empty row. */
export async function checkAsked(
  sql: postgres.Sql,
  asked: Asked,
  role: string,
): Promise<string | null> {
  const { event, schema, table, conditions, select } = asked;
  const published = await sql`
    select from pg_catalog.pg_publication_tables
    where pubname = ${publication} and (${schema} = '*' or schemaname = ${schema})
      and (${table} = '*' or tablename = ${table})
    limit 1`;
  if (published.length === 0) {
    return "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the " +
      `given connect parameters: [event: ${event}, schema: ${schema}, table: ${table}, filters: ${
        JSON.stringify(conditions)
      }]`;
  }
  if (conditions.length === 0 && !select) return null;
  const described = await describeTable(sql, schema, table, role);
  if (!described) return "Filters and columns need the name of one table";
  const isReadable = (name: string) =>
    described.columns.some((column) => column.name === name && column.isReadable);
  const unreadable = conditions.find(({ column }) => !isReadable(column));
  if (unreadable) return `invalid column for filter ${unreadable.column}`;
  const unselectable = select?.find((column) => !isReadable(column));
  if (unselectable) return `invalid column for select ${unselectable}`;
  try {
    await passing(sql, described, {}, [conditions]);
    // An empty row does not try a pattern.
    for (const { operator, value } of conditions) {
      if (operator.endsWith("match")) await sql`select '' ~ ${value}`;
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The row as JSON, and which of several sets of conditions hold for it. */
export async function passing(
  sql: postgres.Sql,
  table: Table,
  row: Row,
  sets: Condition[][],
): Promise<{ record: Record<string, unknown>; passes: boolean[] }> {
  const values: Record<string, unknown> = {};
  for (const { name, typeName } of table.columns) {
    const text = row[name];
    if (typeof text !== "string") continue;
    values[name] = typeName === "json" || typeName === "jsonb" ? JSON.parse(text) : text;
  }
  const tests = sets.map((conditions) =>
    conditions.length === 0 ? "true" : conditions.map((condition) => {
      const column = table.columns.find(({ name }) => name === condition.column);
      if (!column) throw new FilterError(`invalid column for filter ${condition.column}`);
      return toSql(condition, column.type);
    }).join(" and ")
  ).map((test) => `coalesce(${test}, false)`);
  const [answer] = await sql.begin(async (transaction) => {
    await transaction`select set_config('statement_timeout', '2s', true)`;
    return await transaction.unsafe<{ record: Record<string, unknown>; passes: boolean[] }[]>(
      `select to_jsonb(row) as record, array[${tests.join(", ")}]::boolean[] as passes
       from jsonb_populate_record(null::${table.name}, $1::text::jsonb) as row`,
      [JSON.stringify(values)],
    );
  });
  if (!answer) throw new Error("no row");
  return answer;
}

/**
 * Waits until others see what a transaction did. The log tells of it a moment earlier: when it is written down, and not
 * when its commit is over, which a busy machine or a synchronous replica delays.
 */
export async function untilVisible(sql: postgres.Sql, transaction: number): Promise<void> {
  for (;;) {
    const [answer] = await sql<{ isVisible: boolean }[]>`
      select pg_visible_in_snapshot((xmax + (${transaction}::bigint - xmax)::bit(32)::int)::text::xid8, now)
        as "isVisible"
      from pg_current_snapshot() as now
      cross join lateral (select pg_snapshot_xmax(now)::text::bigint as xmax) as highest`;
    if (answer?.isVisible) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether a person sees the row that a change is about, as it is now. */
export async function maySee(
  sql: postgres.Sql,
  table: Table,
  row: Row,
  person: Person,
): Promise<boolean> {
  const keys = table.columns.filter(({ isKey }) => isKey);
  const conditions = keys.map(({ name, type }, index) =>
    `${quoteName(name)} = $${index + 1}::text::${type}`
  );
  let isSeen = false;
  const undone = new Error("undone");
  await sql.begin(async (transaction) => {
    await become(transaction, person);
    const rows = await transaction.unsafe(
      `select from ${table.name} where ${conditions.join(" and ")}`,
      keys.map(({ name }) => row[name] ?? null),
    );
    isSeen = rows.length > 0;
    throw undone;
  }).catch((error) => {
    // A policy that raises shows nothing, and keeps nobody else from seeing.
    if (error !== undone) isSeen = false;
  });
  return isSeen;
}

/**
 * What is told of a change: the columns that may be read and were asked for; of a deleted row under
 * row security its key.
 */
export function tellChange(
  table: Table,
  { type, relation, old, commitTime }: LoggedChange,
  record: Record<string, unknown>,
  before: Record<string, unknown> | null,
  select: string[] | null,
): Record<string, unknown> {
  const told = table.columns.filter(({ name, isKey, isReadable }) =>
    isReadable && (!select || isKey || select.includes(name))
  );
  const isKeyOnly = type === "DELETE" && table.hasRowSecurity;
  const oldNames = told.filter(({ name, isKey }) => isKey || (!isKeyOnly && old && name in old));
  const pick = (from: Record<string, unknown>, columns: typeof told) =>
    Object.fromEntries(columns.map(({ name }) => [name, from[name] ?? null]));
  return {
    schema: relation.schema,
    table: relation.table,
    type,
    commit_timestamp: commitTime.toISOString(),
    columns: told.map(({ name, typeName }) => ({ name, type: typeName })),
    ...(type === "DELETE" ? {} : { record: pick(record, told) }),
    ...(type === "INSERT" ? {} : { old_record: pick(before ?? record, oldNames) }),
    errors: null,
  };
}
