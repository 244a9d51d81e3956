/** Uploads that are not finished: what has come of each, as a file, and what is known of it, beside. */
import type { Readable } from "node:stream";
import { DataStore, ERRORS, Upload } from "@tus/server";

/** On what terms an upload was begun. */
export interface Terms {
  /** Who began it; nobody else goes on with it. */
  owner: string | null;
  upsert: boolean;
}

interface Kept {
  upload: Pick<Upload, "id" | "size" | "metadata" | "creation_date">;
  terms: Terms;
  /** It has become an object; its bytes are there. */
  isFinished: boolean;
}

/** How long one may take over an upload: ms. As on the platform. */
const lifetime = 24 * 60 * 60 * 1000;

/** Uploads that one person may have begun and not finished; the service's are not counted. */
export const mostUnfinished = 100;

/** Keeps uploads below a folder. Ids are random: nobody finds another's by guessing. */
export class Uploads extends DataStore {
  readonly #agreed = new WeakMap<Upload, Terms>();

  constructor(readonly folder: string) {
    super();
    this.extensions = ["creation", "creation-with-upload", "termination", "expiration"];
  }

  /** Says on what terms an upload that is about to be created begins. */
  agree(upload: Upload, terms: Terms): void {
    this.#agreed.set(upload, terms);
  }

  /** @throws when there is no such upload */
  async termsOf(id: string): Promise<Terms> {
    return (await this.#read(id)).terms;
  }

  /** How many uploads somebody has begun and not finished. */
  async unfinishedOf(owner: string): Promise<number> {
    let count = 0;
    await Deno.mkdir(this.folder, { recursive: true });
    for await (const { name } of Deno.readDir(this.folder)) {
      if (!name.endsWith(".json")) continue;
      const kept = await this.#read(name.slice(0, -".json".length)).catch(() => null);
      if (kept && !kept.isFinished && kept.terms.owner === owner) count += 1;
    }
    return count;
  }

  override async create(upload: Upload): Promise<Upload> {
    await Deno.mkdir(this.folder, { recursive: true });
    await this.deleteExpired();
    const terms = this.#agreed.get(upload) ?? { owner: null, upsert: false };
    upload.creation_date = new Date().toISOString();
    await Deno.writeFile(this.#bytes(upload.id), new Uint8Array());
    const { id, size, metadata, creation_date } = upload;
    await this.#write({ upload: { id, size, metadata, creation_date }, terms, isFinished: false });
    return upload;
  }

  /** What has come stays also when the connection breaks: the next one goes on from there. */
  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    using file = await Deno.open(this.#bytes(id), { write: true });
    await file.seek(offset, Deno.SeekMode.Start);
    let end = offset;
    for await (const chunk of stream) {
      const bytes: Uint8Array = chunk;
      for (let sent = 0; sent < bytes.length;) sent += await file.write(bytes.subarray(sent));
      end += bytes.length;
    }
    return end;
  }

  override async getUpload(id: string): Promise<Upload> {
    const { upload, isFinished } = await this.#read(id);
    const offset = isFinished ? upload.size ?? 0 : (await Deno.stat(this.#bytes(id))).size;
    return new Upload({ ...upload, offset } as ConstructorParameters<typeof Upload>[0]);
  }

  /** All bytes of an upload that is complete. */
  bytesOf(id: string): Promise<Uint8Array<ArrayBuffer>> {
    return Deno.readFile(this.#bytes(id));
  }

  /** Its bytes are elsewhere now; whoever did not hear of that and asks again is told so. */
  async finish(id: string): Promise<void> {
    await this.#write({ ...await this.#read(id), isFinished: true });
    await Deno.remove(this.#bytes(id));
  }

  override async remove(id: string): Promise<void> {
    await this.#read(id);
    for (const path of [this.#bytes(id), this.#state(id)]) await Deno.remove(path).catch(() => {});
  }

  override getExpiration(): number {
    return lifetime;
  }

  override async deleteExpired(): Promise<number> {
    let count = 0;
    for await (const { name } of Deno.readDir(this.folder)) {
      const path = `${this.folder}/${name}`;
      const { mtime } = await Deno.stat(path);
      if (Date.now() - (mtime?.getTime() ?? 0) <= lifetime) continue;
      await Deno.remove(path).catch(() => {});
      count += 1;
    }
    return count;
  }

  async #read(id: string): Promise<Kept> {
    if (!/^[0-9a-f-]{36}$/.test(id)) throw ERRORS.FILE_NOT_FOUND;
    const text = await Deno.readTextFile(this.#state(id)).catch((error) => {
      throw error instanceof Deno.errors.NotFound ? ERRORS.FILE_NOT_FOUND : error;
    });
    return JSON.parse(text);
  }

  #write(kept: Kept): Promise<void> {
    return Deno.writeTextFile(this.#state(kept.upload.id), JSON.stringify(kept));
  }

  #bytes(id: string): string {
    return `${this.folder}/${id}`;
  }

  #state(id: string): string {
    return `${this.folder}/${id}.json`;
  }
}
