/**
 * Builds the package out of `types/`: JavaScript and declarations by TypeScript's own compiler, and a tarball by
 * npm. The compiler does all that is needed: it writes one module for each file and gives imports of `.ts` the
 * names of what it wrote. A bundler would have to be told what to leave alone, and what it made is harder to read.
 */
import { join } from "node:path";
import { PROJECT } from "../testing/deno-test.ts";

/** Where the package is written; Git ignores it. */
export const PACKAGE = join(PROJECT, ".local/package");

/** What the package's own `package.json` says that others build upon. */
export interface Manifest {
  name: string;
  version: string;
  exports: Record<string, { types: string; default: string } | string>;
  bin: Record<string, string>;
}

/** Runs a command in a folder. @returns what it printed @throws with what it said when it fails */
export async function runIn(folder: string, command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: folder,
    env: { NO_COLOR: "1", NEXT_TELEMETRY_DISABLED: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stdout);
  if (success) return said;
  throw new Error(`${command} ${args.join(" ")}:\n${said}${new TextDecoder().decode(stderr)}`);
}

/** The package's manifest, with the project's version. */
export async function readManifest(): Promise<Manifest> {
  const read = async (file: string) => JSON.parse(await Deno.readTextFile(join(PROJECT, file)));
  const [manifest, project] = await Promise.all([read("types/package.json"), read("package.json")]);
  return { ...manifest, version: project.version };
}

/** The compiler leaves imports in declarations as they were written, and not every consumer reads `.ts` there. */
async function renameImports(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join(folder, name);
    const text = await Deno.readTextFile(file);
    const renamed = text.replaceAll(/^(.* from "\.\/[^"]+)\.ts"/gm, '$1.js"');
    if (renamed !== text) await Deno.writeTextFile(file, renamed);
  }
}

/**
 * Builds and packs.
 *
 * @param folder is emptied first
 * @returns the tarball
 */
export async function buildPackage(folder: string = PACKAGE): Promise<string> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  const dist = join(folder, "dist");
  await Deno.mkdir(dist, { recursive: true });
  const compiler = join(PROJECT, "node_modules/typescript/bin/tsc");
  await runIn(PROJECT, "node", compiler, "--project", "local/package", "--outDir", dist);
  await renameImports(dist);
  const manifest = await readManifest();
  for (const program of Object.keys(manifest.bin)) {
    await Deno.copyFile(join(PROJECT, `local/package/${program}.js`), join(dist, `${program}.js`));
  }
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  await Deno.copyFile(join(PROJECT, "LICENSE"), join(folder, "LICENSE"));
  await Deno.copyFile(join(PROJECT, "docs/client.md"), join(folder, "README.md"));
  await runIn(folder, "npm", "pack", "--loglevel=error");
  return join(folder, `${manifest.name}-${manifest.version}.tgz`);
}

/**
 * Writes the reference of all that the package offers, from the comments in the code: as HTML, by Deno's own generator.
 *
 * @returns its first page
 */
export async function writeReference(folder: string): Promise<string> {
  const { name, exports } = await readManifest();
  const entries = Object.values(exports).filter((entry) => typeof entry === "object")
    .map((entry) => entry.default.replace("./dist/", "types/").replace(/\.js$/, ".ts"))
    // Thousands of generated columns would hide the rest.
    .filter((file) => file !== "types/database.types.ts");
  const output = join(folder, "reference");
  const options = ["--html", `--name=${name}`, `--output=${output}`];
  await runIn(PROJECT, Deno.execPath(), "doc", ...options, ...entries);
  return join(output, "index.html");
}

if (import.meta.main) {
  const unknown = Deno.args.filter((argument) => argument !== "--docs");
  if (unknown.length > 0) {
    console.error(`${unknown.join(" ")} is unknown. It takes --docs: a reference as HTML, too.`);
    Deno.exit(2);
  }
  console.log(await buildPackage());
  if (Deno.args.includes("--docs")) console.log(await writeReference(PACKAGE));
}
