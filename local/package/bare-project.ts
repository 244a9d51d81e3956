/** An ordinary project with nothing but the tarball and what it needs: what somebody's `npm install` makes. */
import { join } from "node:path";
import { PROJECT } from "../testing/deno-test.ts";
import { buildPackage, runIn } from "./build.ts";

/** The oldest Node that supabase-js runs on, where it comes from if the machine's own is older. */
const node22 = "22.23.5";

/** A project that has the package. */
export interface BareProject {
  folder: string;
  /** Writes files, by their names. */
  write(files: Record<string, string>): Promise<void>;
  /** Runs a program of `node_modules/.bin`. */
  bin(name: string, ...args: string[]): Promise<string>;
  /** Runs Node 22 or later. */
  node(...args: string[]): Promise<string>;
  /** Makes a folder with packages of its own, as `local/package/<name>` has them. */
  install(name: string): Promise<void>;
  /** Leaves nothing of it. */
  remove(): Promise<void>;
}

/** Whether the machine's own Node is one that supabase-js runs on. */
async function hasNode22(): Promise<boolean> {
  return Number((await runIn(PROJECT, "node", "--version")).slice(1).split(".")[0]) >= 22;
}

/** npm has Node itself as a package, for Linux. */
function packageOfNode(): string {
  const { os, arch } = Deno.build;
  if (os !== "linux") throw new Error("This test needs Node 22: install it, and run it again.");
  return `node-linux-${arch === "aarch64" ? "arm64" : "x64"}`;
}

const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

async function copyManifest(name: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(join(PROJECT, "local/package", name, file), join(folder, file));
  }
}

/** Builds the package and installs the tarball, outside of this project: nothing of ours is found from there. */
export async function installBareProject(): Promise<BareProject> {
  const temporary = await Deno.makeTempDir({ prefix: "groundwork-bare-" });
  const tarball = await buildPackage(join(temporary, "package"));
  const folder = join(temporary, "project");
  await copyManifest("bare", folder);
  const ownNode = await hasNode22();
  const packages = ownNode ? [tarball] : [tarball, `${packageOfNode()}@${node22}`];
  await runIn(folder, "npm", "install", ...quietly, ...packages);
  const program = ownNode ? "node" : join(folder, "node_modules", packageOfNode(), "bin/node");
  return {
    folder,
    async write(files) {
      for (const [name, text] of Object.entries(files)) {
        await Deno.mkdir(join(folder, name, ".."), { recursive: true });
        await Deno.writeTextFile(join(folder, name), text);
      }
    },
    bin: (name, ...args) => runIn(folder, join(folder, "node_modules/.bin", name), ...args),
    node: (...args) => runIn(folder, program, ...args),
    async install(name) {
      await copyManifest(name, join(folder, name));
      // React is above: a second one would not know the first one's hooks.
      await runIn(join(folder, name), "npm", "install", "--legacy-peer-deps", ...quietly);
    },
    async remove() {
      await Deno.remove(temporary, { recursive: true });
    },
  };
}
