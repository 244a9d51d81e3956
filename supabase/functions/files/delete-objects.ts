/** Deleting through the Storage API: a row deleted in the database would leave the bytes behind. */
import type { Environment } from "../_shared/environment.ts";
import { unavailable } from "../_shared/errors.ts";

/**
 * Deletes objects of a bucket. Those that are not there are no error.
 *
 * @param patience milliseconds that Storage may take
 * @throws ApiError 503 `unavailable` when Storage does not answer, or answers that it did not
 */
export async function deleteObjects(
  environment: Pick<Environment, "url" | "secretKeys">,
  bucket: string,
  names: string[],
  patience: number,
): Promise<void> {
  const key = environment.secretKeys.default ?? "";
  let response: Response;
  try {
    response = await fetch(`${environment.url}/storage/v1/object/${encodeURIComponent(bucket)}`, {
      method: "DELETE",
      headers: { apikey: key, authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ prefixes: names }),
      redirect: "error",
      signal: AbortSignal.timeout(patience),
    });
  } catch (error) {
    throw unavailable("Storage does not answer.", error);
  }
  await response.body?.cancel();
  if (!response.ok) throw unavailable(`Storage answered ${response.status}.`);
}
