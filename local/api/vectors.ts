/** Correction 5: lite hands JSON arrays to the driver as they are; PostgREST writes them as JSON text, which is how vectors are read. */
import type postgres from "postgres";

/** The names of columns and arguments whose type is a vector. */
export async function findVectorNames(sql: postgres.Sql): Promise<Set<string>> {
  const rows = await sql<{ name: string }[]>`
    with vectors as (select oid from pg_catalog.pg_type where typname in ('vector', 'halfvec', 'sparsevec'))
    select a.attname::text as name from pg_catalog.pg_attribute as a where a.atttypid in (select oid from vectors) and a.attnum > 0
    union
    select p.proargnames[argument.place] from pg_catalog.pg_proc as p
    cross join unnest(p.proargtypes::oid[]) with ordinality as argument (type, place)
    where argument.type in (select oid from vectors) and p.proargnames is not null`;
  return new Set(rows.map(({ name }) => name));
}

function correctRow(row: unknown, names: ReadonlySet<string>): unknown {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) =>
      Array.isArray(value) && names.has(name) ? [name, JSON.stringify(value)] : [name, value]
    ),
  );
}

/** The same request, in whose body vectors are texts. Bodies without any are left as they are. */
export async function correctVectors(
  request: Request,
  names: ReadonlySet<string>,
): Promise<Request> {
  const isJson = request.headers.get("content-type")?.includes("json") ?? false;
  if (!request.body || !isJson || names.size === 0) return request;
  const text = await request.text();
  const { method, headers, url, signal } = request;
  let body = text;
  try {
    const value: unknown = JSON.parse(text);
    body = JSON.stringify(
      Array.isArray(value) ? value.map((row) => correctRow(row, names)) : correctRow(value, names),
    );
  } catch {
    // Not JSON: lite says so.
  }
  const corrected = new Headers(headers);
  corrected.delete("content-length");
  return new Request(url, { method, headers: corrected, body, signal });
}
