import { exists } from "../services/processes.ts";
import { PROJECT } from "../testing/deno-test.ts";
import { runDeno } from "./deno.ts";

const FUNCTIONS = `${PROJECT}/supabase/functions`;
/** What the platform accepts for one function. */
const LARGEST_BUNDLE = 20 * 1024 * 1024;

/** The names of all functions that are deployed. */
export async function listFunctions(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(FUNCTIONS)) {
    if (isDirectory && await exists(`${FUNCTIONS}/${name}/index.ts`)) names.push(name);
  }
  return names.sort();
}

/** Bundles a function as a deployment does. Returns its size in bytes, and what speaks against it. */
export async function bundleFunction(name: string): Promise<{ bytes: number; problems: string[] }> {
  const entry = `${FUNCTIONS}/${name}/index.ts`;
  const file = await Deno.makeTempFile({ prefix: `groundwork-${name}-`, suffix: ".js" });
  try {
    const { imports } = JSON.parse(await Deno.readTextFile(`${FUNCTIONS}/deno.json`)) as {
      imports: Record<string, string>;
    };
    const problems = foreignImports(await deno("info", "--json", entry), imports);
    await deno("bundle", "--quiet", "--platform=deno", `--output=${file}`, entry);
    const bytes = (await Deno.stat(file)).size;
    if (bytes === 0) problems.push(`${name}: the bundle is empty`);
    if (bytes > LARGEST_BUNDLE) problems.push(`${name}: ${bytes} bytes, more than 20 MB`);
    return { bytes, problems };
  } finally {
    await Deno.remove(file);
  }
}

interface ModuleGraph {
  modules: {
    specifier: string;
    dependencies?: { specifier: string; code?: { specifier?: string } }[];
  }[];
}

/**
 * The imports of a module graph that a deployment could not follow: all but npm: and node:, names
 * that the import map turns into one of these, and files inside the functions' folder. (Here a name
 * would also be found in node_modules, which does not travel.) Imports of types alone do not count.
 */
export function foreignImports(graphJson: string, importMap: Record<string, string>): string[] {
  const { modules } = JSON.parse(graphJson) as ModuleGraph;
  const isNamed = (name: string) =>
    Object.entries(importMap).some(([key, target]) =>
      /^(npm|node):/.test(target) &&
      (name === key || name.startsWith(key.endsWith("/") ? key : `${key}/`))
    );
  return modules.filter(({ specifier }) => !specifier.includes("/node_modules/")).flatMap(
    ({ specifier, dependencies = [] }) =>
      dependencies.flatMap(({ specifier: name, code }) => {
        if (code === undefined || /^(npm|node):/.test(name) || isNamed(name)) return [];
        const isOwnFile = /^\.{1,2}\//.test(name) &&
          code.specifier?.includes("/supabase/functions/");
        return isOwnFile ? [] : [`${specifier} imports ${name}`];
      }),
  );
}

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await runDeno(args);
  if (!success) throw new Error(`deno ${args.join(" ")}:\n${stderr}`);
  return stdout;
}
