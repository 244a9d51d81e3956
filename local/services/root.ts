import { connectionOptions, findDebianMirror, parseAptSources } from "./apt-sources.ts";
import { exists, run } from "./processes.ts";

/**
 * Where Postgres, Redis and PgBouncer are installed: the machine itself (`path` is `/`), or a folder
 * that holds a small Debian of its own, entered with chroot. Programs in it share the machine's
 * network and processes, so they are reached over 127.0.0.1 and ended by their id as any other.
 */
export interface Root {
  path: string;
  /** The path, seen from outside, of a path inside. */
  outside: (inside: string) => string;
  /** Runs a program of the root as one of its users, to its end. */
  run: (user: "postgres" | "redis", command: string, ...args: string[]) => Promise<string>;
}

/** Says, for people, why the real services cannot run on this machine, and how to get them. */
export class ServicesUnavailable extends Error {
  override name = "ServicesUnavailable";
}

/** Postgres's own programs inside a root. */
export const POSTGRES_BIN = "/usr/lib/postgresql/17/bin";
/** Where Postgres looks for extensions inside a root. */
export const EXTENSION_FOLDER = "/usr/share/postgresql/17/extension";
/** All state of the services inside a root: one folder for each server. */
export const STATE_FOLDER = "/var/lib/groundwork/servers";

/** The root that is built where the machine's own does not do. */
export const OWN_ROOT = "/var/lib/groundwork/root";
/** The release that a root of its own is made of. */
export const RELEASE = "trixie";
const PACKAGES = [
  "postgresql-17",
  "postgresql-17-pgvector",
  "postgresql-17-cron",
  "postgresql-17-pgtap",
  "postgresql-17-plpgsql-check",
  "pgbackrest",
  "pgbouncer",
  "redis-server",
];
const NEEDED_FILES = [
  `${POSTGRES_BIN}/postgres`,
  ...["vector", "pg_cron", "pgtap", "plpgsql_check"].map((n) => `${EXTENSION_FOLDER}/${n}.control`),
  "/usr/sbin/pgbouncer",
  "/usr/bin/redis-server",
];

/**
 * Finds the services' programs, and installs them where they are missing. A machine that has all the
 * packages is used as it is. Otherwise they go into a folder of their own, built by mmdebstrap from
 * the machine's own mirror: packages installed on the machine itself would start servers that nobody
 * asked for, and a release without Postgres 17 does not have them.
 *
 * @throws ServicesUnavailable where this cannot be done
 */
export async function ensureRoot(log: (line: string) => void): Promise<Root> {
  const found = await findRoot();
  if (found) return found;
  await withLock("root", async () => {
    if (!await isComplete(OWN_ROOT)) await buildRoot(log);
  });
  return describeRoot(OWN_ROOT);
}

/**
 * The services' programs where they are installed already, or null.
 *
 * @throws ServicesUnavailable where they cannot be
 */
export async function findRoot(): Promise<Root | null> {
  await demandDebianAndRoot();
  for (const path of ["/", OWN_ROOT]) {
    if (await isComplete(path)) return describeRoot(path);
  }
  return null;
}

/** Does what only one process of this machine may do at a time: the others wait, and find it done. */
export async function withLock(name: string, body: () => Promise<void>): Promise<void> {
  await Deno.mkdir("/var/lib/groundwork", { recursive: true });
  using lock = await Deno.open(`/var/lib/groundwork/${name}.lock`, { create: true, write: true });
  await lock.lock(true);
  await body();
}

async function demandDebianAndRoot(): Promise<void> {
  const howToGet = "on Debian or Ubuntu as root, `npm run services` sets it up by itself";
  if (Deno.build.os !== "linux" || !await exists("/etc/debian_version")) {
    throw new ServicesUnavailable(
      `this machine is not Debian or Ubuntu (it is ${Deno.build.os}); ${howToGet}`,
    );
  }
  if (Deno.uid() !== 0) throw new ServicesUnavailable(`this user is not root; ${howToGet}`);
}

async function isComplete(path: string): Promise<boolean> {
  const found = await Promise.all(NEEDED_FILES.map((file) => exists(join(path, file))));
  return found.every(Boolean);
}

async function buildRoot(log: (line: string) => void): Promise<void> {
  const started = Date.now();
  if (!await exists("/usr/bin/mmdebstrap")) {
    log("installing mmdebstrap (apt)");
    await run("apt-get", ["update", "-qq"]);
    const quietly = ["-o", "Dpkg::Use-Pty=0", "-qq", "--no-install-recommends"];
    await run("apt-get", ["install", "-y", ...quietly, "mmdebstrap", "debian-archive-keyring"]);
  }
  const mirror = await findOwnMirror();
  log(`installing Postgres 17, PgBouncer and Redis into ${OWN_ROOT} (about 520 MB, half a minute)`);
  const options = connectionOptions(await run("apt-config", ["dump"]));
  // Built beside and renamed at the end: an interrupted build is never taken for a whole one.
  const building = `${OWN_ROOT}.building`;
  for (const leftover of [building, OWN_ROOT]) {
    if (await exists(leftover)) await Deno.remove(leftover, { recursive: true });
  }
  await run("mmdebstrap", [
    "--variant=essential",
    `--include=${PACKAGES.join(",")}`,
    ...options.map((option) => `--aptopt=${option}`),
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    RELEASE,
    building,
    ...(mirror ? [mirror] : []),
  ]);
  await Deno.rename(building, OWN_ROOT);
  if (!await isComplete(OWN_ROOT)) throw new Error(`${OWN_ROOT} was built, but lacks programs`);
  log(`installed in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** The machine's Debian mirror; null leaves the choice to mmdebstrap, as on Ubuntu. */
export async function findOwnMirror(): Promise<string | null> {
  const files = ["/etc/apt/sources.list"];
  for await (const entry of Deno.readDir("/etc/apt/sources.list.d")) {
    if (/\.(list|sources)$/.test(entry.name)) files.push(`/etc/apt/sources.list.d/${entry.name}`);
  }
  const present: string[] = [];
  for (const file of files) if (await exists(file)) present.push(await Deno.readTextFile(file));
  const release = await Deno.readTextFile("/etc/os-release");
  if (!/^ID="?debian"?$/m.test(release)) return null;
  const codename = /^VERSION_CODENAME="?([a-z]+)/m.exec(release)?.[1] ?? RELEASE;
  return findDebianMirror(present.flatMap(parseAptSources), codename);
}

const join = (root: string, path: string): string => (root === "/" ? path : root + path);

function describeRoot(path: string): Root {
  return {
    path,
    outside: (inside) => join(path, inside),
    run: (user, command, ...args) =>
      run("chroot", [`--userspec=${user}:${user}`, path, command, ...args]),
  };
}
