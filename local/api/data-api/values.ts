/**
 * Correction 5: how values reach their columns. PostgREST hands each on as JSON text, and the column's type reads it.
 * lite hands JavaScript values to its driver, which guesses: `true` becomes a boolean and not JSON, an array for a
 * domain over JSON becomes a Postgres array, a text that looks like JSON becomes what it looks like, and a vector is
 * not understood.
 */
import { Buffer } from "node:buffer";
import type postgres from "postgres";
import type { Introspection, LiteConnection } from "./schema.ts";

/** The values of a request as lite has parsed it. */
export interface Written {
  type: string;
  from?: string;
  schema?: string;
  values?: Record<string, unknown> | Record<string, unknown>[];
  function?: string;
  args?: unknown;
  httpMethod?: string;
}

/** OID of `jsonb`. */
const jsonbOid = 3802;
const vectors = /^(?:\w+\.)?(?:vector|halfvec|sparsevec)$/;

/** Numbers that may be longer than JavaScript's, by OID. As text they are written so: lite would round them. */
const longNumbers = new Map([["bigint", 20], ["int8", 20], ["numeric", 1700], ["decimal", 1700]]);
const longNumber = (type: string) => longNumbers.get(type.replace(/\(.*$/, "").toLowerCase());

/** Stands before a text that is JSON already; no JSON text begins so. */
export const jsonMark = "\u0001json\u0001";

/** JSON that has been written; the driver passes it on as it is. */
class JsonText {
  constructor(readonly text: string) {}
}

/** How the driver writes `jsonb`, also for lite's own tables, which hand over objects or their text. */
const jsonb: postgres.PostgresType = {
  to: jsonbOid,
  from: [jsonbOid],
  serialize: (value: unknown) => {
    if (value instanceof JsonText) return value.text;
    if (typeof value === "string" && value.startsWith(jsonMark)) {
      return value.slice(jsonMark.length);
    }
    return isEncoded(value) ? value : JSON.stringify(value);
  },
  parse: (text: string) => JSON.parse(text),
};

/** A type that is read as `to_json` writes it, which is how PostgREST answers. */
function readAs(oid: number, parse: (text: string) => unknown): postgres.PostgresType {
  const serialize = (value: unknown) => value instanceof Date ? value.toISOString() : String(value);
  return { to: oid, from: [oid], serialize, parse };
}

const iso = (text: string) => text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
const number = (text: string) => Number.isFinite(Number(text)) ? Number(text) : text;

/** How the driver reads and writes what lite leaves to it. */
export const types = {
  jsonb,
  timestamp: readAs(1114, iso),
  timestamptz: readAs(1184, iso),
  numeric: readAs(1700, number),
  float4: readAs(700, number),
  float8: readAs(701, number),
  bool: {
    ...readAs(16, (text) => text === "t"),
    // Filters come as text, `true` among them.
    serialize: (value: unknown) => String(value),
  },
  bytea: {
    ...readAs(17, (text) => text),
    serialize: (value: unknown) =>
      value instanceof Uint8Array ? `\\x${Buffer.from(value).toString("hex")}` : String(value),
  },
};

function isEncoded(value: unknown): value is string {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

/** Writes the values of a request as their columns and arguments want them, in place. */
export function writeValues(
  query: Written,
  schema: Introspection,
  { driver }: LiteConnection,
): void {
  if (query.values && query.from) {
    const types = new Map(
      schema.columns.filter(({ table }) => table === query.from)
        .map((column) => [column.name, column.pg_type ?? column.type]),
    );
    for (const row of Array.isArray(query.values) ? query.values : [query.values]) {
      if (typeof row !== "object" || row === null) continue;
      for (const [name, value] of Object.entries(row)) {
        const type = types.get(name);
        if (value === null || type === undefined) continue;
        if (type === "jsonb" || type === "json") {
          row[name] = driver.typed(new JsonText(JSON.stringify(value)) as never, jsonbOid);
        } else if (Array.isArray(value) && vectors.test(type)) row[name] = JSON.stringify(value);
        else if (typeof value === "string" && longNumber(type)) {
          row[name] = driver.typed(value as never, longNumber(type)!);
        }
      }
    }
  }
  if (isRecord(query.args)) writeArguments(query, query.args, schema);
}

function writeArguments(
  query: Written,
  values: Record<string, unknown>,
  schema: Introspection,
): void {
  const given = Object.keys(values);
  const named = (schema.functions ?? []).filter(({ name, arg_names }) =>
    name === query.function && given.every((argument) => arg_names.includes(argument))
  );
  for (const [name, value] of Object.entries(values)) {
    const types = new Set(named.map((one) => one.arg_types[one.arg_names.indexOf(name)]));
    const [type] = types;
    if (types.size !== 1 || type === undefined) continue;
    if (Array.isArray(value) && vectors.test(type)) values[name] = JSON.stringify(value);
    else if (type === "jsonb" && value !== null) {
      // In a query string an argument is JSON text already.
      const isText = query.httpMethod === "GET" && typeof value === "string";
      values[name] = jsonMark + (isText ? value : JSON.stringify(value));
    }
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Correction 12: of rows that are written at once, one that does not name a column of another one has
 * null there, or with `Prefer: missing=default` the column's default. lite writes the default always.
 * What it answers of such a default (`select` of the same request) is null all the same: read the row to see it.
 */
export function fillRows({ type, values }: Written, request: Request): void {
  const rows = type === "insert" || type === "upsert" ? values : undefined;
  if (!Array.isArray(rows) || !rows.every(isRecord)) return;
  const prefer = request.headers.get("prefer") ?? "";
  if (prefer.split(",").some((one) => one.trim() === "missing=default")) return;
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  for (const row of rows) for (const name of names) row[name] ??= null;
}
