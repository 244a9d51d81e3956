/** The Deno that the platform's functions run on, beside the newer one that runs everything else here. */
import { exists } from "../cache.ts";
import { projectRoot } from "../state.ts";

/** What the platform says of its runtime: "compatible with Deno v2.1.4". Pinned in package.json. */
export const platformVersion = "2.1.4";

/**
 * Its program. Installed by package.json under a name per system: packages without a program `deno`, which would stand
 * in the way of ours.
 * @throws Error where there is none for this machine; nothing else is run in its place
 */
export async function findPlatformDeno(): Promise<string> {
  const { os, arch } = Deno.build;
  const system = `${os === "windows" ? "win32" : os}-${arch === "aarch64" ? "arm64" : "x64"}`;
  const name = `deno-platform-${system}${os === "linux" ? "-glibc" : ""}`;
  const program = `${projectRoot}/node_modules/${name}/deno${os === "windows" ? ".exe" : ""}`;
  if (await exists(program)) return program;
  throw new Error(
    `The functions run on Deno ${platformVersion}, as on the platform, and ${name} is not installed. ` +
      "Run npm install. " +
      "There is one for Linux (glibc), macOS and Windows on x64, and for Linux and macOS on arm64; " +
      "elsewhere the functions cannot run.",
  );
}
