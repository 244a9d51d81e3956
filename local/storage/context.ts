/** What Storage's routes stand on, and what several of them do. */
import type { Hono } from "hono";
import type postgres from "postgres";
import { readUpload } from "./bodies.ts";
import type { Bucket, openBuckets } from "./buckets.ts";
import type { Caller } from "./callers.ts";
import { answerBytes } from "./downloads.ts";
import { invalidInput, invalidMimeType, noSuchBucket, noSuchKey } from "./errors.ts";
import { hasType } from "./names.ts";
import type { openObjects, StoredObject, Writing } from "./objects.ts";
import type { Signatures } from "./signatures.ts";

/** The parts of a running Storage. */
export interface StorageContext {
  sql: postgres.Sql;
  buckets: ReturnType<typeof openBuckets>;
  objects: ReturnType<typeof openObjects>;
  signatures: Signatures;
  /** Below which folder what is not finished lies. */
  folder: string;
  /** @throws StorageError when nobody asks, or somebody with a bad token */
  callerOf(request: Request): Promise<Caller>;
}

/** Adds routes below /storage/v1. */
export type AddRoutes = (app: Hono, context: StorageContext) => void;

/** The longest object, as `[storage] file_size_limit` of config.toml has it: bytes. */
const fileSizeLimit = 50 * 1024 * 1024;

/** The path of an object. */
export const key = "/:bucket/:name{.+}";

/** How many bytes an object of a bucket may have. */
export const limitOf = (bucket: Bucket): number =>
  Math.min(bucket.file_size_limit ?? fileSizeLimit, fileSizeLimit);

/** Takes an upload that comes in one piece. */
export async function upload(
  { buckets, objects }: StorageContext,
  request: Request,
  caller: Caller,
  bucketId: string,
  name: string,
  writing: Writing,
) {
  const bucket = await buckets.known(bucketId);
  const read = await readUpload(request, limitOf(bucket));
  if (!hasType(bucket.allowed_mime_types, read.type)) throw invalidMimeType(read.type);
  const { id } = await objects.upload(caller, bucketId, name, read, writing);
  return { Key: `${bucketId}/${name}`, Id: id };
}

/** Answers with an object's bytes. */
export async function answer(
  { objects }: StorageContext,
  request: Request,
  object: StoredObject,
): Promise<Response> {
  const bytes = await objects.read(object);
  if (!bytes) throw noSuchKey();
  const download = new URL(request.url).searchParams.get("download");
  return answerBytes(request, bytes, object.metadata ?? {}, download);
}

/** A bucket that everybody may read. */
export async function publicBucket({ buckets }: StorageContext, id: string): Promise<Bucket> {
  const bucket = await buckets.known(id);
  if (!bucket.public) throw noSuchBucket();
  return bucket;
}

/** @throws StorageError when the body is no JSON */
export async function readJson(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    throw invalidInput("The body is not valid JSON");
  }
}
