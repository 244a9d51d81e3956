/** Removes a person's stored objects through the Storage API: a row deleted in the database would leave the bytes behind. */
import { unavailable } from "../_shared/errors.ts";
import type { Services } from "../_shared/services.ts";

interface StoredObject {
  bucket_id: string;
  name: string;
}

type Stores = Pick<Services, "database" | "environment">;

/** Objects removed with one request. */
const atOnce = 500;
/** Milliseconds for one request. */
const patience = 30_000;

function listObjects(
  { database }: Stores,
  user: string,
  workspace: string | null,
): Promise<StoredObject[]> {
  return database.run(
    (sql) =>
      sql<StoredObject[]>`
        select bucket_id, name from private.personal_objects(${user}, ${workspace})`,
    { query: patience },
  );
}

async function removeFrom({ environment }: Stores, bucket: string, names: string[]) {
  const key = environment.secretKeys.default ?? "";
  let response: Response;
  try {
    response = await fetch(`${environment.url}/storage/v1/object/${encodeURIComponent(bucket)}`, {
      method: "DELETE",
      headers: { apikey: key, authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ prefixes: names }),
      signal: AbortSignal.timeout(patience),
    });
  } catch (error) {
    throw unavailable("Storage does not answer.", error);
  }
  await response.body?.cancel();
  if (!response.ok) throw unavailable(`Storage answered ${response.status}.`);
}

/**
 * Removes what a person stored, or what of it is in one workspace's folder.
 *
 * @returns how many objects
 * @throws ApiError 503 `unavailable` when Storage does not answer, or keeps an object all the same
 */
export async function removeObjects(
  stores: Stores,
  user: string,
  workspace: string | null,
): Promise<number> {
  const found = await listObjects(stores, user, workspace);
  if (found.length === 0) return 0;
  const byBucket = Map.groupBy(found, ({ bucket_id }) => bucket_id);
  for (const [bucket, objects] of byBucket) {
    const names = objects.map(({ name }) => name);
    for (let start = 0; start < names.length; start += atOnce) {
      await removeFrom(stores, bucket, names.slice(start, start + atOnce));
    }
  }
  if ((await listObjects(stores, user, workspace)).length > 0) {
    throw unavailable("Storage still has objects of the person.");
  }
  return found.length;
}
