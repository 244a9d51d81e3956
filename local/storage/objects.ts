/** Objects: what policies on `storage.objects` let a caller do, and the bytes that go with it. */
import { createHash } from "node:crypto";
import type postgres from "postgres";
import type { Upload } from "./bodies.ts";
import { asCaller, type Caller, storageItself } from "./callers.ts";
import type { Metadata } from "./downloads.ts";
import { alreadyExists, noSuchKey } from "./errors.ts";
import type { Files } from "./files.ts";
import { checkKey } from "./names.ts";

/** A row of `storage.objects`. */
export interface StoredObject {
  id: string;
  bucket_id: string;
  name: string;
  owner_id: string | null;
  version: string | null;
  metadata: Partial<Metadata> | null;
  user_metadata: Record<string, unknown> | null;
  created_at: string;
  updated_at: string;
  last_accessed_at: string;
}

/** How an object is written. */
export interface Writing {
  upsert: boolean;
  operation: string;
  /** Of a signed upload: who signed it. */
  owner?: string | undefined;
}

/** Writes, finds, moves and removes objects. */
export function openObjects(sql: postgres.Sql, files: Files) {
  /** The row of an object that the caller may see. */
  async function find(
    caller: Caller,
    bucket: string,
    name: string,
    operation: string,
  ): Promise<StoredObject> {
    const [found] = await asCaller(
      sql,
      caller,
      operation,
      (transaction) =>
        transaction<
          StoredObject[]
        >`select * from storage.objects where bucket_id = ${bucket} and name = ${name}`,
    );
    if (!found) throw noSuchKey();
    return found;
  }

  /** Writes bytes, then the row that names them; if the row is refused, the bytes go again. */
  async function put(
    caller: Caller,
    bucket: string,
    name: string,
    content: Pick<StoredObject, "metadata" | "user_metadata">,
    bytes: Uint8Array,
    { upsert, operation, owner = caller.claims.sub }: Writing,
  ): Promise<{ id: string }> {
    const version = crypto.randomUUID();
    const id = crypto.randomUUID();
    const place = { bucket_id: bucket, name, version };
    await files.write(place, bytes);
    try {
      const [former] = upsert
        ? await sql<
          StoredObject[]
        >`select * from storage.objects where bucket_id = ${bucket} and name = ${name}`
        : [];
      const row = {
        id,
        ...place,
        owner: owner ?? null,
        owner_id: owner ?? null,
        metadata: content.metadata as never,
        user_metadata: content.user_metadata as never,
      };
      await asCaller(sql, caller, operation, async (transaction) => {
        if (!upsert) return await transaction`insert into storage.objects ${transaction(row)}`;
        return await transaction`
          insert into storage.objects ${
          transaction(row)
        } on conflict (bucket_id, name) do update set
            version = excluded.version, metadata = excluded.metadata, user_metadata = excluded.user_metadata,
            owner = excluded.owner, owner_id = excluded.owner_id, updated_at = now()`;
      });
      if (former) await files.remove(former);
      return { id: former?.id ?? id };
    } catch (error) {
      await files.remove(place);
      throw error;
    }
  }

  async function copyTo(
    caller: Caller,
    source: StoredObject,
    bucket: string,
    name: string,
    changes: Partial<Pick<StoredObject, "metadata" | "user_metadata">>,
    writing: Writing,
  ): Promise<{ id: string }> {
    const bytes = await files.read(source);
    if (!bytes) throw noSuchKey();
    const { metadata, user_metadata } = { ...source, ...changes };
    return await put(caller, bucket, name, { metadata, user_metadata }, bytes, writing);
  }

  return {
    find,
    read: files.read,

    upload(caller: Caller, bucket: string, name: string, upload: Upload, writing: Writing) {
      checkKey(name);
      const { bytes, type, cacheControl, userMetadata } = upload;
      const metadata: Metadata = {
        eTag: `"${createHash("md5").update(bytes).digest("hex")}"`,
        size: bytes.length,
        mimetype: type,
        cacheControl,
        lastModified: new Date().toISOString(),
        contentLength: bytes.length,
        httpStatusCode: 200,
      };
      return put(caller, bucket, name, { metadata, user_metadata: userMetadata }, bytes, writing);
    },

    /** Whether the caller might upload this now: tried, and taken back. */
    async checkUpload(
      caller: Caller,
      bucket: string,
      name: string,
      upsert: boolean,
    ): Promise<void> {
      checkKey(name);
      const undone = Symbol("undone");
      await asCaller(sql, caller, "object.upload_signed_url", async (transaction) => {
        const row = { bucket_id: bucket, name, owner_id: caller.claims.sub ?? null, version: "1" };
        await (upsert
          ? transaction`insert into storage.objects ${transaction(row)}
              on conflict (bucket_id, name) do update set version = excluded.version`
          : transaction`insert into storage.objects ${transaction(row)}`);
        throw undone;
      }).catch((error) => {
        if (error !== undone) throw error;
      });
    },

    async move(caller: Caller, from: StoredObject, bucket: string, name: string): Promise<void> {
      checkKey(name);
      const bytes = await files.read(from);
      if (!bytes) throw noSuchKey();
      const place = { bucket_id: bucket, name, version: crypto.randomUUID() };
      await files.write(place, bytes);
      try {
        const [taken] = await sql`
          select from storage.objects where bucket_id = ${bucket} and name = ${name} and id <> ${from.id}`;
        if (taken) throw alreadyExists();
        const moved = await asCaller(
          sql,
          caller,
          "object.move",
          (transaction) =>
            transaction`update storage.objects set ${
              transaction(place)
            }, updated_at = now() where id = ${from.id} returning id`,
        );
        if (moved.length === 0) throw noSuchKey();
      } catch (error) {
        await files.remove(place);
        throw error;
      }
      await files.remove(from);
    },

    async copy(
      caller: Caller,
      source: StoredObject,
      bucket: string,
      name: string,
      upsert: boolean,
      changes: Partial<Pick<StoredObject, "metadata" | "user_metadata">> = {},
    ) {
      checkKey(name);
      return await copyTo(caller, source, bucket, name, changes, {
        upsert,
        operation: "object.copy",
      });
    },

    /** Removes those that are there and that the caller may remove; returns them. */
    async remove(
      caller: Caller,
      bucket: string,
      names: string[],
      operation: string,
    ): Promise<StoredObject[]> {
      const removed = await asCaller(
        sql,
        caller,
        operation,
        (transaction) =>
          transaction<StoredObject[]>`
          delete from storage.objects where bucket_id = ${bucket} and name = any(${names}) returning *`,
      );
      await Promise.all(removed.map(files.remove));
      return removed;
    },

    /** An object whose address is enough: of a public bucket, or signed. */
    findForAnyone: (bucket: string, name: string, operation: string) =>
      find(storageItself, bucket, name, operation),
  };
}
