/** The routes that sign URLs, and those that signed URLs lead to. */
import { z } from "zod";
import { storageItself } from "./callers.ts";
import { type AddRoutes, answer, key, readJson, type StorageContext, upload } from "./context.ts";
import { notServed, StorageError } from "./errors.ts";

const expiresIn = z.number().int().min(1);

const encodePath = (...parts: string[]) =>
  parts.join("/").split("/").map(encodeURIComponent).join("/");

async function signRead(
  { signatures }: StorageContext,
  bucket: string,
  name: string,
  seconds: number,
): Promise<string> {
  const token = await signatures.sign({ url: `${bucket}/${name}`, kind: "read" }, seconds);
  return `/object/sign/${bucket}/${name}?token=${token}`;
}

export const addSignedRoutes: AddRoutes = (app, context) => {
  const { buckets, objects, signatures, callerOf } = context;

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
    return json(await upload(context, req.raw, storageItself, bucket, name, writing));
  });
  app.post(`/object/sign${key}`, async ({ req, json }) => {
    const caller = await callerOf(req.raw);
    const body = z.object({ expiresIn, transform: z.unknown().optional() }).parse(
      await readJson(req.raw),
    );
    if (body.transform) throw notServed("images that are transformed");
    const { bucket, name } = req.param();
    await objects.find(caller, bucket, name, "object.sign");
    return json({ signedURL: await signRead(context, bucket, name, body.expiresIn) });
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
          ? { error: null, path, signedURL: await signRead(context, bucket, path, body.expiresIn) }
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
    return await answer(
      context,
      req.raw,
      await objects.findForAnyone(bucket, name, "object.get_signed"),
    );
  });
};
