/** Keeps stored objects as files, for @supabase/lite's Storage. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { App } from "@supabase/lite";

type StorageAdapter = NonNullable<App["_storageAdapter"]>;

/** What is remembered beside an object's bytes. */
interface StoredMetadata {
  mimetype: string;
  cacheControl: string;
}

/** A Storage backend that writes below `folder`. Names are hashed: an object's name may be anything, a file's may not. */
export function createFileStorage(folder: string): StorageAdapter {
  const pathOf = (bucket: string, key: string) => {
    const name = createHash("sha256").update(`${bucket}/${key}`).digest("hex");
    return `${folder}/${name.slice(0, 2)}/${name}`;
  };

  async function describe(path: string) {
    const [stat, bytes] = await Promise.all([Deno.stat(path), Deno.readFile(path)]);
    const stored: StoredMetadata = JSON.parse(await Deno.readTextFile(`${path}.json`));
    const metadata = {
      ...stored,
      contentLength: stat.size,
      size: stat.size,
      lastModified: stat.mtime ?? new Date(0),
      eTag: `"${createHash("md5").update(bytes).digest("hex")}"`,
      httpStatusCode: 200,
    };
    return { metadata, bytes };
  }

  async function write(path: string, bytes: Uint8Array, stored: StoredMetadata) {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, bytes);
    await Deno.writeTextFile(`${path}.json`, JSON.stringify(stored));
    return (await describe(path)).metadata;
  }

  async function remove(bucket: string, key: string) {
    const path = pathOf(bucket, key);
    for (const file of [path, `${path}.json`]) {
      await Deno.remove(file).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }

  return {
    driver: undefined,
    async getObject(bucket, key) {
      const { metadata, bytes } = await describe(pathOf(bucket, key));
      return { metadata, httpStatusCode: 200, body: Buffer.from(bytes) };
    },
    async uploadObject(bucket, key, _version, body, mimetype, cacheControl) {
      const bytes = body instanceof Uint8Array ? body : await readAll(body);
      return await write(pathOf(bucket, key), bytes, { mimetype, cacheControl });
    },
    deleteObject: remove,
    async deleteObjects(bucket, keys) {
      for (const key of keys) await remove(bucket, key);
    },
    async copyObject(bucket, key, _version, targetBucket, targetKey) {
      const { metadata, bytes } = await describe(pathOf(bucket, key));
      const { mimetype, cacheControl } = metadata;
      return await write(pathOf(targetBucket, targetKey), bytes, { mimetype, cacheControl });
    },
    async headObject(bucket, key) {
      return (await describe(pathOf(bucket, key))).metadata;
    },
    privateAssetUrl: (bucket, key) => Promise.resolve(`file://${pathOf(bucket, key)}`),
  };
}

async function readAll(stream: unknown): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream as AsyncIterable<Uint8Array>) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}
