/** Objects, as somebody who has signed up. */
import assert from "node:assert/strict";
import { type Outcome, outcomeOf, works } from "../outcome.ts";
import type { Calls, World } from "../world.ts";

/** A bucket with a text in it, as a person sees it. */
async function withText(world: World, isPublic = false) {
  const name = crypto.randomUUID();
  const made = await world.open("secret").storage.createBucket(name, { public: isPublic });
  assert.equal(made.error, null);
  const { client } = await world.signUp();
  const bucket = client.storage.from(name);
  const path = "folder/text.txt";
  const uploaded = await bucket.upload(path, new Blob(["a text"], { type: "text/plain" }));
  assert.equal(uploaded.error, null);
  return { bucket, path, world };
}

type There = Awaited<ReturnType<typeof withText>>;
const there = (call: (there: There) => Promise<Outcome>) => async (world: World) =>
  await call(await withText(world));

const fetchText = async (url: string) => await (await fetch(url)).text();
const small = { transform: { width: 10, height: 10 } };

export const files: Calls = {
  "storage.from().upload": there(({ bucket }) =>
    outcomeOf(bucket.upload("b.txt", new File(["b"], "b.txt")), ({ data }) => {
      assert.equal(data?.path, "b.txt");
    })
  ),
  "storage.from().upload: over what is there (`upsert`)": there(({ bucket, path }) =>
    outcomeOf(bucket.upload(path, "another", { upsert: true }), async () => {
      assert.equal(await (await bucket.download(path)).data?.text(), "another");
    })
  ),
  "storage.from().upload: what is there already": there(({ bucket, path }) =>
    outcomeOf(bucket.upload(path, "another"))
  ),
  "storage.from().update": there(({ bucket, path }) =>
    outcomeOf(bucket.update(path, "changed"), async () => {
      assert.equal(await (await bucket.download(path)).data?.text(), "changed");
    })
  ),
  "storage.from().createSignedUploadUrl": there(({ bucket }) =>
    outcomeOf(bucket.createSignedUploadUrl("c.txt"), ({ data }) => assert.ok(data?.token))
  ),
  "storage.from().uploadToSignedUrl": there(async ({ bucket }) => {
    const { data } = await bucket.createSignedUploadUrl("c.txt");
    assert.ok(data);
    return outcomeOf(bucket.uploadToSignedUrl("c.txt", data.token, "signed"), async () => {
      assert.equal(await (await bucket.download("c.txt")).data?.text(), "signed");
    });
  }),
  "storage.from().move": there(({ bucket, path }) =>
    outcomeOf(bucket.move(path, "moved.txt"), async () => {
      assert.equal((await bucket.exists(path)).data, false);
    })
  ),
  "storage.from().copy": there(({ bucket, path }) =>
    outcomeOf(bucket.copy(path, "copy.txt"), async () => {
      assert.equal(await (await bucket.download("copy.txt")).data?.text(), "a text");
    })
  ),
  "storage.from().createSignedUrl": there(({ bucket, path }) =>
    outcomeOf(bucket.createSignedUrl(path, 60), async ({ data }) => {
      assert.equal(await fetchText(data?.signedUrl ?? ""), "a text");
    })
  ),
  "storage.from().createSignedUrl: of an image made smaller": there(({ bucket, path }) =>
    outcomeOf(bucket.createSignedUrl(path, 60, small))
  ),
  "storage.from().createSignedUrls": there(({ bucket, path }) =>
    outcomeOf(bucket.createSignedUrls([path], 60), async ({ data }) => {
      assert.equal(await fetchText(data?.[0]?.signedUrl ?? ""), "a text");
    })
  ),
  "storage.from().download": there(({ bucket, path }) =>
    outcomeOf(bucket.download(path), async ({ data }) => {
      assert.equal(await data?.text(), "a text");
    })
  ),
  "storage.from().download: a part (`Range`)": there(({ bucket, path }) =>
    outcomeOf(bucket.setHeader("range", "bytes=2-5").download(path), async ({ data }) => {
      assert.equal(await data?.text(), "text");
    })
  ),
  "storage.from().download: an image made smaller": there(({ bucket, path }) =>
    outcomeOf(bucket.download(path, small))
  ),
  "storage.from().download().asStream": there(({ bucket, path }) =>
    outcomeOf(bucket.download(path).asStream(), async ({ data }) => {
      assert.equal(await new Response(data).text(), "a text");
    })
  ),
  "storage.from().info": there(({ bucket, path }) =>
    outcomeOf(bucket.info(path), ({ data }) => assert.equal(data?.size, 6))
  ),
  "storage.from().exists": there(({ bucket, path }) =>
    outcomeOf(bucket.exists(path), ({ data }) => assert.equal(data, true))
  ),
  "storage.from().getPublicUrl": async (world) => {
    const { bucket, path } = await withText(world, true);
    assert.equal(await fetchText(bucket.getPublicUrl(path).data.publicUrl), "a text");
    return works;
  },
  "storage.from().getPublicUrl: of an image made smaller": async (world) => {
    const { bucket, path } = await withText(world, true);
    const answer = await fetch(bucket.getPublicUrl(path, small).data.publicUrl);
    const { code } = await answer.json();
    return outcomeOf(Promise.resolve({ error: { status: answer.status, code } }));
  },
  "storage.from().remove": there(({ bucket, path }) =>
    outcomeOf(bucket.remove([path]), ({ data }) => {
      assert.deepEqual(data?.map(({ name }) => name), [path]);
    })
  ),
  "storage.from().purgeCache": there(({ bucket, path }) => outcomeOf(bucket.purgeCache(path))),
  "storage.from().list": there(({ bucket }) =>
    outcomeOf(bucket.list("folder", { limit: 10, search: "text" }), ({ data }) => {
      assert.deepEqual(data?.map(({ name }) => name), ["text.txt"]);
    })
  ),
  "storage.from().listV2": there(({ bucket }) =>
    outcomeOf(bucket.listV2({ prefix: "folder/", with_delimiter: true }), ({ data }) => {
      assert.deepEqual(data?.objects.map(({ key }) => key), ["folder/text.txt"]);
    })
  ),
  "storage.from().toBase64": there(({ bucket }) => {
    assert.equal(bucket.toBase64("a"), "YQ==");
    return Promise.resolve(works);
  }),
  "storage.from().throwOnError": there(async ({ bucket }) => {
    await assert.rejects(async () => void await bucket.throwOnError().download("none"));
    return works;
  }),
  "storage.from().setHeader": there(({ bucket, path }) =>
    outcomeOf(bucket.setHeader("x-mine", "1").info(path))
  ),
};
