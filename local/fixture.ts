/** What the stack's own tests stand on: tiny projects, and a bare embedded database. */
import type { RunningDatabase } from "./database/pglite.ts";
import { startPglite } from "./database/pglite.ts";
import { openState } from "./state.ts";

/** A folder that looks like a project and is gone when the test is. */
export interface FixtureProject extends AsyncDisposable {
  root: string;
}

/**
 * Makes a project of files.
 * @param files path below supabase/ → content
 */
export async function makeProject(files: Record<string, string>): Promise<FixtureProject> {
  const root = await Deno.makeTempDir({ prefix: "groundwork-project-" });
  for (const [path, content] of Object.entries(files)) {
    const target = `${root}/supabase/${path}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(target, content);
  }
  return { root, [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }) };
}

/** An embedded database in memory, on a free port, with the platform's roles and schemas and nothing else. */
export async function startBareDatabase(
  onEnded?: (reason: string) => void,
): Promise<RunningDatabase & AsyncDisposable> {
  const state = await openState(null, "");
  const database = await startPglite({
    dataDir: null,
    cacheDir: state.cacheDir,
    port: 0,
    ...(onEnded ? { onEnded } : {}),
    onCrash: (reason) => {
      throw new Error(reason);
    },
  });
  return {
    ...database,
    async [Symbol.asyncDispose]() {
      await database.stop();
      await state.close();
    },
  };
}

/**
 * Waits until `condition` holds, looking again and again; gives up after so many `seconds`, so that a broken test ends.
 * `what` may be asked for then: what has come instead.
 */
export async function until<T>(
  what: string | (() => string),
  condition: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  seconds = 30,
): Promise<T> {
  for (let attempt = 0; attempt < seconds * 50; attempt++) {
    const value = await condition();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain: ${typeof what === "string" ? what : what()}`);
}
