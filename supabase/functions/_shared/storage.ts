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
  place: ObjectPlace,
  longest: number,
): Promise<StoredFile> {
  const apikey = caller.get("apikey") || (environment.publishableKeys.default ?? "");
  const authorization = caller.get("authorization") || `Bearer ${apikey}`;
  const { ok, headers, bytes } = await askStorage(environment, {
    method: "GET",
    path: pathOf(place),
    headers: { apikey, authorization, accept: "*/*" },
    patience: 10_000,
    longestBody: longest,
  });
  if (!ok) throw notFound("The file");
  return { type: headers.get("content-type") ?? "", bytes };
}

const pathOf = ({ bucket, name }: ObjectPlace) =>
  ["/object", ...[bucket, ...name.split("/")].map(encodeURIComponent)].join("/");

function asService({ secretKeys }: Environment) {
  const apikey = secretKeys.default ?? "";
  return { apikey, authorization: `Bearer ${apikey}` };
}

/** A part of an object, and how long the whole is. */
export interface ObjectPart {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly length: number;
}

/**
 * Reads the bytes of an object from one up to another (not included), or to its end, with the secret
 * key: for whom they are is for the caller to have decided.
 *
 * @throws ApiError 404 `not_found`; 503 `unavailable`
 */
export async function readObjectPart(
  environment: Environment,
  place: ObjectPlace,
  from: number,
  to: number,
): Promise<ObjectPart> {
  const { ok, status, headers, bytes } = await askStorage(environment, {
    method: "GET",
    path: pathOf(place),
    headers: { ...asService(environment), accept: "*/*", range: `bytes=${from}-${to - 1}` },
    patience: 10_000,
    longestBody: to, // a whole file, where Storage does not know ranges
  });
  if (status === 416) return { bytes: new Uint8Array(), length: from };
  if (!ok || bytes === null) throw notFound("The file");
  if (status === 200) return { bytes: bytes.slice(from, to), length: bytes.length };
  const length = Number(headers.get("content-range")?.split("/")[1]);
  return { bytes, length: Number.isFinite(length) ? length : from + bytes.length };
}

/**
 * Writes an object with the secret key, also over one that is there.
 *
 * @throws ApiError 503 `unavailable`
 */
export async function writeObject(
  environment: Environment,
  place: ObjectPlace,
  { type, bytes }: { type: string; bytes: Uint8Array },
): Promise<void> {
  const { ok, status } = await askStorage(environment, {
    method: "POST",
    path: pathOf(place),
    headers: { ...asService(environment), "content-type": type, "x-upsert": "true" },
    body: bytes,
    patience: 8000,
  });
  if (!ok) throw unavailable(`Storage answered ${status}.`);
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
  const { ok, status } = await askStorage(environment, {
    method: "DELETE",
    path: `/object/${encodeURIComponent(bucket)}`,
    headers: asService(environment),
    body: { prefixes: names },
    patience,
  });
  if (!ok) throw unavailable(`Storage answered ${status}.`);
}
