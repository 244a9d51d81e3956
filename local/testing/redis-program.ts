import { findProgram } from "../services/machine-programs.ts";
import { ensureRoot, type Root, ServicesUnavailable } from "../services/root.ts";
import { PROJECT } from "./deno-test.ts";

const PROGRAMS = ["redis-server", "valkey-server"];

/**
 * Makes sure that a stack started from here finds a Redis: the machine's own, or the one of the real
 * services, put in front of PATH. Says whether there is one.
 */
export async function provideRedis(log: (line: string) => void): Promise<boolean> {
  const path = Deno.env.get("PATH") ?? "";
  if (await findProgram(PROGRAMS)) return true;
  try {
    const folder = `${PROJECT}/.local/bin`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/redis-server`, await launcher(await ensureRoot(log)), {
      mode: 0o755,
    });
    Deno.env.set("PATH", `${folder}:${path}`);
    return true;
  } catch (error) {
    if (error instanceof ServicesUnavailable) return false;
    throw error;
  }
}

/**
 * Starts the services' redis-server on the machine's own files, with the loader and the libraries
 * that it was built for: inside its root it would not see the folder that the stack gives it.
 */
async function launcher(root: Root): Promise<string> {
  const libraries = root.outside("/usr/lib");
  for await (const { name } of Deno.readDir(libraries)) {
    if (!name.endsWith("-linux-gnu")) continue;
    const folder = `${libraries}/${name}`;
    for await (const file of Deno.readDir(folder)) {
      if (!/^ld-linux.*\.so\.\d+$/.test(file.name)) continue;
      const program = root.outside("/usr/bin/redis-server");
      return `#!/bin/sh\nexec ${folder}/${file.name} --library-path ${folder} ${program} "$@"\n`;
    }
  }
  throw new Error(`no program loader in ${libraries}`);
}
