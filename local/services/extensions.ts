import { fileURLToPath } from "node:url";
import { exists } from "./processes.ts";
import { EXTENSION_FOLDER, type Root } from "./root.ts";

/**
 * Extensions that the platform's image has and Debian does not: the project's own, in plain SQL.
 * (The others in `local/extensions` stand in, on PGlite, for what a real server has itself.)
 */
const OWN_EXTENSIONS = ["pg_net", "supabase_vault"];
const SOURCE = fileURLToPath(new URL("../extensions", import.meta.url));

/** Copies the project's extensions to where Postgres finds them; what is the same stays. */
export async function copyOwnExtensions(root: Root): Promise<void> {
  for (const name of OWN_EXTENSIONS) {
    const folder = `${SOURCE}/${name}`;
    if (!await exists(folder)) continue;
    for await (const entry of Deno.readDir(folder)) {
      if (!/\.(control|sql)$/.test(entry.name)) continue;
      const text = await Deno.readTextFile(`${folder}/${entry.name}`);
      const target = root.outside(`${EXTENSION_FOLDER}/${entry.name}`);
      if (await exists(target) && await Deno.readTextFile(target) === text) continue;
      await Deno.writeTextFile(target, text, { mode: 0o644 });
    }
  }
}
