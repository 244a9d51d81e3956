/** Buckets. */
import assert from "node:assert/strict";
import { outcomeOf, works } from "../outcome.ts";
import type { Calls, World } from "../world.ts";

const asService = ({ open }: World) => open("secret").storage;

async function aBucket(world: World): Promise<string> {
  const name = crypto.randomUUID();
  assert.equal((await asService(world).createBucket(name)).error, null);
  return name;
}

export const buckets: Calls = {
  "storage.createBucket": async (world) => {
    const name = crypto.randomUUID();
    return await outcomeOf(asService(world).createBucket(name), ({ data }) => {
      assert.equal(data?.name, name);
    });
  },
  "storage.createBucket: for analytics": (world) =>
    outcomeOf(asService(world).createBucket("numbers", { public: false, type: "ANALYTICS" })),
  "storage.listBuckets": async (world) => {
    const name = await aBucket(world);
    return outcomeOf(asService(world).listBuckets({ search: name }), ({ data }) => {
      assert.deepEqual(data?.map(({ id }) => id), [name]);
    });
  },
  "storage.getBucket": async (world) => {
    const name = await aBucket(world);
    return outcomeOf(asService(world).getBucket(name), ({ data }) => {
      assert.equal(data?.id, name);
    });
  },
  "storage.updateBucket": async (world) => {
    const name = await aBucket(world);
    return outcomeOf(asService(world).updateBucket(name, { public: true }), async () => {
      assert.equal((await asService(world).getBucket(name)).data?.public, true);
    });
  },
  "storage.emptyBucket": async (world) => {
    const name = await aBucket(world);
    await asService(world).from(name).upload("a.txt", "text");
    return outcomeOf(asService(world).emptyBucket(name), async () => {
      assert.deepEqual((await asService(world).from(name).list()).data, []);
    });
  },
  "storage.deleteBucket": async (world) => {
    const name = await aBucket(world);
    return outcomeOf(asService(world).deleteBucket(name), async () => {
      assert.ok((await asService(world).getBucket(name)).error);
    });
  },
  "storage.getBucketLifecycle": async (world) =>
    outcomeOf(asService(world).getBucketLifecycle(await aBucket(world))),
  "storage.updateBucketLifecycle": async (world) =>
    outcomeOf(asService(world).updateBucketLifecycle(await aBucket(world), { rules: [] })),
  "storage.deleteBucketLifecycle": async (world) =>
    outcomeOf(asService(world).deleteBucketLifecycle(await aBucket(world))),
  "storage.purgeBucketCache": async (world) =>
    outcomeOf(asService(world).purgeBucketCache(await aBucket(world))),
  "storage.from": async (world) => outcomeOf(asService(world).from(await aBucket(world)).list()),
  "storage.throwOnError": async (world) => {
    await assert.rejects(async () => void await asService(world).throwOnError().getBucket("none"));
    return works;
  },
  "storage.setHeader": (world) =>
    outcomeOf(asService(world).setHeader("x-mine", "1").listBuckets()),
};
