/**
 * Runs the edge functions of a project as the platform does: on its Deno, each in an isolate of its own that is booted
 * by the first request and retired by the clock. A function with a deno.json of its own gets a process of its own; the
 * others share one.
 */
import { digest, exists } from "../cache.ts";
import { findConfig, writeConfig } from "./import-map.ts";
import { fetchImports, type Runtime, startRuntime } from "./runtime-process.ts";

/** How to run them. */
export interface EdgeOptions {
  /** The project's `supabase/functions`. */
  folder: string;
  /** Exactly what the functions see. */
  env: Record<string, string>;
  /** Where what was fetched is kept. */
  cacheDir: string;
  /** Seconds that an isolate lives at most; at half of it, it gets no new requests. */
  wallClock: number;
}

/** The running functions. */
export interface Edge {
  /** The port of a function's isolate, booted where there is none; null when there is no such function. */
  portOf(name: string): number | null | Promise<number | null>;
  stop(): Promise<void>;
}

interface Isolate {
  id: string;
  port: Promise<number>;
  /** Once it has booted. */
  knownPort?: number;
  runtime: Runtime;
}

/** Every folder that has an index.ts is a function, except what begins with `_` or `.`. */
export async function findFunctions(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (await isFunction(folder, name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

async function isFunction(folder: string, name: string): Promise<boolean> {
  return /^[A-Za-z0-9][\w-]*$/.test(name) && await exists(`${folder}/${name}/index.ts`);
}

const entryOf = (folder: string, name: string) => `file://${folder}/${name}/index.ts`;

/**
 * Fetches what the functions that share their imports import, once for each set of imports. Returns what went wrong.
 */
export async function prepareFunctions(folder: string, cacheDir: string): Promise<string> {
  const shared = await findConfig(folder, "");
  const names = await findFunctions(folder);
  const sharing: string[] = [];
  for (const name of names) {
    if (!(await findConfig(folder, name))?.isOwn) sharing.push(entryOf(folder, name));
  }
  if (sharing.length === 0) return "";
  const config = await writeConfig(shared?.file ?? null);
  const done = `${cacheDir}/fetched-${await digest([config, ...sharing])}`;
  if (await exists(done)) return "";
  const problem = await fetchImports(config, cacheDir, sharing);
  if (problem === "") await Deno.writeTextFile(done, "");
  return problem;
}

/** Begins to run them. Nothing is booted until it is asked for. */
export function openEdge({ folder, env, cacheDir, wallClock }: EdgeOptions): Edge {
  const isolates = new Map<string, Isolate>();
  /** By config. */
  const runtimes = new Map<string, Promise<Runtime>>();
  let isStopped = false;

  function forget(id: string): void {
    for (const [name, isolate] of isolates) {
      if (isolate.id !== id) continue;
      isolates.delete(name);
      isolate.runtime.leave(id);
    }
  }

  async function openRuntime(config: string): Promise<Runtime> {
    const opening = startRuntime({ config, cacheDir, env, onGone: forget });
    runtimes.set(config, opening);
    try {
      const runtime = await opening;
      runtime.ended.then(() => {
        if (!isStopped) {
          console.error("[functions] a runtime ended; the next request starts another");
        }
        if (runtimes.get(config) === opening) runtimes.delete(config);
        for (const [name, isolate] of isolates) {
          if (isolate.runtime === runtime) isolates.delete(name);
        }
      });
      return runtime;
    } catch (error) {
      runtimes.delete(config);
      throw error;
    }
  }

  async function boot(name: string): Promise<number | null> {
    if (!await isFunction(folder, name)) return null;
    const found = await findConfig(folder, name);
    const config = await writeConfig(found?.file ?? null);
    const runtime = await (runtimes.get(config) ?? openRuntime(config));
    const known = isolates.get(name);
    if (known) return await known.port;
    const id = crypto.randomUUID();
    const entry = entryOf(folder, name);
    const port = runtime.boot({ id, name, entry, wallClock: wallClock * 1000 });
    const isolate: Isolate = { id, port, runtime };
    isolates.set(name, isolate);
    try {
      return isolate.knownPort = await port;
    } catch (error) {
      if (isolates.get(name) === isolate) isolates.delete(name);
      throw error;
    }
  }

  const watcher = watch(folder, (name) => {
    for (const [one, { id }] of [...isolates]) if (name === null || name === one) forget(id);
  });

  return {
    portOf(name) {
      const isolate = isolates.get(name);
      return isolate ? isolate.knownPort ?? isolate.port : boot(name);
    },
    async stop() {
      isStopped = true;
      watcher?.close();
      const running = await Promise.allSettled(runtimes.values());
      await Promise.all(
        running.map((one) => one.status === "fulfilled" ? one.value.stop() : undefined),
      );
    },
  };
}

/** Tells of files that changed: the function's name, or null for what several functions share. */
function watch(folder: string, onChange: (name: string | null) => void): Deno.FsWatcher | null {
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  (async () => {
    for await (const { kind, paths } of watcher) {
      if (kind === "access") continue;
      for (const path of paths) {
        const [first = "", ...rest] = path.slice(folder.length + 1).split("/");
        if (first === "tests" || path.endsWith(".test.ts")) continue;
        onChange(rest.length > 0 && !first.startsWith("_") ? first : null);
      }
    }
  })();
  return watcher;
}
