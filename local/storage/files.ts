/**
 * The bytes of objects, as files. A file is named by a hash of bucket, object and version: an object's name may be
 * anything, a file's may not. A version is written whole before the database knows it, and never again.
 */
import { createHash } from "node:crypto";

/** Bytes below a folder. */
export interface Files {
  write(place: Place, bytes: Uint8Array): Promise<void>;
  /** Null when there are none. */
  read(place: Place): Promise<Uint8Array<ArrayBuffer> | null>;
  remove(place: Place): Promise<void>;
}

/** Which version of which object. */
export interface Place {
  bucket_id: string;
  name: string;
  version: string | null;
}

/** Keeps files below `folder`. */
export function openFiles(folder: string): Files {
  const pathOf = ({ bucket_id, name, version }: Place) => {
    const hash = createHash("sha256").update(JSON.stringify([bucket_id, name, version])).digest(
      "hex",
    );
    return `${folder}/${hash.slice(0, 2)}/${hash}`;
  };
  return {
    async write(place, bytes) {
      const path = pathOf(place);
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(path, bytes);
    },
    read: (place) => Deno.readFile(pathOf(place)).catch(unlessMissing),
    async remove(place) {
      await Deno.remove(pathOf(place)).catch(unlessMissing);
    },
  };
}

function unlessMissing(error: unknown): null {
  if (error instanceof Deno.errors.NotFound) return null;
  throw error;
}
