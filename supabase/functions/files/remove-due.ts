import { unavailable } from "../_shared/errors.ts";
import { answer, type RequestContext } from "../_shared/http/app.ts";
import { deleteObjects } from "../_shared/storage.ts";

interface StoredObject {
  bucket_id: string;
  name: string;
}

/** Milliseconds: until when rounds are begun, and when the last must end, for the ledger waits 10 s. */
const bounds = { begin: 4000, end: 9000 };

const nameOf = ({ bucket_id, name }: StoredObject) => `${bucket_id}/${name}`;

/**
 * `POST /files/remove-due`: the job's. Removes the files of conversations and workspaces that are no
 * more, for some seconds. What is left, whatever the cause, stays on the database's list and is due
 * at the next run.
 *
 * @throws ApiError 503 `unavailable` when Storage is away, or keeps what it was asked to delete
 */
export async function removeDue(context: RequestContext): Promise<Response> {
  const { database, environment } = context.env;
  const begun = Date.now();
  const asked = new Set<string>();
  let kept = 0;
  while (Date.now() - begun < bounds.begin) {
    const due = await database.run((sql) =>
      sql<StoredObject[]>`select bucket_id, name from private.take_objects_to_remove()`
    );
    const fresh = due.filter((object) => !asked.has(nameOf(object)));
    kept = due.length - fresh.length;
    if (fresh.length === 0) break;
    for (const [bucket, objects] of Map.groupBy(fresh, ({ bucket_id }) => bucket_id)) {
      const patience = Math.max(0, begun + bounds.end - Date.now());
      await deleteObjects(environment, bucket, objects.map(({ name }) => name), patience);
      for (const object of objects) asked.add(nameOf(object));
    }
  }
  if (kept > 0) throw unavailable(`Storage keeps ${kept} objects that it was asked to delete.`);
  return answer({ removed: asked.size });
}
