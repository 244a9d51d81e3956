/** The Storage API, as far as functions need it. Its address is the project's own. */
import type { Environment } from "./environment.ts";
import { notFound, unavailable } from "./errors.ts";
import {
  NoAnswer,
  sendTrusted,
  type TrustedAnswer,
  type TrustedRequest,
} from "./outbound/trusted-request.ts";

/** Where an object is: in a bucket, under a name with slashes in it. */
export interface ObjectPlace {
  readonly bucket: string;
  readonly name: string;
}

/** An object that was read. */
export interface StoredFile {
  /** Its media type, with its parameters. */
  readonly type: string;
  /** Null when it is longer than was asked for. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

/** Asks Storage. What it refuses is for the caller to say; that it cannot answer is said here. */
async function askStorage(
  { url }: Environment,
  asked: Omit<TrustedRequest, "who">,
): Promise<TrustedAnswer> {
  const answered = await sendTrusted(`${url}/storage/v1`, { ...asked, who: "Storage" })
    .catch((error: NoAnswer) => {
      throw unavailable("Storage does not answer.", error);
    });
  const isRefusal = answered.status >= 400 && answered.status < 500;
  if (!answered.ok && !isRefusal) throw unavailable(`Storage answered ${answered.status}.`);
  return answered;
}

/**
 * Reads an object with a caller's own credential, so that Storage decides whether they may.
 *
 * @param caller the headers of the caller's request
 * @param longest bytes
 * @throws ApiError 404 `not_found`, also when they may not; 503 `unavailable`
 */
export async function readObject(
  environment: Environment,
  caller: Headers,
  { bucket, name }: ObjectPlace,
  longest: number,
): Promise<StoredFile> {
  const apikey = caller.get("apikey") || (environment.publishableKeys.default ?? "");
  const authorization = caller.get("authorization") || `Bearer ${apikey}`;
  const { ok, headers, bytes } = await askStorage(environment, {
    method: "GET",
    path: ["/object", ...[bucket, ...name.split("/")].map(encodeURIComponent)].join("/"),
    headers: { apikey, authorization, accept: "*/*" },
    patience: 10_000,
    longestBody: longest,
  });
  if (!ok) throw notFound("The file");
  return { type: headers.get("content-type") ?? "", bytes };
}

/**
 * Deletes objects of a bucket with the secret key: a row deleted in the database would leave the
 * bytes behind. Those that are not there are no error.
 *
 * @param patience milliseconds that Storage may take
 * @throws ApiError 503 `unavailable`
 */
export async function deleteObjects(
  environment: Environment,
  bucket: string,
  names: readonly string[],
  patience = 30_000,
): Promise<void> {
  const apikey = environment.secretKeys.default ?? "";
  const { ok, status } = await askStorage(environment, {
    method: "DELETE",
    path: `/object/${encodeURIComponent(bucket)}`,
    headers: { apikey, authorization: `Bearer ${apikey}` },
    body: { prefixes: names },
    patience,
  });
  if (!ok) throw unavailable(`Storage answered ${status}.`);
}
