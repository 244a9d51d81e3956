/** What is in a bucket, as the platform's two listings tell it. */
import { Buffer } from "node:buffer";
import type postgres from "postgres";
import { z } from "zod";
import { asCaller, type Caller } from "./callers.ts";

const direction = z.enum(["asc", "desc"]).default("asc");

/** Asks for one level. */
export const listOptions = z.object({
  prefix: z.string().default(""),
  limit: z.number().int().min(1).max(1000).default(100),
  offset: z.number().int().min(0).default(0),
  search: z.string().default(""),
  sortBy: z.object({
    column: z.enum(["name", "updated_at", "created_at", "last_accessed_at"]).default("name"),
    order: direction,
  }).default({ column: "name", order: "asc" }),
});

/** Asks for a page. */
export const listV2Options = z.object({
  prefix: z.string().default(""),
  limit: z.number().int().min(1).max(1000).default(1000),
  cursor: z.string().optional(),
  with_delimiter: z.boolean().default(false),
  sortBy: z.object({ column: z.enum(["name", "updated_at", "created_at"]), order: direction })
    .optional(),
});

const pattern = (text: string) => text.replace(/[\\%_]/g, "\\$&") + "%";

/** One level below a prefix: its folders, whose `id` is null, and then its objects, by the last part of their names. */
export function listLevel(
  sql: postgres.Sql,
  caller: Caller,
  bucket: string,
  options: z.infer<typeof listOptions>,
): Promise<Record<string, unknown>[]> {
  const { limit, offset, search, sortBy } = options;
  const prefix = options.prefix === "" || options.prefix.endsWith("/")
    ? options.prefix
    : `${options.prefix}/`;
  const level = prefix.split("/").length;
  return asCaller(sql, caller, "object.list", (transaction) => {
    const order = sortBy.order === "desc" ? transaction`desc` : transaction`asc`;
    const byName = sortBy.column === "name" ? order : transaction`asc`;
    return transaction`
      with found as (
        select split_part(name, '/', ${level}::int) as part, split_part(name, '/', ${
      level + 1
    }::int) <> '' as is_folder,
          id, updated_at, created_at, last_accessed_at, metadata
        from storage.objects where bucket_id = ${bucket} and name ilike ${pattern(prefix + search)}
      ), level as (
        select part as name, true as is_folder, null::uuid as id, null::timestamptz as updated_at,
          null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata
        from found where is_folder group by part
        union all
        select part, false, id, updated_at, created_at, last_accessed_at, metadata from found where not is_folder
      )
      select name, id, updated_at, created_at, last_accessed_at, metadata from level
      order by is_folder desc, ${
      transaction(sortBy.column)
    } ${order}, name ${byName} limit ${limit} offset ${offset}`;
  });
}

/** A page of the objects below a prefix; with a delimiter, of what is directly below it. */
export async function listPage(
  sql: postgres.Sql,
  caller: Caller,
  bucket: string,
  options: z.infer<typeof listV2Options>,
): Promise<Record<string, unknown>> {
  const { prefix, limit, cursor, with_delimiter, sortBy } = options;
  const skip = cursor === undefined ? 0 : Number(Buffer.from(cursor, "base64url").toString()) || 0;
  const rows = await asCaller(sql, caller, "object.list_v2", (transaction) => {
    const order = sortBy?.order === "desc" ? transaction`desc` : transaction`asc`;
    // What stands after the prefix, up to the next slash.
    const folder = with_delimiter
      ? transaction`substring(substr(name, ${prefix.length + 1}::int) from '^[^/]*/')`
      : transaction`null::text`;
    return transaction<Row[]>`
      with found as (
        select name, id, updated_at, created_at, last_accessed_at, metadata, version, ${folder} as folder
        from storage.objects where bucket_id = ${bucket} and name like ${pattern(prefix)}
      ), entries as (
        select ${prefix} || folder as key, true as is_folder, null::uuid as id, null::timestamptz as updated_at,
          null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata,
          null::text as version
        from found where folder is not null group by folder
        union all
        select name, false, id, updated_at, created_at, last_accessed_at, metadata, version from found
        where folder is null
      )
      select * from entries order by ${
      transaction(!sortBy || sortBy.column === "name" ? "key" : sortBy.column)
    } ${order}, key
      limit ${limit + 1} offset ${skip}`;
  });
  const page = rows.slice(0, limit);
  const hasNext = rows.length > limit;
  return {
    hasNext,
    ...(hasNext ? { nextCursor: Buffer.from(String(skip + limit)).toString("base64url") } : {}),
    folders: page.filter((row) => row.is_folder).map(({ key }) => ({ name: key, key })),
    objects: page.filter((row) => !row.is_folder).map(({ is_folder: _, key, ...rest }) => ({
      name: key,
      key,
      ...rest,
    })),
  };
}

interface Row {
  key: string;
  is_folder: boolean;
}
