/** The routes of objects. */
import { z } from "zod";
import {
  type AddRoutes,
  answer,
  key,
  publicBucket,
  readJson,
  type StorageContext,
  upload,
} from "./context.ts";
import { noSuchKey } from "./errors.ts";
import { listLevel, listOptions, listPage, listV2Options } from "./lists.ts";
import type { StoredObject } from "./objects.ts";

const moveBody = z.object({
  bucketId: z.string(),
  sourceKey: z.string(),
  destinationKey: z.string(),
  destinationBucket: z.string().optional(),
  copyMetadata: z.boolean().default(true),
});

export const addObjectRoutes: AddRoutes = (app, context) => {
  const { sql, buckets, objects, callerOf } = context;

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
    await publicBucket(context, bucket);
    return json(describe(await objects.findForAnyone(bucket, name, "object.info_public")));
  });
  app.get(
    `/object/info/authenticated${key}`,
    ({ req }) => info(context, req.raw, req.param("bucket"), req.param("name")),
  );
  app.get(
    `/object/info${key}`,
    ({ req }) => info(context, req.raw, req.param("bucket"), req.param("name")),
  );
  app.get(`/object/public${key}`, async ({ req }) => {
    const { bucket, name } = req.param();
    await publicBucket(context, bucket);
    return await answer(
      context,
      req.raw,
      await objects.findForAnyone(bucket, name, "object.get_public"),
    );
  });
  app.get(
    `/object/authenticated${key}`,
    ({ req }) => download(context, req.raw, req.param("bucket"), req.param("name")),
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
  app.get(
    `/object${key}`,
    ({ req }) => download(context, req.raw, req.param("bucket"), req.param("name")),
  );
  app.delete(`/object${key}`, async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const { bucket, name } = req.param();
    const removed = await objects.remove(caller, bucket, [name], "object.delete");
    if (removed.length === 0) {
      throw noSuchKey();
    }
    return json({ message: "Successfully deleted" });
  });
  app.on(["POST", "PUT"], `/object${key}`, async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const { bucket, name } = req.param();
    const isUpdate = req.method === "PUT";
    const upsert = isUpdate || req.header("x-upsert") === "true";
    const operation = isUpdate ? "object.upload_update" : "object.upload";
    return json(await upload(context, req.raw, caller, bucket, name, { upsert, operation }));
  });
};

async function download(
  context: StorageContext,
  request: Request,
  bucketId: string,
  name: string,
): Promise<Response> {
  const { buckets, objects } = context;
  const caller = await context.callerOf(request);
  const bucket = await buckets.known(bucketId);
  const found = bucket.public
    ? await objects.findForAnyone(bucketId, name, "object.get_authenticated")
    : await objects.find(caller, bucketId, name, "object.get_authenticated");
  return await answer(context, request, found);
}

async function info(
  { objects, callerOf }: StorageContext,
  request: Request,
  bucket: string,
  name: string,
): Promise<Response> {
  const caller = await callerOf(request);
  return Response.json(describe(await objects.find(caller, bucket, name, "object.info")));
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
