/** Where a stack keeps what must survive it, and what can be made again. */
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { exists } from "./cache.ts";
import { isAlive } from "./processes.ts";

/** The project that this file belongs to. */
export const projectRoot = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** A stack's folders. */
export interface State {
  folder: string;
  /** False: the folder is temporary, and the database is in memory. */
  isPersistent: boolean;
  /** Shared by all stacks. */
  cacheDir: string;
  /** Gives the folder free; a temporary one is removed. */
  close(): Promise<void>;
}

/** A state folder's full path; a relative one is meant from the project's folder. */
export function resolveStateDir(stateDir: string, root = projectRoot): string {
  return isAbsolute(stateDir) ? stateDir : join(root, stateDir);
}

/** Opens the folder `wanted` (relative to `root`), or a temporary one for null. */
export async function openState(wanted: string | null, root: string): Promise<State> {
  const cacheDir = `${projectRoot}/node_modules/.cache/groundwork`;
  await Deno.mkdir(cacheDir, { recursive: true });
  if (wanted === null) {
    const folder = await Deno.makeTempDir({ prefix: "groundwork-" });
    const close = () => Deno.remove(folder, { recursive: true });
    return { folder, isPersistent: false, cacheDir, close };
  }
  const folder = resolveStateDir(wanted, root);
  await Deno.mkdir(folder, { recursive: true });
  const release = await claim(folder);
  return { folder, isPersistent: true, cacheDir, close: release };
}

/** Folders that stacks of this process use. */
const claimed = new Set<string>();

/** Makes sure that no other stack uses the folder: two databases on the same files would destroy them. */
async function claim(folder: string): Promise<() => Promise<void>> {
  const file = `${folder}/stack.pid`;
  const pid = await exists(file) ? Number(await Deno.readTextFile(file)) : null;
  if (claimed.has(folder) || (pid !== null && pid !== Deno.pid && isAlive(pid))) {
    throw new Error(
      `Another stack (process ${pid}) keeps its state in ${folder}. ` +
        "Stop it, or choose another folder with --state-dir. " +
        `If there is none, remove ${file}.`,
    );
  }
  claimed.add(folder);
  await Deno.writeTextFile(file, `${Deno.pid}`);
  return async () => {
    claimed.delete(folder);
    await Deno.remove(file);
  };
}

/** Forgets everything that a stack has kept: database, stored objects, keys. */
export async function resetState(folder = `${projectRoot}/.local`): Promise<void> {
  for (const name of ["database", "storage", "keys.json"]) {
    await Deno.remove(`${folder}/${name}`, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** The project's own secrets for its functions, from supabase/functions/.env if there is one. */
export async function readFunctionSecrets(root: string): Promise<Record<string, string>> {
  try {
    const secrets = parseEnv(await Deno.readTextFile(`${root}/supabase/functions/.env`));
    return Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, value ?? ""]));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}
