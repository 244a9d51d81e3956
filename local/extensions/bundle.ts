/**
 * Extensions of our own for PGlite: a control file and plain SQL, packed as the tarball that PGlite unpacks into its
 * file system.
 */
import { fileURLToPath } from "node:url";
import { digest, exists, writeWhole } from "../cache.ts";

/** The extensions in this folder. A real Postgres has its own pg_cron; the other two are needed there as well. */
export const extensionNames = ["pg_cron", "pg_net", "supabase_vault"] as const;

/**
 * Packs each extension into `folder`.
 * @returns a file URL per extension name; other contents, another URL
 */
export async function bundleExtensions(folder: string): Promise<Record<string, string>> {
  await Deno.mkdir(folder, { recursive: true });
  const bundles: Record<string, string> = {};
  for (const name of extensionNames) {
    const source = fileURLToPath(new URL(`./${name}/`, import.meta.url));
    const files: [string, Uint8Array][] = [];
    for await (const { name: file } of Deno.readDir(source)) {
      files.push([`share/postgresql/extension/${file}`, await Deno.readFile(`${source}${file}`)]);
    }
    const archive = tar(files.sort());
    const target = `${folder}/${name}-${await digest([archive])}.tar.gz`;
    if (!await exists(target)) {
      const packed = new Blob([archive]).stream().pipeThrough(new CompressionStream("gzip"));
      await writeWhole(target, await new Response(packed).bytes());
    }
    bundles[name] = new URL(`file://${target}`).href;
  }
  return bundles;
}

/** A tar archive (POSIX ustar) of regular files. */
function tar(files: [path: string, content: Uint8Array][]): Uint8Array<ArrayBuffer> {
  const size = files.reduce((total, [, content]) => total + 512 + roundUp(content.length), 1024);
  const archive = new Uint8Array(size);
  const encoder = new TextEncoder();
  let offset = 0;
  for (const [path, content] of files) {
    const header = archive.subarray(offset, offset + 512);
    const put = (at: number, value: string) => encoder.encodeInto(value, header.subarray(at));
    const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0") + "\0";
    put(0, path);
    put(100, octal(0o644, 7));
    put(108, octal(0, 7));
    put(116, octal(0, 7));
    put(124, octal(content.length, 11));
    put(136, octal(0, 11));
    put(148, " ".repeat(8));
    put(156, "0");
    put(257, "ustar\0" + "00");
    put(148, octal(header.reduce((sum, byte) => sum + byte, 0), 6) + " ");
    archive.set(content, offset + 512);
    offset += 512 + roundUp(content.length);
  }
  return archive;
}

const roundUp = (length: number) => Math.ceil(length / 512) * 512;
