import { join } from "node:path";
import { exists } from "../services/processes.ts";
import type { DatabaseKind, SuiteName } from "./arguments.ts";
import { PROJECT } from "./deno-test.ts";

type FileSuite = Exclude<SuiteName, "rollbacks">;

const ROUTES = "supabase/functions/tests/";
/** Drills of our own tools: on real servers, which are killed or spoilt on purpose. */
const LOCAL_DRILLS = /^local\/.*\/drills\//;

/**
 * The suite that a test file belongs to, by where it lies; null for a file that is no test.
 *
 * @param path relative to the project
 */
export function suiteOf(path: string): FileSuite | null {
  if (path.startsWith("supabase/tests/")) {
    if (path.endsWith(".test.sql")) return "pgtap";
    return path.endsWith(".test.ts") ? "concurrency" : null;
  }
  if (!path.endsWith(".test.ts")) return null;
  if (path.startsWith(`${ROUTES}drills/`) || LOCAL_DRILLS.test(path)) return "drills";
  if (path.startsWith(`${ROUTES}abuse/`)) return "abuse";
  if (path.startsWith(`${ROUTES}concurrency/`)) return "concurrency";
  if (path.startsWith("local/browser/")) return "browser";
  return path.startsWith(ROUTES) ? "routes" : "unit";
}

/** Whether a file needs real sessions or a real server, so that it means nothing on PGlite. */
export function needsRealDatabase(path: string): boolean {
  return suiteOf(path) === "concurrency" || LOCAL_DRILLS.test(path);
}

/** The files of a suite that make sense on a database, sorted. */
export async function findTestFiles(
  suite: FileSuite,
  database: DatabaseKind,
  match: string,
): Promise<string[]> {
  const files: string[] = [];
  for (const folder of ["bench", "local", "supabase", "types"]) {
    for await (const path of walk(folder)) {
      const isWanted = suiteOf(path) === suite && path.includes(match) &&
        (database === "real" || !needsRealDatabase(path));
      if (isWanted) files.push(path);
    }
  }
  return files.sort();
}

async function* walk(folder: string): AsyncGenerator<string> {
  if (!await exists(join(PROJECT, folder))) return;
  for await (const entry of Deno.readDir(join(PROJECT, folder))) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* walk(path);
    else yield path;
  }
}
