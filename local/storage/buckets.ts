/** Buckets: what policies on `storage.buckets` let a caller do. */
import type postgres from "postgres";
import { z } from "zod";
import { asCaller, type Caller } from "./callers.ts";
import { noSuchBucket, StorageError } from "./errors.ts";
import type { Files, Place } from "./files.ts";
import { checkBucketName, readSize } from "./names.ts";

/** A row of `storage.buckets`. */
export interface Bucket {
  id: string;
  name: string;
  owner: string | null;
  public: boolean;
  file_size_limit: number | null;
  allowed_mime_types: string[] | null;
}

/** What a bucket is made of or changed to. */
export const bucketFields = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  public: z.boolean().optional(),
  file_size_limit: z.union([z.number(), z.string(), z.null()]).optional(),
  allowed_mime_types: z.union([z.array(z.string()), z.null()]).optional(),
  type: z.string().optional(),
});

type Fields = z.infer<typeof bucketFields>;

const columns = [
  "id",
  "name",
  "owner",
  "public",
  "file_size_limit",
  "allowed_mime_types",
  "created_at",
  "updated_at",
];

/** Makes, finds, changes and removes buckets. */
export function openBuckets(sql: postgres.Sql, files: Files) {
  async function find(caller: Caller, id: string, operation = "bucket.get"): Promise<Bucket> {
    const [bucket] = await asCaller(
      sql,
      caller,
      operation,
      (transaction) =>
        transaction<Bucket[]>`select ${transaction(columns)} from storage.buckets where id = ${id}`,
    );
    if (!bucket) throw noSuchBucket();
    return bucket;
  }

  return {
    find,

    /** Whether it is there, and its limits: nobody's secret to Storage itself. */
    async known(id: string): Promise<Bucket> {
      const [bucket] = await sql<Bucket[]>`select ${
        sql(columns)
      } from storage.buckets where id = ${id}`;
      if (!bucket) throw noSuchBucket();
      return bucket;
    },

    list(caller: Caller, query: URLSearchParams) {
      const asked = z.object({
        limit: z.coerce.number().int().min(1).default(100),
        offset: z.coerce.number().int().min(0).default(0),
        search: z.string().default(""),
        sortColumn: z.enum(["id", "name", "created_at", "updated_at"]).default("name"),
        sortOrder: z.enum(["asc", "desc"]).default("asc"),
      }).parse(Object.fromEntries(query));
      return asCaller(sql, caller, "bucket.list", (transaction) =>
        transaction`
          select ${transaction(columns)} from storage.buckets where name ilike ${`%${
          asked.search.replace(/[\\%_]/g, "\\$&")
        }%`}
          order by ${transaction(asked.sortColumn)} ${
          asked.sortOrder === "desc" ? transaction`desc` : transaction`asc`
        }
          limit ${asked.limit} offset ${asked.offset}`);
    },

    async create(caller: Caller, fields: Fields) {
      const name = checkBucketName(fields.name ?? fields.id);
      const id = checkBucketName(fields.id ?? name);
      const owner = caller.claims.sub ?? null;
      await asCaller(sql, caller, "bucket.create", (transaction) =>
        transaction`
          insert into storage.buckets (id, name, owner, owner_id, public, file_size_limit, allowed_mime_types)
          values (${id}, ${name}, ${owner}, ${owner}, ${fields.public ?? false}, ${
          readSize(fields.file_size_limit)
        },
            ${fields.allowed_mime_types ?? null})`);
      return { name: id };
    },

    async update(caller: Caller, id: string, fields: Fields) {
      await find(caller, id, "bucket.update");
      const changes = {
        ...(fields.public === undefined ? {} : { public: fields.public }),
        ...(fields.file_size_limit === undefined
          ? {}
          : { file_size_limit: readSize(fields.file_size_limit) }),
        ...(fields.allowed_mime_types === undefined
          ? {}
          : { allowed_mime_types: fields.allowed_mime_types }),
        updated_at: new Date(),
      };
      const changed = await asCaller(
        sql,
        caller,
        "bucket.update",
        (transaction) =>
          transaction`update storage.buckets set ${
            transaction(changes)
          } where id = ${id} returning id`,
      );
      if (changed.length === 0) throw noSuchBucket();
      return { message: "Successfully updated" };
    },

    async empty(caller: Caller, id: string) {
      await find(caller, id, "bucket.empty");
      const removed = await asCaller(
        sql,
        caller,
        "bucket.empty",
        (transaction) =>
          transaction<
            Place[]
          >`delete from storage.objects where bucket_id = ${id} returning bucket_id, name, version`,
      );
      await Promise.all(removed.map(files.remove));
      return { message: "Successfully emptied" };
    },

    async remove(caller: Caller, id: string) {
      await find(caller, id, "bucket.delete");
      const [{ count } = { count: 0 }] = await sql<{ count: number }[]>`
        select count(*)::int as count from storage.objects where bucket_id = ${id}`;
      if (count > 0) {
        throw new StorageError(
          409,
          "BucketNotEmpty",
          "The bucket you tried to delete is not empty",
          "InvalidRequest",
        );
      }
      const removed = await asCaller(
        sql,
        caller,
        "bucket.delete",
        (transaction) => transaction`delete from storage.buckets where id = ${id} returning id`,
      );
      if (removed.length === 0) throw noSuchBucket();
      return { message: "Successfully deleted" };
    },
  };
}
