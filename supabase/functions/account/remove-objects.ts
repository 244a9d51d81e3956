/**
 * Removes a person's stored objects through the Storage API: a row deleted in the database would leave the bytes
 * behind.
 */
import { unavailable } from "../_shared/errors.ts";
import type { Services } from "../_shared/services.ts";
import { deleteObjects } from "../_shared/storage.ts";

interface StoredObject {
  bucket_id: string;
  name: string;
}

type Stores = Pick<Services, "database" | "environment">;

/** Objects removed with one request. */
const atOnce = 500;

function listObjects(
  { database }: Stores,
  user: string,
  workspace: string | null,
): Promise<StoredObject[]> {
  return database.run(
    (sql) =>
      sql<StoredObject[]>`
        select bucket_id, name from private.personal_objects(${user}, ${workspace})`,
    { query: 30_000 },
  );
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
      await deleteObjects(stores.environment, bucket, names.slice(start, start + atOnce));
    }
  }
  if ((await listObjects(stores, user, workspace)).length > 0) {
    throw unavailable("Storage still has objects of the person.");
  }
  return found.length;
}
