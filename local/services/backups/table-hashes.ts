/** What is in a database: a hash of every table that is kept, so that two can be compared. */
import type postgres from "postgres";

/** Of each table, how many rows it has and the sum of their hashes: the order of the rows is no matter. */
export async function hashTables(sql: postgres.Sql): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select c.oid::regclass::text as name from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    order by 1`;
  const hashes: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await sql.unsafe<{ hash: string }[]>(`
      select count(*) || ' rows, ' || coalesce(sum(hashtextextended(one::text, 0)::numeric), 0) as hash
      from only ${name} as one`);
    hashes[name] = row!.hash;
  }
  return hashes;
}
