import { createHash } from "node:crypto";
import { findFreePort } from "../ports.ts";
import { copyOwnExtensions } from "./extensions.ts";
import { removeLeftovers, temporaryName } from "./leftovers.ts";
import {
  childrenOf,
  endProcess,
  exists,
  findOwnProcess,
  isRunning,
  run,
  waitUntil,
} from "./processes.ts";
import { ensureRoot, POSTGRES_BIN, type Root, STATE_FOLDER, withLock } from "./root.ts";

/** A Postgres 17 of our own: its data folder, its port, and the ways to start and end it. */
export interface PostgresServer {
  port: number;
  /** Connects as the superuser `supabase_admin`; loopback connections need no password. */
  adminUrl: string;
  /** The server's log, for when something went wrong. */
  logFile: string;
  /** Its data folder, inside the root. */
  data: string;
  isRunning(): Promise<boolean>;
  /** Starts it on the data that it has, an empty cluster the first time. Already running is fine. */
  start(): Promise<void>;
  /** Ends it in order; open connections are closed. Not running is fine. */
  stop(): Promise<void>;
  /** Ends it as a power cut does: SIGKILL to all its processes at once. */
  kill(): Promise<void>;
  /** Makes it an empty cluster again, and starts it. What it had is not written first. */
  reset(): Promise<void>;
  /** Ends it and removes its data, which is not written first. */
  remove(): Promise<void>;
}

/** How a server follows another one. */
export interface ReplicaOptions extends PostgresOptions {
  /** The server that it follows. */
  of: PostgresServer;
  /** Settings of its own, e.g. `recovery_min_apply_delay`. */
  settings?: Record<string, string>;
}

/** How a server is called and where it listens. */
export interface PostgresOptions {
  /** Names the data folder; servers that live as long as a test run have names of their own. */
  name: string;
  /** 0, the default, takes a free one. */
  port?: number;
  log?: (line: string) => void;
}

/**
 * Durable as in production (`fsync` stays on), sized for a machine that also runs the clients. Logged
 * logically, as on the platform: Realtime follows the log.
 * pg_cron serves one database by name, so each test run has a cluster of its own.
 */
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 512MB
effective_cache_size = 2GB
maintenance_work_mem = 256MB
max_wal_size = 4GB
wal_level = logical
jit = off
timezone = 'UTC'
shared_preload_libraries = 'pg_cron,pg_stat_statements'
cron.database_name = 'postgres'
cron.host = '127.0.0.1'
log_line_prefix = '%m [%p] %u %a '
`;

/** The platform's collation is ICU's: 'a' before 'B', and an order that the bytes do not tell. */
const INITDB = [
  "--username=supabase_admin",
  "--auth=trust",
  "--encoding=UTF8",
  "--locale=C.UTF-8",
  "--locale-provider=icu",
  "--icu-locale=en-US",
];

/**
 * An empty cluster with these settings and options. They are in its name: projects of other settings on the same
 * machine have one of their own.
 */
const TEMPLATE = `${STATE_FOLDER}/postgres-template-${
  createHash("sha256").update(SETTINGS + INITDB.join(" ")).digest("hex").slice(0, 8)
}`;

/** Prepares a server (installing Postgres where needed) without starting it. */
export async function preparePostgres(options: PostgresOptions): Promise<PostgresServer> {
  const log = options.log ?? (() => {});
  const root = await ensureRoot(log);
  await copyOwnExtensions(root);
  const port = options.port || findFreePort();
  const folder = `${STATE_FOLDER}/postgres-${options.name}`;
  const data = `${folder}/data`;
  const server = { root, port, folder, data, log };
  const logFile = root.outside(`${folder}/server.log`);

  return {
    port,
    adminUrl: `postgresql://supabase_admin@127.0.0.1:${port}/postgres`,
    logFile,
    data,
    isRunning: async () => await findPostmaster(root, data) !== null,
    start: () => start(server),
    stop: () => stop(root, data),
    kill: () => kill(root, data),
    async reset() {
      await abandon(root, data);
      await removeFolder(root.outside(data));
      await start(server);
    },
    async remove() {
      await abandon(root, data);
      await removeFolder(root.outside(folder));
    },
  };
}

/**
 * A server for one test run: an empty cluster on a free port, started. What runs that were
 * interrupted have left behind is ended and removed first.
 */
export async function startTestPostgres(log?: (line: string) => void): Promise<PostgresServer> {
  const root = await ensureRoot(log ?? (() => {}));
  await removeLeftovers(root);
  const server = await preparePostgres({ name: temporaryName(), log });
  await server.start();
  return server;
}

/** An empty folder of a server, which Postgres may fill. */
export async function makeServerFolder(root: Root, folder: string): Promise<void> {
  await removeFolder(root.outside(folder));
  await Deno.mkdir(root.outside(folder), { recursive: true });
  await run("chroot", [root.path, "chown", "postgres:postgres", folder]);
  await run("chroot", [root.path, "chmod", "700", folder]);
}

/**
 * A server that follows another one by streaming replication, started. Its name there (`synchronous_standby_names`) is
 * its own name.
 */
export async function startReplica({ of, settings, ...options }: ReplicaOptions) {
  const replica = await preparePostgres(options);
  const root = await ensureRoot(options.log ?? (() => {}));
  const folder = `${STATE_FOLDER}/postgres-${options.name}`;
  await makeServerFolder(root, folder);
  const source = `${of.adminUrl}?application_name=${options.name}`;
  await root.run(
    "postgres",
    `${POSTGRES_BIN}/pg_basebackup`,
    ...[
      `--dbname=${source}`,
      `--pgdata=${folder}/data`,
      "--checkpoint=fast",
      "--wal-method=stream",
    ],
    "--write-recovery-conf",
  );
  const lines = Object.entries({ cluster_name: options.name, ...settings })
    .map(([name, value]) => `${name} = '${value}'\n`);
  await Deno.writeTextFile(root.outside(`${folder}/data/postgresql.auto.conf`), lines.join(""), {
    append: true,
  });
  await replica.start();
  return replica;
}

async function start(
  { root, port, folder, data, log }: {
    root: Root;
    port: number;
    folder: string;
    data: string;
    log: (line: string) => void;
  },
): Promise<void> {
  if (await findPostmaster(root, data) !== null) return;
  if (!await exists(root.outside(`${data}/PG_VERSION`))) {
    await withLock("postgres-template", () => ensureTemplate(root, log));
    await removeFolder(root.outside(data));
    await Deno.mkdir(root.outside(folder), { recursive: true });
    await run("chown", ["--reference", root.outside(TEMPLATE), root.outside(folder)]);
    await run("cp", ["-a", "--reflink=auto", root.outside(TEMPLATE), root.outside(data)]);
  }
  await root.run(
    "postgres",
    `${POSTGRES_BIN}/pg_ctl`,
    ...["start", "--wait", "--silent", "--timeout=60"],
    ...[`--pgdata=${data}`, `--log=${folder}/server.log`, `--options=-p ${port}`],
  ).catch(async (error) => {
    const said = await Deno.readTextFile(root.outside(`${folder}/server.log`)).catch(() => "");
    throw new Error(`Postgres on port ${port} did not start:\n${lastLines(said)}`, {
      cause: error,
    });
  });
}

const lastLines = (text: string): string => text.trim().split("\n").slice(-8).join("\n");

async function stop(root: Root, data: string): Promise<void> {
  const pid = await findPostmaster(root, data);
  if (pid !== null) await endProcess(pid, "SIGINT"); // "fast" shutdown: does not wait for clients
}

/** Ends it where its data goes next: writing what is in memory to the disk takes minutes on a large one. */
async function abandon(root: Root, data: string): Promise<void> {
  const pid = await findPostmaster(root, data);
  if (pid !== null) await endProcess(pid, "SIGQUIT"); // "immediate" shutdown
}

async function kill(root: Root, data: string): Promise<void> {
  const pid = await findPostmaster(root, data);
  if (pid === null) return;
  const everyProcess = [pid, ...await childrenOf(pid)];
  for (const each of everyProcess) {
    try {
      Deno.kill(each, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // a backend that ended by itself
    }
  }
  await waitUntil("the killed Postgres is gone", async () => {
    const stillThere = await Promise.all(everyProcess.map(isRunning));
    return !stillThere.includes(true);
  });
  // Until its parent has taken note of its end a killed process still has its number, and Postgres
  // would believe that this lock is held.
  await Deno.remove(root.outside(`${data}/postmaster.pid`));
}

const findPostmaster = (root: Root, data: string): Promise<number | null> =>
  findOwnProcess(root.outside(`${data}/postmaster.pid`), root.outside(data));

/** An initdb'ed cluster that is only ever copied: a copy takes a tenth of the time of initdb. */
async function ensureTemplate(root: Root, log: (line: string) => void): Promise<void> {
  const path = root.outside(TEMPLATE);
  const settings = await Deno.readTextFile(`${path}/groundwork.conf`).catch(() => null);
  if (settings === SETTINGS) return;
  log("making an empty Postgres cluster");
  const making = `${TEMPLATE}.making-${Deno.pid}`;
  await Deno.mkdir(root.outside(making), { recursive: true });
  await run("chroot", [root.path, "chown", "postgres:postgres", making]);
  await root.run(
    "postgres",
    `${POSTGRES_BIN}/initdb`,
    ...[`--pgdata=${making}`, ...INITDB],
  );
  const configuration = root.outside(`${making}/postgresql.conf`);
  await Deno.writeTextFile(configuration, "include 'groundwork.conf'\n", { append: true });
  await Deno.writeTextFile(root.outside(`${making}/groundwork.conf`), SETTINGS);
  await removeFolder(path);
  await Deno.rename(root.outside(making), path);
}

async function removeFolder(path: string): Promise<void> {
  if (await exists(path)) await Deno.remove(path, { recursive: true });
}
