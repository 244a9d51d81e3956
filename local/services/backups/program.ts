/** pgBackRest: part of a new root; put into one that was built before it belonged to it. */
import { provideProgram } from "../machine-programs.ts";
import { exists, run } from "../processes.ts";
import {
  findOwnMirror,
  OWN_ROOT,
  RELEASE,
  type Root,
  ServicesUnavailable,
  withLock,
} from "../root.ts";

const PROGRAM = "/usr/bin/pgbackrest";

/**
 * The program's path inside the root.
 *
 * @throws ServicesUnavailable where there is none and none can be had
 */
export async function providePgBackRest(root: Root, log: (line: string) => void): Promise<string> {
  if (await exists(root.outside(PROGRAM))) return PROGRAM;
  if (root.path !== OWN_ROOT) {
    await provideProgram({ names: ["pgbackrest"], package: "pgbackrest" }, log);
  } else {
    await withLock("pgbackrest", async () => {
      if (!await exists(root.outside(PROGRAM))) await unpackInto(root, log);
    });
  }
  if (await exists(root.outside(PROGRAM))) return PROGRAM;
  throw new ServicesUnavailable("pgBackRest is not there; install Debian's package `pgbackrest`");
}

/**
 * Unpacks the package, and what it needs besides what the root has, into the running root. The root has no apt: the
 * machine's own is asked what would be installed there.
 */
async function unpackInto(root: Root, log: (line: string) => void): Promise<void> {
  log(`unpacking pgbackrest (apt) into ${root.path}`);
  const state = await Deno.makeTempDir({ prefix: "groundwork-apt-" });
  try {
    for (const folder of ["lists/partial", "archives/partial", "empty"]) {
      await Deno.mkdir(`${state}/${folder}`, { recursive: true });
    }
    const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    const mirror = await findOwnMirror() ?? "http://deb.debian.org/debian";
    await Deno.writeTextFile(
      `${state}/sources.list`,
      `deb [signed-by=${keyring}] ${mirror} ${RELEASE} main\n`,
    );
    await run("chmod", ["-R", "a+rX", state]);
    const options = [
      `Dir::Etc::sourcelist=${state}/sources.list`,
      `Dir::Etc::sourceparts=${state}/empty`,
      `Dir::State::lists=${state}/lists`,
      `Dir::State::status=${root.path}/var/lib/dpkg/status`,
      `Dir::Cache::archives=${state}/archives`,
      "Dir::Cache::pkgcache=",
      "Dir::Cache::srcpkgcache=",
      "APT::Sandbox::User=root",
      "Debug::NoLocking=true",
    ].flatMap((option) => ["-o", option]);
    await run("apt-get", [...options, "-qq", "update"]);
    const install = ["-qq", "--yes", "--no-install-recommends", "--download-only", "install"];
    await run("apt-get", [...options, ...install, "pgbackrest"]);
    for await (const { name } of Deno.readDir(`${state}/archives`)) {
      if (!name.endsWith(".deb")) continue;
      await run("dpkg-deb", ["--extract", `${state}/archives/${name}`, root.path]);
    }
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}
