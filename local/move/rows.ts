/** Rows that a move copies itself: as JSON text, so that no number is rounded and no type is guessed. */
import type postgres from "postgres";
import { asReplica, type Side } from "./connect.ts";
import type { Plan } from "./plan.ts";

const ROWS_AT_ONCE = 2000;

const columnsOf = new Map<string, string[]>();

/** Columns of a table that can be written; asked once, because a workspace may be closed meanwhile. */
export async function writableColumns({ sql, url }: Side, table: string): Promise<string[]> {
  const known = columnsOf.get(`${url} ${table}`);
  if (known) return known;
  const rows = await sql<{ name: string }[]>`
    select quote_ident(a.attname) as name from pg_attribute as a
    where a.attrelid = ${table}::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    order by a.attnum`;
  const names = rows.map(({ name }) => name);
  columnsOf.set(`${url} ${table}`, names);
  return names;
}

/** Reads rows in pieces, each a JSON array as text. */
export async function* readRows(
  { sql }: Side,
  query: string,
  parameters: postgres.ParameterOrJSON<never>[],
): AsyncGenerator<string> {
  const rows = sql.unsafe<{ row: string }[]>(
    `select to_jsonb(r)::text as row from (${query}) as r`,
    parameters,
  ).cursor(ROWS_AT_ONCE);
  for await (const piece of rows) yield `[${piece.map(({ row }) => row).join(",")}]`;
}

/** Writes rows as they were. */
export async function writeRows(
  sql: postgres.TransactionSql,
  table: string,
  columns: string[],
  rows: string,
  onConflict = "",
): Promise<void> {
  const list = columns.join(", ");
  await sql.unsafe(
    `insert into ${table} (${list}) overriding system value
     select ${list} from jsonb_populate_recordset(null::${table}, $1::text::jsonb) ${onConflict}`,
    [rows],
  );
}

/** Copies the rows of a closed workspace that belong to it through other tables. Safe to repeat. */
export async function copyParts(
  source: Side,
  target: Side,
  workspace: string,
  { through }: Plan,
): Promise<void> {
  // One question for all tables: most have no such rows, and the workspace is closed meanwhile.
  const questions = through.map(({ name, condition }) =>
    `select '${name}' as name where exists (select from ${name} as t where ${condition})`
  ).join("\nunion all\n");
  const [here, there] = await Promise.all(
    [source, target].map(async ({ sql }) => {
      const rows = await sql.unsafe<{ name: string }[]>(questions, [workspace]);
      return new Set(rows.map(({ name }) => name));
    }),
  );
  const concerned = through.filter(({ name }) => here!.has(name) || there!.has(name));
  if (concerned.length === 0) return;
  await asReplica(target, async (sql) => {
    // Backwards: a table's rows are found through the one before it.
    for (const { name, condition } of concerned.toReversed()) {
      if (there!.has(name)) {
        await sql.unsafe(`delete from ${name} as t where ${condition}`, [workspace]);
      }
    }
    for (const { name, condition, columns } of concerned) {
      if (!here!.has(name)) continue;
      const query = `select ${columns.map((c) => `t.${c}`).join(", ")} from ${name} as t
        where ${condition}`;
      for await (const rows of readRows(source, query, [workspace])) {
        await writeRows(sql, name, columns, rows);
      }
    }
  });
}
