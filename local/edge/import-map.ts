/**
 * What a function's runtime knows of the project besides the code: one import map. It is written into a folder of its
 * own, where no package.json, no node_modules and no workspace can be found, as there is none where functions are
 * deployed.
 */
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { digest, exists, writeWhole } from "../cache.ts";

type Imports = Record<string, string>;

interface Config {
  imports?: Imports;
  scopes?: Record<string, Imports>;
  [member: string]: unknown;
}

/** Members that make a project of it. */
const ofProjects = ["workspace", "nodeModulesDir", "vendor", "lock", "links", "patch", "tasks"];

/** Only types, which nothing runs: it need not be fetched from where it lies. */
const types = new URL("./runtime/only-types.ts", import.meta.url).href;
const onlyTypes: Imports = Object.fromEntries(
  ["", "jsr:", "npm:"].flatMap((scheme) =>
    ["", "@^2", "@2"].map((version) => [
      `${scheme}@supabase/functions-js${version}/edge-runtime.d.ts`,
      types,
    ])
  ),
);

/** The file that names a function's imports: its own, otherwise that of all functions; null when there is neither. */
export async function findConfig(
  folder: string,
  name: string,
): Promise<{ file: string; isOwn: boolean } | null> {
  for (const [place, isOwn] of [[`${folder}/${name}`, true], [folder, false]] as const) {
    for (const file of [`${place}/deno.json`, `${place}/deno.jsonc`]) {
      if (await exists(file)) return { file, isOwn };
    }
  }
  return null;
}

/** Writes the config of a runtime, made from `file`. Returns its path: the same content, the same path. */
export async function writeConfig(file: string | null): Promise<string> {
  const given: Config = file ? parse(await Deno.readTextFile(file)) : {};
  const base = file ? pathToFileURL(file) : new URL("file:///");
  const kept = Object.entries(given).filter(([member]) => !ofProjects.includes(member));
  const config: Config = {
    ...Object.fromEntries(kept),
    imports: { ...absolute(given.imports ?? {}, base), ...onlyTypes },
    ...(given.scopes
      ? {
        scopes: Object.fromEntries(
          Object.entries(given.scopes).map(([scope, imports]) => [
            address(scope, base),
            absolute(imports, base),
          ]),
        ),
      }
      : {}),
  };
  const text = JSON.stringify(config, null, 2);
  // Not below the project: Deno looks for a workspace in every folder above.
  const folder = `${tmpdir()}/groundwork-imports-${Deno.uid() ?? 0}/${await digest([text])}`;
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(`${folder}/deno.json`, new TextEncoder().encode(text));
  return `${folder}/deno.json`;
}

/** JSON with comments and trailing commas, as Deno's configs may be. */
function parse(text: string): Config {
  const plain = text.replace(
    /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=\s*[}\]])/g,
    (_, string: string | undefined) => string ?? "",
  );
  return JSON.parse(plain);
}

function absolute(imports: Imports, base: URL): Imports {
  return Object.fromEntries(
    Object.entries(imports).map(([name, target]) => [
      /^\.{0,2}\//.test(name) ? address(name, base) : name,
      address(target, base),
    ]),
  );
}

function address(target: string, base: URL): string {
  return /^\.{0,2}\//.test(target) ? new URL(target, base).href : target;
}
