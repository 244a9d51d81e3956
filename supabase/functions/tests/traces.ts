/**
 * Looks for traces of a person: in every column of every table, in every key and value of Redis, in every stored
 * object.
 */
import { Redis } from "@upstash/redis";
import type postgres from "postgres";
import { environment } from "./world.ts";

type Sql = postgres.Sql<{ bigint: number }>;

/** Whom to look for: their id and address; `not` are texts that contain them and are somebody else's. */
export interface Wanted {
  id: string;
  email: string;
  not?: string[];
}

function names(text: string, { id, email, not = [] }: Wanted): boolean {
  let rest = text.toLowerCase();
  for (const other of not) rest = rest.replaceAll(other.toLowerCase(), "");
  return [id, id.replaceAll("-", ""), email.toLowerCase()].some((needle) => rest.includes(needle));
}

/** Tables in which a row mentions the person in whatever column, with the first such row. */
export async function scanDatabase(sql: Sql, wanted: Wanted): Promise<string[]> {
  const tables = await sql<{ relation: string; binary: string[] }[]>`
    select c.oid::regclass::text as relation, to_jsonb(array(
      select quote_ident(a.attname) from pg_catalog.pg_attribute as a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid = 'bytea'::regtype
    )) as binary
    from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
      and n.nspname !~ '^pg_temp' and has_table_privilege(c.oid, 'select')
    order by 1`;
  const id = wanted.id;
  const email = wanted.email.toLowerCase();
  const found: string[] = [];
  for (const { relation, binary } of tables) {
    // Bytes are read as text as well: requests wait as such.
    const whole = ["t::text", ...binary.map((column) => `encode(t.${column}, 'escape')`)];
    const rows = await sql.unsafe<{ row: string }[]>(
      `select concat_ws(' ', ${whole.join(", ")}) as row from ${relation} as t
       where lower(concat_ws(' ', ${whole.join(", ")})) like any (array[$1, $2, $3])`,
      [`%${id}%`, `%${id.replaceAll("-", "")}%`, `%${email}%`],
    );
    const trace = rows.find(({ row }) => names(row, wanted));
    if (trace) found.push(`${relation}: ${trace.row.slice(0, 400)}`);
  }
  if (tables.length < 20) throw new Error("the scan sees too few tables");
  return found;
}

/** Keys of Redis that mention the person, by name or by value. None without a Redis. */
export async function scanRedis(wanted: Wanted): Promise<string[]> {
  if (!environment.redis) return [];
  const redis = new Redis({
    ...environment.redis,
    automaticDeserialization: false,
    enableTelemetry: false,
  });
  const found: string[] = [];
  let cursor = "0";
  do {
    const [next, keys] = await redis.scan(cursor, { count: 500 });
    cursor = next;
    for (const key of keys) {
      const type = await redis.type(key);
      const value = type === "string"
        ? await redis.get<string>(key)
        : type === "hash"
        ? await redis.eval("return redis.call('HGETALL', KEYS[1])", [key], [])
        : type === "zset"
        ? await redis.zrange(key, 0, -1)
        : type === "list"
        ? await redis.lrange(key, 0, -1)
        : await redis.smembers(key);
      if (names(`${key} ${JSON.stringify(value)}`, wanted)) found.push(key);
    }
  } while (cursor !== "0");
  return found;
}
