/** Builds `examples/assistant` into static files, where it has changed since. */
import { join } from "node:path";
import { digest } from "../cache.ts";
import { PROJECT } from "../testing/deno-test.ts";

export const ASSISTANT = join(PROJECT, "examples/assistant");
export const DIST = join(ASSISTANT, "dist");
/** By it one sees whether what was built is of these sources. */
const STAMP = join(DIST, ".built-from");

async function run(program: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: ASSISTANT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (success) return;
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  throw new Error(
    `${program} ${args.join(" ")}:\n${decode(stdout)}${decode(stderr)}`,
  );
}

/** A digest of all that the build reads. */
async function digestSources(): Promise<string> {
  const files: string[] = [
    "index.html",
    "package.json",
    "package-lock.json",
    "vite.config.ts",
  ]
    .map((name) => join(ASSISTANT, name));
  for (const folder of [join(ASSISTANT, "src"), join(PROJECT, "types")]) {
    for await (const path of walk(folder)) files.push(path);
  }
  files.sort();
  const contents = await Promise.all(files.map((file) => Deno.readFile(file)));
  return await digest(
    contents.flatMap((bytes, place) => [files[place]!, bytes]),
  );
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* walk(path);
    else yield path;
  }
}

/** Installs what the example needs, and nothing where it is there. */
export async function installAssistant(): Promise<void> {
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/**
 * Builds it, unless it is built already. Several processes may ask at the same time: one builds.
 *
 * @returns the folder of static files
 */
export async function buildAssistant(): Promise<string> {
  using lock = await Deno.open(join(ASSISTANT, "package.json"));
  await lock.lock(true);
  await installAssistant();
  const wanted = await digestSources();
  if (await Deno.readTextFile(STAMP).catch(() => "") !== wanted) {
    await run("node", [
      "node_modules/vite/bin/vite.js",
      "build",
      "--logLevel=warn",
    ]);
    await Deno.writeTextFile(STAMP, wanted);
  }
  return DIST;
}
