/**
 * Uploads that go on after a cut, by the protocol of tus.io, as the platform takes them: the bucket
 * and the name are in the metadata, and the policies are asked whenever a piece comes. `…/sign` takes
 * the token of a signed upload instead of a person's.
 */
import { Server, type ServerOptions, type Upload } from "@tus/server";
import { type Caller, storageItself } from "../callers.ts";
import { type AddRoutes, limitOf, type StorageContext } from "../context.ts";
import { fromDatabase, invalidMimeType, StorageError, tooLarge, unauthorized } from "../errors.ts";
import { hasType } from "../names.ts";
import { mostUnfinished, type Terms, Uploads } from "./uploads.ts";

type Asked = Parameters<NonNullable<ServerOptions["onUploadCreate"]>>[0];

/** Who may do it, and on what terms. */
interface Leave {
  caller: Caller;
  terms: Terms;
}

export const addResumableRoutes: AddRoutes = (app, context) => {
  const uploads = new Uploads(`${context.folder}/unfinished`);
  for (const isSigned of [true, false]) {
    const path = `/upload/resumable${isSigned ? "/sign" : ""}`;
    const server = openServer(context, uploads, `/storage/v1${path}`, isSigned);
    const answer = ({ req }: { req: { raw: Request } }) => server.handleWeb(req.raw);
    app.all(path, answer);
    app.all(`${path}/:id`, answer);
  }
};

function openServer(context: StorageContext, uploads: Uploads, path: string, isSigned: boolean) {
  const leaveFor = (request: Asked, upload: Pick<Upload, "metadata">) =>
    isSigned ? leaveByToken(context, request, upload) : leaveOfCaller(context, request);

  /** @throws StorageError when somebody else began it, or the policies do not take it any more */
  async function check(request: Asked, id: string): Promise<Leave & { upload: Upload }> {
    const upload = await uploads.getUpload(id);
    const terms = await uploads.termsOf(id);
    const { caller, terms: { owner } } = await leaveFor(request, upload);
    if (owner !== terms.owner) throw unauthorized("The upload is somebody else's");
    const { bucket, name } = placeOf(upload);
    await context.objects.checkUpload(caller, bucket, name, terms.upsert);
    return { caller, terms, upload };
  }

  return new Server({
    path,
    datastore: uploads,
    disableTerminationForFinishedUploads: true,
    namingFunction: () => crypto.randomUUID(),
    async onIncomingRequest(request, id) {
      // What is created is looked at below, when its metadata has been read.
      if (request.method !== "POST" && request.method !== "OPTIONS") await check(request, id);
    },
    async onUploadCreate(request, upload) {
      const { bucket: bucketId, name } = placeOf(upload);
      const { caller, terms } = await leaveFor(request, upload);
      const bucket = await context.buckets.known(bucketId);
      const type = upload.metadata?.contentType ?? "application/octet-stream";
      if ((upload.size ?? 0) > limitOf(bucket)) throw tooLarge();
      if (!hasType(bucket.allowed_mime_types, type)) throw invalidMimeType(type);
      await context.objects.checkUpload(caller, bucketId, name, terms.upsert);
      const { owner } = terms;
      if (owner !== null && await uploads.unfinishedOf(owner) >= mostUnfinished) {
        throw new StorageError(
          429,
          "TooManyUploads",
          "Finish or end an upload that you have begun",
        );
      }
      uploads.agree(upload, terms);
      return {};
    },
    async onUploadFinish(request, { id }) {
      const { caller, terms, upload } = await check(request, id);
      const { bucket, name } = placeOf(upload);
      const { contentType, cacheControl, metadata } = upload.metadata ?? {};
      const content = {
        bytes: await uploads.bytesOf(id),
        type: contentType ?? "application/octet-stream",
        cacheControl: /^\d+$/.test(cacheControl ?? "") ? `max-age=${cacheControl}` : "no-cache",
        userMetadata: readMetadata(metadata),
      };
      const operation = "tus.upload_part";
      const { owner, upsert } = terms;
      const writing = { upsert, operation, owner: owner ?? undefined };
      await context.objects.upload(caller, bucket, name, content, writing);
      await uploads.finish(id);
      return { headers: { "Tus-Complete": "1" } };
    },
    onResponseError(_request, error) {
      const known = fromDatabase(error);
      if (known instanceof StorageError) return { status_code: known.status, body: known.message };
      if (error instanceof Error) console.error("[storage]", error);
      return undefined;
    },
  });
}

/** Where an upload is to lie. */
function placeOf({ metadata }: Pick<Upload, "metadata">): { bucket: string; name: string } {
  const { bucketName: bucket, objectName: name } = metadata ?? {};
  if (!bucket || !name) {
    throw new StorageError(400, "InvalidRequest", "bucketName and objectName are required");
  }
  return { bucket, name };
}

async function leaveOfCaller({ callerOf }: StorageContext, request: Asked): Promise<Leave> {
  const caller = await callerOf(request);
  const upsert = request.headers.get("x-upsert") === "true";
  return { caller, terms: { owner: caller.claims.sub ?? null, upsert } };
}

/** Whoever signed has been asked when it was signed. */
async function leaveByToken(
  { signatures }: StorageContext,
  request: Asked,
  upload: Pick<Upload, "metadata">,
): Promise<Leave> {
  const { bucket, name } = placeOf(upload);
  const token = request.headers.get("x-signature");
  const signed = await signatures.verify(token, `${bucket}/${name}`, "upload");
  const terms = { owner: signed.owner ?? null, upsert: signed.upsert ?? false };
  return { caller: storageItself, terms };
}

function readMetadata(text: string | null | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return typeof value === "object" ? value as Record<string, unknown> | null : null;
  } catch {
    return null;
  }
}
