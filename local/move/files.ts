/** Stored objects of a workspace, below `<workspace>/` in each bucket: bytes by Storage's API, owners by SQL. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { MoveError, type Side } from "./connect.ts";

/** How Storage is called on one side: the project's URL and its secret key. */
export interface StorageApi {
  url: string;
  key: string;
}

interface StoredObject {
  bucket: string;
  name: string;
  size: string;
  type: string | null;
  owner: string | null;
  made: string;
}

const openStorage = ({ url, key }: StorageApi): SupabaseClient["storage"] =>
  createClient(url, key, { auth: { persistSession: false } }).storage;

/** Storage itself refuses with a 4xx; anything else may pass, and is tried again like a lost connection. */
function storageFailure(what: string, error: { message: string; status?: number }): Error {
  const failure = new Error(`${what}: ${error.message}`);
  const isRefusal = error.status !== undefined && error.status < 500;
  return isRefusal ? failure : Object.assign(failure, { code: "CONNECT_STORAGE" });
}

async function listObjects({ sql }: Side, workspace: string): Promise<Map<string, StoredObject>> {
  const rows = await sql<StoredObject[]>`
    select bucket_id as bucket, name, coalesce(metadata ->> 'size', '') as size, metadata ->> 'mimetype' as type,
      owner_id as owner, created_at::text as made
    from storage.objects where starts_with(name, ${workspace} || '/')`;
  return new Map(rows.map((row) => [`${row.bucket}/${row.name}`, row]));
}

/**
 * Copies what the target does not have yet; objects there that the source no longer has are removed. After the
 * hand-over (`since`: the fence) the target has a life of its own: nothing is removed there, and only what was being
 * stored at that moment is brought after.
 * @returns how many were copied
 * @throws MoveError storage_unknown, when there are objects and nobody said how to reach Storage
 */
export async function copyFiles(
  source: Side,
  target: Side,
  workspace: string,
  apis: { from: StorageApi; to: StorageApi } | null,
  since: Date | null = null,
): Promise<number> {
  const [here, there] = await Promise.all([
    listObjects(source, workspace),
    listObjects(target, workspace),
  ]);
  const missing = [...here].filter(([path, object]) =>
    there.get(path)?.size !== object.size && (since === null || new Date(object.made) >= since)
  );
  const gone = since === null ? [...there].filter(([path]) => !here.has(path)) : [];
  if (missing.length + gone.length === 0) return 0;
  if (!apis) {
    throw new MoveError(
      "storage_unknown",
      `${missing.length} stored objects travel: say --from-api and --to-api, with the secret keys in ` +
        "GROUNDWORK_FROM_KEY and GROUNDWORK_TO_KEY",
    );
  }
  const [from, to] = [openStorage(apis.from), openStorage(apis.to)];
  for (const [, { bucket, name, type, owner, made }] of missing) {
    const { data, error } = await from.from(bucket).download(name);
    if (error) throw storageFailure(`${bucket}/${name} cannot be read`, error);
    const put = await to.from(bucket).upload(name, data, {
      upsert: true,
      ...(type ? { contentType: type } : {}),
    });
    if (put.error) throw storageFailure(`${bucket}/${name} cannot be written`, put.error);
    await target.sql`
      update storage.objects set owner_id = ${owner}, created_at = ${made}::timestamptz
      where bucket_id = ${bucket} and name = ${name}`;
  }
  await removeObjects(to, gone.map(([, object]) => object));
  return missing.length;
}

/** Removes the copy of a workspace's objects. */
export async function forgetFiles(side: Side, workspace: string, api: StorageApi | null) {
  const objects = [...(await listObjects(side, workspace)).values()];
  if (objects.length === 0) return;
  if (!api) {
    throw new MoveError(
      "storage_unknown",
      `${objects.length} stored objects are left: say --from-api, with the secret key in GROUNDWORK_FROM_KEY`,
    );
  }
  await removeObjects(openStorage(api), objects);
}

async function removeObjects(storage: SupabaseClient["storage"], objects: StoredObject[]) {
  for (const bucket of new Set(objects.map((object) => object.bucket))) {
    const names = objects.filter((object) => object.bucket === bucket).map(({ name }) => name);
    for (let at = 0; at < names.length; at += 100) {
      const { error } = await storage.from(bucket).remove(names.slice(at, at + 100));
      if (error) throw storageFailure(`objects of ${bucket} cannot be removed`, error);
    }
  }
}
