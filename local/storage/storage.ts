/** Storage, as its API on the platform: buckets and objects under row security, on files. */
import { Hono } from "hono";
import postgres from "postgres";
import { z } from "zod";
import type { Keys } from "../keys.ts";
import type { Tokens } from "../tokens.ts";
import { readUpload } from "./bodies.ts";
import { type Bucket, bucketFields, openBuckets } from "./buckets.ts";
import { type Caller, readCaller, storageItself } from "./callers.ts";
import { answerBytes } from "./downloads.ts";
import {
  fromDatabase,
  invalidInput,
  invalidMimeType,
  noSuchBucket,
  notServed,
  StorageError,
} from "./errors.ts";
import { openFiles } from "./files.ts";
import { listLevel, listOptions, listPage, listV2Options } from "./lists.ts";
import { hasType } from "./names.ts";
import { openObjects, type StoredObject } from "./objects.ts";
import { openSignatures } from "./signatures.ts";

/** Where Storage finds its database and its files, and whom it believes. */
export interface StorageOptions {
  /** A superuser: Storage itself. What a person asks runs as the person. */
  adminUrl: string;
  keys: Keys;
  tokens: Tokens;
  folder: string;
  connections: number;
}

/** Answers requests below /storage/v1. */
export interface Storage {
  fetch(request: Request): Promise<Response>;
  stop(): Promise<void>;
}

/** The longest object, as `[storage] file_size_limit` of config.toml has it: bytes. */
const fileSizeLimit = 50 * 1024 * 1024;

const moveBody = z.object({
  bucketId: z.string(),
  sourceKey: z.string(),
  destinationKey: z.string(),
  destinationBucket: z.string().optional(),
  copyMetadata: z.boolean().default(true),
});
const expiresIn = z.number().int().min(1);
const key = "/:bucket/:name{.+}";

/** Opens Storage. */
export function openStorage(
  { adminUrl, keys, tokens, folder, connections }: StorageOptions,
): Storage {
  const sql = postgres(adminUrl, {
    max: connections,
    onnotice: () => {},
    connection: { application_name: "groundwork-storage" },
    types: { text: textTime, bigint: bigint },
  });
  const files = openFiles(folder);
  const buckets = openBuckets(sql, files);
  const objects = openObjects(sql, files);
  const signatures = openSignatures(keys.internalSecret);
  const app = new Hono().basePath("/storage/v1");
  const callerOf = ({ headers, url }: Request) =>
    readCaller(headers, new URL(url).searchParams, keys, tokens);

  app.onError((error) => {
    if (error instanceof z.ZodError) {
      const [issue] = error.issues;
      return invalidInput(`${issue?.path.join("/") || "body"}: ${issue?.message}`).respond();
    }
    const known = fromDatabase(error);
    if (known instanceof StorageError) return known.respond();
    console.error("[storage]", error);
    return new StorageError(500, "InternalError", "Internal Server Error", "Internal", 500)
      .respond();
  });
  app.notFound(({ req }) => notServed(`${req.method} ${req.path}`).respond());

  // Buckets ----------------------------------------------------------------------------------------------------

  app.get(
    "/bucket",
    async ({ req, json }) =>
      json(await buckets.list(await callerOf(req.raw), new URL(req.url).searchParams)),
  );
  app.post("/bucket", async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const fields = bucketFields.parse(await readJson(req.raw));
    if (fields.type === "ANALYTICS") throw notServed("analytics buckets");
    return json(await buckets.create(caller, fields));
  });
  app.get(
    "/bucket/:id",
    async ({ req, json }) => json(await buckets.find(await callerOf(req.raw), req.param("id"))),
  );
  app.put(
    "/bucket/:id",
    async ({ req, json }) =>
      json(
        await buckets.update(
          await callerOf(req.raw),
          req.param("id"),
          bucketFields.parse(await readJson(req.raw)),
        ),
      ),
  );
  app.post(
    "/bucket/:id/empty",
    async ({ req, json }) => json(await buckets.empty(await callerOf(req.raw), req.param("id"))),
  );
  app.delete(
    "/bucket/:id",
    async ({ req, json }) => json(await buckets.remove(await callerOf(req.raw), req.param("id"))),
  );

  // Signed URLs ------------------------------------------------------------------------------------------------

  app.post(`/object/upload/sign${key}`, async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const { bucket, name } = req.param();
    await buckets.known(bucket);
    const upsert = req.header("x-upsert") === "true";
    await objects.checkUpload(caller, bucket, name, upsert);
    const owner = caller.claims.sub;
    const token = await signatures.sign(
      { url: `${bucket}/${name}`, kind: "upload", upsert, ...(owner ? { owner } : {}) },
      7200,
    );
    return json({ url: `/object/upload/sign/${encodePath(bucket, name)}?token=${token}`, token });
  });
  app.put(`/object/upload/sign${key}`, async ({ req, json }) => {
    const { bucket, name } = req.param();
    const signed = await signatures.verify(
      req.query("token") ?? null,
      `${bucket}/${name}`,
      "upload",
    );
    const writing = {
      upsert: signed.upsert ?? false,
      operation: "object.sign_upload",
      owner: signed.owner,
    };
    return json(await upload(req.raw, storageItself, bucket, name, writing));
  });
  app.post(`/object/sign${key}`, async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const body = z.object({ expiresIn, transform: z.unknown().optional() }).parse(
      await readJson(req.raw),
    );
    if (body.transform) throw notServed("images that are transformed");
    const { bucket, name } = req.param();
    await objects.find(caller, bucket, name, "object.sign");
    return json({ signedURL: await signRead(bucket, name, body.expiresIn) });
  });
  app.post("/object/sign/:bucket", async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const body = z.object({ expiresIn, paths: z.array(z.string()).min(1).max(500) }).parse(
      await readJson(req.raw),
    );
    const bucket = req.param("bucket");
    return json(
      await Promise.all(body.paths.map(async (path) => {
        const found = await objects.find(caller, bucket, path, "object.sign_many").catch(
          (error) => {
            if (error instanceof StorageError && error.code === "NoSuchKey") return null;
            throw error;
          },
        );
        return found
          ? { error: null, path, signedURL: await signRead(bucket, path, body.expiresIn) }
          : {
            error: "Either the object does not exist or you do not have access to it",
            path,
            signedURL: null,
          };
      })),
    );
  });
  app.get(`/object/sign${key}`, async ({ req }) => {
    const { bucket, name } = req.param();
    await signatures.verify(req.query("token") ?? null, `${bucket}/${name}`, "read");
    return await answer(req.raw, await objects.findForAnyone(bucket, name, "object.get_signed"));
  });

  // Objects ----------------------------------------------------------------------------------------------------

  app.post("/object/list/:bucket", async ({ req, json }) =>
    json(
      await listLevel(
        sql,
        await callerOf(req.raw),
        req.param("bucket"),
        listOptions.parse(await readJson(req.raw)),
      ),
    ));
  app.post("/object/list-v2/:bucket", async ({ req, json }) =>
    json(
      await listPage(
        sql,
        await callerOf(req.raw),
        req.param("bucket"),
        listV2Options.parse(await readJson(req.raw)),
      ),
    ));
  app.post("/object/move", async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const { bucketId, sourceKey, destinationKey, destinationBucket } = moveBody.parse(
      await readJson(req.raw),
    );
    const source = await objects.find(caller, bucketId, sourceKey, "object.move");
    await objects.move(caller, source, destinationBucket ?? bucketId, destinationKey);
    return json({ message: "Successfully moved" });
  });
  app.post("/object/copy", async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const { bucketId, sourceKey, destinationKey, destinationBucket = bucketId } = moveBody.parse(
      await readJson(req.raw),
    );
    const source = await objects.find(caller, bucketId, sourceKey, "object.copy");
    const upsert = req.header("x-upsert") === "true";
    const { id } = await objects.copy(caller, source, destinationBucket, destinationKey, upsert);
    return json({ Id: id, Key: `${destinationBucket}/${destinationKey}` });
  });
  app.get(`/object/info/public${key}`, async ({ req, json }) => {
    const { bucket, name } = req.param();
    await publicBucket(bucket);
    return json(describe(await objects.findForAnyone(bucket, name, "object.info_public")));
  });
  app.get(
    `/object/info/authenticated${key}`,
    ({ req }) => info(req.raw, req.param("bucket"), req.param("name")),
  );
  app.get(`/object/info${key}`, ({ req }) => info(req.raw, req.param("bucket"), req.param("name")));
  app.get(`/object/public${key}`, async ({ req }) => {
    const { bucket, name } = req.param();
    await publicBucket(bucket);
    return await answer(req.raw, await objects.findForAnyone(bucket, name, "object.get_public"));
  });
  app.get(
    `/object/authenticated${key}`,
    ({ req }) => download(req.raw, req.param("bucket"), req.param("name")),
  );
  app.delete("/object/:bucket", async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const { prefixes } = z.object({ prefixes: z.array(z.string()).min(1).max(1000) }).parse(
      await readJson(req.raw),
    );
    const bucket = req.param("bucket");
    await buckets.known(bucket);
    return json(await objects.remove(caller, bucket, prefixes, "object.delete_many"));
  });
  app.get(`/object${key}`, ({ req }) => download(req.raw, req.param("bucket"), req.param("name")));
  app.delete(`/object${key}`, async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const { bucket, name } = req.param();
    const removed = await objects.remove(caller, bucket, [name], "object.delete");
    if (removed.length === 0) {
      throw new StorageError(404, "NoSuchKey", "Object not found", "not_found");
    }
    return json({ message: "Successfully deleted" });
  });
  app.on(["POST", "PUT"], `/object${key}`, async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const { bucket, name } = req.param();
    const isUpdate = req.method === "PUT";
    const upsert = isUpdate || req.header("x-upsert") === "true";
    const operation = isUpdate ? "object.upload_update" : "object.upload";
    return json(await upload(req.raw, caller, bucket, name, { upsert, operation }));
  });
  app.all("/render/image/*", () => notServed("images that are transformed").respond());
  app.all("/upload/resumable/*", () => notServed("resumable uploads").respond());
  app.all("/upload/resumable", () => notServed("resumable uploads").respond());

  const encodePath = (...parts: string[]) =>
    parts.join("/").split("/").map(encodeURIComponent).join("/");

  async function signRead(bucket: string, name: string, seconds: number): Promise<string> {
    const token = await signatures.sign({ url: `${bucket}/${name}`, kind: "read" }, seconds);
    return `/object/sign/${bucket}/${name}?token=${token}`;
  }

  async function publicBucket(id: string): Promise<Bucket> {
    const bucket = await buckets.known(id);
    if (!bucket.public) throw noSuchBucket();
    return bucket;
  }

  async function upload(
    request: Request,
    caller: Caller,
    bucketId: string,
    name: string,
    writing: { upsert: boolean; operation: string; owner?: string | undefined },
  ) {
    const bucket = await buckets.known(bucketId);
    const read = await readUpload(
      request,
      Math.min(bucket.file_size_limit ?? fileSizeLimit, fileSizeLimit),
    );
    if (!hasType(bucket.allowed_mime_types, read.type)) throw invalidMimeType(read.type);
    const { id } = await objects.upload(caller, bucketId, name, read, writing);
    return { Key: `${bucketId}/${name}`, Id: id };
  }

  async function answer(request: Request, object: StoredObject): Promise<Response> {
    const bytes = await objects.read(object);
    if (!bytes) throw new StorageError(404, "NoSuchKey", "Object not found", "not_found");
    const download = new URL(request.url).searchParams.get("download");
    return answerBytes(request, bytes, object.metadata ?? {}, download);
  }

  async function download(request: Request, bucketId: string, name: string): Promise<Response> {
    const caller = await callerOf(request);
    const bucket = await buckets.known(bucketId);
    const found = bucket.public
      ? await objects.findForAnyone(bucketId, name, "object.get_authenticated")
      : await objects.find(caller, bucketId, name, "object.get_authenticated");
    return await answer(request, found);
  }

  async function info(request: Request, bucket: string, name: string): Promise<Response> {
    const caller = await callerOf(request);
    return Response.json(describe(await objects.find(caller, bucket, name, "object.info")));
  }

  return { fetch: async (request) => await app.fetch(request), stop: () => sql.end() };
}

function describe(object: StoredObject) {
  const { id, name, version, bucket_id, metadata, user_metadata, created_at, updated_at } = object;
  return {
    id,
    name,
    version,
    bucket_id,
    size: metadata?.size ?? null,
    content_type: metadata?.mimetype ?? null,
    cache_control: metadata?.cacheControl ?? null,
    etag: metadata?.eTag ?? null,
    metadata: user_metadata ?? {},
    last_modified: updated_at,
    created_at,
  };
}

async function readJson(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    throw invalidInput("The body is not valid JSON");
  }
}

/** Times are answered as the platform writes them. */
const textTime: postgres.PostgresType = {
  to: 1184,
  from: [1184],
  serialize: (value: unknown) => value instanceof Date ? value.toISOString() : String(value),
  parse: (text: string) => new Date(text).toISOString(),
};

const bigint: postgres.PostgresType = { to: 20, from: [20], serialize: String, parse: Number };
