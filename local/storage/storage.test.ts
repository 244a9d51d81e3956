import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import assert from "node:assert/strict";
import postgres from "postgres";
import { startApi } from "../api/api.ts";
import { startBareDatabase } from "../fixture.ts";
import { loadKeys } from "../keys.ts";
import { createTokens } from "../tokens.ts";

const policies = `
  create policy "People see their own" on storage.objects for select to authenticated
    using (bucket_id = 'own' and owner_id = (select auth.uid()::text));
  create policy "People put below their id" on storage.objects for insert to authenticated
    with check (bucket_id = 'own' and (storage.foldername(name))[1] = (select auth.uid()::text));
  create policy "People change their own" on storage.objects for update to authenticated
    using (owner_id = (select auth.uid()::text));
  create policy "People remove their own" on storage.objects for delete to authenticated
    using (owner_id = (select auth.uid()::text));
`;

/** Everything is asked by the unchanged storage client, as a page would. */
Deno.test("Storage answers as the platform's", async (test) => {
  await using database = await startBareDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql.unsafe(policies).simple();
  const keys = await loadKeys(null);
  const tokens = createTokens(keys, "http://api.example");
  const storageDir = await Deno.makeTempDir();
  const api = await startApi({
    adminUrl: database.adminUrl,
    keys,
    tokens,
    storageDir,
    connections: 2,
    apiUrl: "http://api.example",
  });
  const open = (key: string) => createClient(api.origin, key, { auth: { persistSession: false } });
  const service = open(keys.secretKey);
  const anyone = open(keys.publishableKey);
  const signIn = async (): Promise<[SupabaseClient, string]> => {
    const sub = crypto.randomUUID();
    const iat = Math.floor(Date.now() / 1000);
    const token = await tokens.sign({ sub, role: "authenticated", iat, exp: iat + 3600 });
    return [
      createClient(api.origin, keys.publishableKey, { accessToken: () => Promise.resolve(token) }),
      sub,
    ];
  };
  const [ada, adaId] = await signIn();
  const [ben] = await signIn();
  const codeOf = ({ error }: { error: unknown }) =>
    (error as { code?: string } | null)?.code ?? null;
  const files = service.storage.from("files");

  await test.step("buckets are made, found, changed, listed, by whom policies let; twice is a duplicate", async () => {
    assert.deepEqual((await service.storage.createBucket("files")).data, { name: "files" });
    assert.equal(codeOf(await service.storage.createBucket("files")), "KeyAlreadyExists");
    assert.equal(codeOf(await ada.storage.createBucket("adas")), "AccessDenied");
    for (const name of ["a/b", "", " x", "..", "ü"]) {
      assert.equal(codeOf(await service.storage.createBucket(name)), "InvalidRequest", name);
    }
    await service.storage.createBucket("own");
    await service.storage.createBucket("open", {
      public: true,
      fileSizeLimit: "1KB",
      allowedMimeTypes: ["image/*", "text/plain"],
    });
    const { data } = await service.storage.getBucket("open");
    assert.deepEqual([data?.public, data?.file_size_limit, data?.allowed_mime_types], [true, 1000, [
      "image/*",
      "text/plain",
    ]]);
    assert.equal(codeOf(await service.storage.getBucket("nothing")), "NoSuchBucket");
    assert.deepEqual(
      (await service.storage.listBuckets({ limit: 2, sortColumn: "name" })).data?.map(({ id }) =>
        id
      ),
      ["files", "open"],
    );
    await service.storage.updateBucket("open", { public: true, fileSizeLimit: 2000 });
    assert.equal((await service.storage.getBucket("open")).data?.file_size_limit, 2000);
    assert.deepEqual((await anyone.storage.listBuckets()).data, []);
  });

  await test.step("a File, a Blob, a buffer, a form, a stream and a text come back with their types", async () => {
    const bytes = new Uint8Array([0, 255, 10, 13]);
    const form = new FormData();
    form.append("cacheControl", "60");
    form.append("", new Blob(["form"], { type: "text/csv" }));
    const sent: [string, BodyInit, string, string][] = [
      ["file.png", new File([bytes], "f.png", { type: "image/png" }), "image/png", "\0\uFFFD\n\r"],
      [
        "blob.bin",
        new Blob(["blob"], { type: "application/x-thing" }),
        "application/x-thing",
        "blob",
      ],
      ["buffer", bytes.buffer, "text/plain;charset=UTF-8", "\0\uFFFD\n\r"],
      ["form.csv", form, "text/csv", "form"],
      ["stream", new Blob(["stream"]).stream(), "text/plain;charset=UTF-8", "stream"],
      ["a/b (1) + c.txt", "text", "text/plain;charset=UTF-8", "text"],
    ];
    for (const [name, body, type, text] of sent) {
      const { data, error } = await files.upload(name, body);
      assert.deepEqual([error, data?.path, data?.fullPath], [null, name, `files/${name}`]);
      const { data: blob } = await files.download(name);
      assert.deepEqual(
        [blob?.type.toLowerCase(), await blob?.text()],
        [type.toLowerCase(), text],
        name,
      );
    }
    const { data } = await files.info("form.csv");
    assert.deepEqual([data?.contentType, data?.cacheControl, data?.size], [
      "text/csv",
      "max-age=60",
      4,
    ]);
    assert.equal((await files.exists("form.csv")).data, true);
    assert.equal((await files.exists("nothing")).data, false);
    assert.equal(codeOf(await files.download("nothing")), "NoSuchKey");
  });

  await test.step("what is there is not overwritten unless asked; update and upsert keep the id", async () => {
    const { data: first } = await files.upload("again", "1", { metadata: { a: 1 } });
    assert.equal(codeOf(await files.upload("again", "2")), "KeyAlreadyExists");
    assert.equal(await (await files.download("again")).data?.text(), "1");
    assert.deepEqual((await files.info("again")).data?.metadata, { a: 1 });
    assert.equal((await files.upload("again", "2", { upsert: true })).data?.id, first?.id);
    assert.equal((await files.update("again", "3")).data?.id, first?.id);
    assert.equal(await (await files.download("again")).data?.text(), "3");
  });

  await test.step("names that the platform refuses are refused", async () => {
    for (
      const name of [
        "ümlaut",
        "a#b",
        "a%b",
        "a\\b",
        "a\u0000b",
        "a[b]",
        "x".repeat(1025),
        "a/../../b",
      ]
    ) {
      const url = `${api.origin}/storage/v1/object/files/${encodeURIComponent(name)}`;
      const headers = { authorization: `Bearer ${keys.secretKey}` };
      const answer = await fetch(url, { method: "POST", body: "x", headers });
      assert.deepEqual([answer.status, (await answer.json()).code], [400, "InvalidKey"], name);
    }
    for (const name of ["ü", "a/ü"]) {
      assert.equal(codeOf(await files.upload(name, "x")), "InvalidKey");
      assert.equal(codeOf(await files.copy("again", name)), "InvalidKey");
      assert.equal(codeOf(await files.move("again", name)), "InvalidKey");
      assert.equal(codeOf(await files.createSignedUploadUrl(name)), "InvalidKey");
    }
  });

  await test.step("a bucket's size and types bound what is uploaded, in a form as well", async () => {
    const bounded = service.storage.from("open");
    assert.equal(
      codeOf(await bounded.upload("a.txt", "x".repeat(2001), { contentType: "text/plain" })),
      "EntityTooLarge",
    );
    assert.equal(
      codeOf(await bounded.upload("a.txt", new Blob(["x".repeat(2001)], { type: "text/plain" }))),
      "EntityTooLarge",
    );
    assert.equal(
      codeOf(await bounded.upload("a.pdf", new Blob(["x"], { type: "application/pdf" }))),
      "InvalidMimeType",
    );
    assert.equal(
      (await bounded.upload("a.txt", new Blob(["x".repeat(2000)], { type: "text/plain" }))).error,
      null,
    );
    assert.equal(
      (await bounded.upload("a.png", new File(["x"], "a.png", { type: "image/png" }))).error,
      null,
    );
    assert.equal(codeOf(await service.storage.from("nothing").upload("a", "x")), "NoSuchBucket");
  });

  await test.step("policies decide: who puts, sees, changes, moves and removes what", async () => {
    const own = ada.storage.from("own");
    const name = `${adaId}/a.txt`;
    assert.equal(codeOf(await own.upload("elsewhere/a.txt", "x")), "AccessDenied");
    assert.equal((await own.upload(name, "ada's")).error, null);
    const [row] = await sql`select owner_id, owner::text from storage.objects where name = ${name}`;
    assert.deepEqual({ ...row }, { owner_id: adaId, owner: adaId });
    assert.equal((await own.upload(name, "again", { upsert: true })).error, null);
    const bens = ben.storage.from("own");
    for (
      const refused of [
        await bens.download(name),
        await bens.info(name),
        await bens.createSignedUrl(name, 60),
        await bens.move(name, "x"),
      ]
    ) {
      assert.equal(codeOf(refused), "NoSuchKey");
    }
    assert.equal(codeOf(await bens.upload(name, "ben's", { upsert: true })), "AccessDenied");
    assert.equal(codeOf(await bens.createSignedUploadUrl(name)), "AccessDenied");
    assert.deepEqual((await bens.remove([name])).data, []);
    assert.deepEqual((await bens.list(adaId)).data, []);
    assert.equal(codeOf(await anyone.storage.from("own").download(name)), "NoSuchKey");
    assert.equal(await (await own.download(name)).data?.text(), "again");
    assert.equal((await own.copy(name, `${adaId}/b.txt`)).error, null);
    assert.equal(codeOf(await own.copy(name, "elsewhere.txt")), "AccessDenied");
    assert.equal((await own.move(`${adaId}/b.txt`, `${adaId}/c.txt`)).error, null);
    assert.equal(codeOf(await own.move(`${adaId}/c.txt`, name)), "KeyAlreadyExists");
    assert.equal((await own.remove([name, `${adaId}/c.txt`, "nothing"])).data?.length, 2);
    assert.equal(codeOf(await own.download(name)), "NoSuchKey");
  });

  await test.step("a level is listed: folders first, then objects, by prefix, search, order and page", async () => {
    const list = service.storage.from("lists");
    await service.storage.createBucket("lists");
    for (const name of ["b.txt", "a.txt", "f/x.txt", "f/y.txt", "f/g/z.txt", "e/x.txt"]) {
      await list.upload(name, name);
    }
    const names = ({ data }: { data: { name: string }[] | null }) => data?.map(({ name }) => name);
    const { data } = await list.list();
    assert.deepEqual(names({ data }), ["e", "f", "a.txt", "b.txt"]);
    assert.deepEqual([data?.[0]?.id, data?.[0]?.metadata], [null, null]);
    assert.equal(data?.[2]?.metadata?.size, 5);
    assert.deepEqual(names(await list.list("f")), ["g", "x.txt", "y.txt"]);
    assert.deepEqual(names(await list.list("f", { search: "Y" })), ["y.txt"]);
    assert.deepEqual(
      names(
        await list.list("", { limit: 2, offset: 1, sortBy: { column: "name", order: "desc" } }),
      ),
      ["e", "b.txt"],
    );
    assert.deepEqual(names(await list.list("%")), []);
    const page = await list.listV2({ prefix: "f/", with_delimiter: true, limit: 2 });
    assert.deepEqual([
      page.data?.folders.map(({ name }) => name),
      page.data?.objects.map(({ key }) => key),
      page.data?.hasNext,
    ], [["f/g/"], ["f/x.txt"], true]);
    const rest = await list.listV2({
      prefix: "f/",
      with_delimiter: true,
      limit: 2,
      cursor: page.data?.nextCursor ?? "",
    });
    assert.deepEqual([rest.data?.objects.map(({ key }) => key), rest.data?.hasNext], [
      ["f/y.txt"],
      false,
    ]);
    assert.deepEqual((await list.listV2()).data?.objects.length, 6);
  });

  await test.step("a signed URL opens one object until it ends, and nothing else", async () => {
    const { data } = await files.createSignedUrl("file.png", 60, { download: "a b.png" });
    const url = data?.signedUrl ?? "";
    const answer = await fetch(url);
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "image/png"]);
    assert.equal(
      answer.headers.get("content-disposition"),
      "attachment; filename*=UTF-8''a%20b.png",
    );
    assert.equal((await answer.arrayBuffer()).byteLength, 4);
    const token = new URL(url).searchParams.get("token") ?? "";
    const refusals = [
      url.replace("file.png", "again"),
      url.replace(/token=[^&]*/, "token=x"),
      url.replace("/files/", "/own/"),
    ];
    for (const refused of refusals) {
      const { status, code } = await fetch(refused).then(async (given) => ({
        status: given.status,
        ...await given.json(),
      }));
      assert.deepEqual([status, code], [400, "InvalidJWT"]);
    }
    const disguises: Record<string, string>[] = [{ authorization: `Bearer ${token}` }, {
      apikey: token,
    }];
    for (const headers of disguises) {
      const given = await fetch(`${api.origin}/storage/v1/bucket`, {
        headers,
      });
      assert.equal((await given.json()).code, "AccessDenied", "it is no token of a person");
    }
    assert.equal(
      codeOf(await files.uploadToSignedUrl("file.png", token, "x")),
      "InvalidJWT",
      "nor one for uploads",
    );
    const [ended] = [await files.createSignedUrl("again", 1)];
    await new Promise((resolve) => setTimeout(resolve, 2100));
    assert.equal(
      (await (await fetch(ended.data?.signedUrl ?? "")).json()).message,
      '"exp" claim timestamp check failed',
    );
    const several = await files.createSignedUrls(["again", "a/b (1) + c.txt", "nothing"], 60);
    assert.equal(await (await fetch(several.data?.[1]?.signedUrl ?? "")).text(), "text");
    assert.deepEqual([several.data?.[2]?.signedUrl, typeof several.data?.[2]?.error], [
      null,
      "string",
    ]);
  });

  await test.step("a signed upload puts one object once, as whom it was signed by", async () => {
    const name = `${adaId}/signed.txt`;
    const { data } = await ada.storage.from("own").createSignedUploadUrl(name);
    const put = (to: string) =>
      anyone.storage.from("own").uploadToSignedUrl(
        to,
        data?.token ?? "",
        new Blob(["signed"], { type: "text/plain" }),
      );
    assert.equal(codeOf(await put(`${adaId}/other.txt`)), "InvalidJWT");
    assert.equal((await put(name)).error, null);
    assert.equal(codeOf(await put(name)), "KeyAlreadyExists");
    assert.equal(await (await ada.storage.from("own").download(name)).data?.text(), "signed");
    const again = await ada.storage.from("own").createSignedUploadUrl(name, { upsert: true });
    assert.equal(
      (await anyone.storage.from("own").uploadToSignedUrl(name, again.data?.token ?? "", "two"))
        .error,
      null,
    );
    assert.equal(
      codeOf(await ada.storage.from("own").createSignedUploadUrl("elsewhere")),
      "AccessDenied",
    );
  });

  await test.step("public objects are anybody's by their address, in ranges and when they have changed", async () => {
    const url = service.storage.from("open").getPublicUrl("a.txt").data.publicUrl;
    const whole = await fetch(url);
    assert.deepEqual([whole.status, (await whole.text()).length], [200, 2000]);
    const ask = async (headers: Record<string, string>, method = "GET") => {
      const answer = await fetch(url, { headers, method });
      return [answer.status, (await answer.text()).length, answer.headers.get("content-range")];
    };
    assert.deepEqual(await ask({ range: "bytes=0-9" }), [206, 10, "bytes 0-9/2000"]);
    assert.deepEqual(await ask({ range: "bytes=-5" }), [206, 5, "bytes 1995-1999/2000"]);
    assert.deepEqual(await ask({ range: "bytes=1990-" }), [206, 10, "bytes 1990-1999/2000"]);
    assert.equal((await ask({ range: "bytes=2000-" }))[0], 416);
    assert.deepEqual(await ask({ range: "bytes=0-1", "if-range": '"other"' }), [200, 2000, null]);
    const eTag = whole.headers.get("etag") ?? "";
    assert.deepEqual(await ask({ "if-none-match": eTag }), [304, 0, null]);
    assert.deepEqual(await ask({ "if-none-match": '"other"' }), [200, 2000, null]);
    assert.deepEqual(await ask({ "if-modified-since": whole.headers.get("last-modified") ?? "" }), [
      304,
      0,
      null,
    ]);
    assert.deepEqual(await ask({}, "HEAD"), [200, 0, null]);
    const secret = await fetch(service.storage.from("files").getPublicUrl("again").data.publicUrl);
    assert.equal((await secret.json()).code, "NoSuchBucket");
  });

  await test.step("what is not served says so", async () => {
    const unserved = [
      await files.download("file.png", { transform: { width: 10 } }),
      await files.createSignedUrl("file.png", 60, { transform: { width: 10 } }),
      await files.purgeCache("file.png"),
    ];
    for (const refused of unserved) assert.equal(codeOf(refused), "FeatureNotEnabled");
  });

  await test.step("a token that cannot be verified is refused, and none is asked for one", async () => {
    for (const headers of [{}, { authorization: "Bearer a.b.c" }, { apikey: "sb_secret_x" }]) {
      const answer = await fetch(`${api.origin}/storage/v1/bucket`, {
        headers: headers as Record<string, string>,
      });
      assert.equal(answer.status, 400);
      assert.match((await answer.json()).code, /InvalidRequest|AccessDenied/);
    }
  });

  await test.step("a bucket with something in it stays; emptied it goes, and no file stays behind", async () => {
    for (const bucket of ["files", "own", "open", "lists"]) {
      assert.equal(codeOf(await service.storage.deleteBucket(bucket)), "BucketNotEmpty");
      assert.equal((await service.storage.emptyBucket(bucket)).error, null);
      assert.equal((await service.storage.deleteBucket(bucket)).error, null);
    }
    const left: string[] = [];
    for await (const folder of Deno.readDir(storageDir)) {
      for await (const file of Deno.readDir(`${storageDir}/${folder.name}`)) left.push(file.name);
    }
    assert.deepEqual(left, []);
  });

  await api.stop();
  await sql.end();
  await Deno.remove(storageDir, { recursive: true });
});
