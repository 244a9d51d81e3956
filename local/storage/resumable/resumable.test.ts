import { createClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import postgres from "postgres";
import * as tus from "tus-js-client";
import { startFront } from "../../api/front.ts";
import { startBareDatabase } from "../../fixture.ts";
import { loadKeys } from "../../keys.ts";
import { createTokens } from "../../tokens.ts";
import { mostUnfinished } from "./uploads.ts";

const policies = `
  create policy "People see below their id" on storage.objects for select to authenticated
    using ((storage.foldername(name))[1] = (select auth.uid()::text) or name like 'shared/%');
  create policy "People put below their id" on storage.objects for insert to authenticated
    with check ((storage.foldername(name))[1] = (select auth.uid()::text) or name like 'shared/%');
  create policy "People change below their id" on storage.objects for update to authenticated
    using ((storage.foldername(name))[1] = (select auth.uid()::text));
`;
const chunkSize = 6 * 1024 * 1024;
/** More than two pieces, none like another. */
const bytes = new Uint8Array(13 * 1024 * 1024 + 17).map((_, i) => (i * 31 + (i >> 16)) & 0xff);

interface Outcome {
  url: string | null;
  /** Bytes that were there when it went on. */
  offset: number;
  status: number | null;
}

/** Everything is asked by the unchanged tus-js-client, as the platform's documentation has it. */
Deno.test({
  name: "uploads go on after a cut, for whom the policies let",
  // The client keeps connections of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(test) {
    await using database = await startBareDatabase();
    const sql = postgres(database.url, { max: 1, onnotice: () => {} });
    await sql.unsafe(policies).simple();
    const keys = await loadKeys(null);
    const tokens = createTokens(keys, "http://api.example");
    const folder = await Deno.makeTempDir();
    const front = await startFront({
      adminUrl: database.adminUrl,
      keys,
      tokens,
      storageDir: folder,
      connections: 2,
      apiUrl: "http://api.example",
    });
    const service = createClient(front.origin, keys.secretKey, { auth: { persistSession: false } });
    await service.storage.createBucket("files");
    await service.storage.createBucket("small", { public: false, fileSizeLimit: 1000 });
    await service.storage.createBucket("pictures", {
      public: false,
      allowedMimeTypes: ["image/*"],
    });
    const somebody = async () => {
      const sub = crypto.randomUUID();
      const iat = Math.floor(Date.now() / 1000);
      const token = await tokens.sign({ sub, role: "authenticated", iat, exp: iat + 3600 });
      return { sub, token };
    };
    const [ada, ben] = [await somebody(), await somebody()];

    /** Uploads; `cutAfter` so many bytes the connection is cut. */
    const upload = (
      objectName: string,
      options: {
        token?: string;
        bucketName?: string;
        upsert?: boolean;
        url?: string | null;
        cutAfter?: number;
        content?: Uint8Array;
        endpoint?: string;
        signature?: string;
      } = {},
    ) =>
      new Promise<Outcome>((resolve) => {
        const outcome: Outcome = { url: options.url ?? null, offset: 0, status: null };
        const { token = ada.token, bucketName = "files", content = bytes } = options;
        const one = new tus.Upload(Buffer.from(content), {
          // With both it would quietly begin anew where it may not go on.
          ...(options.url
            ? { uploadUrl: options.url }
            : { endpoint: `${front.origin}/storage/v1/upload/resumable${options.endpoint ?? ""}` }),
          retryDelays: null,
          headers: {
            apikey: keys.publishableKey,
            ...(options.signature
              ? { "x-signature": options.signature }
              : { authorization: `Bearer ${token}` }),
            "x-upsert": String(options.upsert ?? false),
          },
          uploadDataDuringCreation: true,
          removeFingerprintOnSuccess: true,
          metadata: {
            bucketName,
            objectName,
            contentType: "application/x-bytes",
            cacheControl: "3600",
          },
          chunkSize,
          onAfterResponse(request, response) {
            outcome.url = one.url ?? outcome.url;
            if (request.getMethod() !== "HEAD") return;
            outcome.offset = Number(response.getHeader("upload-offset"));
          },
          onProgress(sent) {
            if (options.cutAfter === undefined || sent < options.cutAfter) return;
            outcome.url = one.url;
            one.abort().then(() => resolve(outcome));
          },
          onSuccess: () => resolve({ ...outcome, url: one.url }),
          onError(error) {
            const { originalResponse } = error as tus.DetailedError;
            resolve({ ...outcome, status: originalResponse?.getStatus() ?? 0 });
          },
        });
        one.start();
      });
    const stored = async (name: string) => {
      const { data } = await service.storage.from("files").download(name);
      return data && Buffer.from(await data.arrayBuffer());
    };

    await test.step("three pieces become one object, with its type and who may keep it how long", async () => {
      const name = `${ada.sub}/whole.bin`;
      assert.equal((await upload(name)).status, null);
      assert.ok((await stored(name))?.equals(bytes));
      const { data } = await service.storage.from("files").info(name);
      assert.deepEqual([data?.contentType, data?.cacheControl, data?.size], [
        "application/x-bytes",
        "max-age=3600",
        bytes.length,
      ]);
      const [row] = await sql`select owner_id from storage.objects where name = ${name}`;
      assert.equal(row?.owner_id, ada.sub);
    });

    await test.step("cut in the middle, it goes on from what had come, and nobody else goes on with it", async () => {
      const name = "shared/cut.bin";
      const cut = await upload(name, { cutAfter: chunkSize + 1 });
      assert.ok(cut.url);
      assert.equal(await stored(name), null);
      // Ben may put this very object there, and still not into what Ada has begun.
      const { url } = cut;
      assert.deepEqual((await upload(name, { token: ben.token, url })).status, 403);
      const resumed = await upload(name, { url });
      assert.equal(resumed.status, null);
      assert.ok(resumed.offset >= chunkSize, `it began again at ${resumed.offset}`);
      assert.ok((await stored(name))?.equals(bytes));
    });

    await test.step("who has lost the right in between is refused, and the object is not there", async () => {
      const name = "shared/lost.bin";
      const { url } = await upload(name, { cutAfter: chunkSize + 1 });
      await sql`alter policy "People put below their id" on storage.objects
        with check ((storage.foldername(name))[1] = (select auth.uid()::text))`;
      assert.equal((await upload(name, { url })).status, 403);
      assert.equal(await stored(name), null);
    });

    await test.step("somebody has so many unfinished uploads at most, and nobody else feels it", async () => {
      const [eve, neighbour] = [await somebody(), await somebody()];
      const encode = (text: string) => btoa(text);
      const begin = async ({ sub, token }: typeof eve) => {
        const response = await fetch(`${front.origin}/storage/v1/upload/resumable`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${token}`,
            apikey: keys.publishableKey,
            "tus-resumable": "1.0.0",
            "upload-length": "5",
            "upload-metadata": `bucketName ${encode("files")},objectName ${
              encode(`${sub}/${crypto.randomUUID()}`)
            }`,
          },
        });
        await response.body?.cancel();
        return { status: response.status, url: response.headers.get("location") };
      };
      const first = await begin(eve);
      for (let n = 1; n < mostUnfinished; n++) assert.equal((await begin(eve)).status, 201);
      assert.equal((await begin(eve)).status, 429);
      assert.equal((await begin(neighbour)).status, 201);
      const { pathname } = new URL(first.url ?? "", front.origin);
      const ended = await fetch(`${front.origin}${pathname}`, {
        method: "DELETE",
        headers: {
          authorization: `Bearer ${eve.token}`,
          apikey: keys.publishableKey,
          "tus-resumable": "1.0.0",
        },
      });
      assert.equal(ended.status, 204);
      assert.equal((await begin(eve)).status, 201);
    });

    await test.step("what a policy, a limit, a type or a name refuses is refused before its bytes come", async () => {
      const content = new Uint8Array(2000);
      const refused = {
        foreign: await upload(`${ada.sub}/x`, { token: ben.token, content }),
        nobody: await upload(`${ada.sub}/x`, { token: "none", content }),
        large: await upload(`${ada.sub}/x`, { bucketName: "small", content }),
        type: await upload(`${ada.sub}/x`, { bucketName: "pictures", content }),
        bucket: await upload(`${ada.sub}/x`, { bucketName: "nothing", content }),
        key: await upload(`${ada.sub}/ü`, { content }),
        nameless: await upload("", { content }),
      };
      const statuses = Object.fromEntries(
        Object.entries(refused).map(([name, { status }]) => [name, status]),
      );
      assert.deepEqual(statuses, {
        foreign: 403,
        nobody: 403,
        large: 413,
        type: 415,
        bucket: 404,
        key: 400,
        nameless: 400,
      });
    });

    await test.step("over what is there only with x-upsert", async () => {
      const name = `${ada.sub}/whole.bin`;
      const content = new Uint8Array([1, 2, 3]);
      assert.equal((await upload(name, { content })).status, 409);
      assert.equal((await upload(name, { content, upsert: true })).status, null);
      assert.ok((await stored(name))?.equals(content));
    });

    await test.step("the token of a signed upload is enough, for its object alone", async () => {
      const signedFor = `${ada.sub}/signed.bin`;
      const { data } = await service.storage.from("files").createSignedUploadUrl(signedFor);
      const options = { endpoint: "/sign", signature: data?.token ?? "", content: bytes };
      assert.equal((await upload(signedFor, options)).status, null);
      assert.ok((await stored(signedFor))?.equals(bytes));
      assert.equal((await upload(`${ada.sub}/other.bin`, options)).status, 400);
    });

    await front.stop();
    await sql.end();
    await Deno.remove(folder, { recursive: true });
  },
});
