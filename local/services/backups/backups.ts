/**
 * Backups of a server by pgBackRest: encrypted base backups, and the log as it is written, so that any moment since the
 * oldest backup can be restored. Each finished piece of the log is copied away at once, an unfinished one after
 * `ARCHIVE_TIMEOUT` seconds: that, and the time of copying, is what can be lost with the machine.
 */
import postgres from "postgres";
import { makeServerFolder, type PostgresServer, preparePostgres } from "../postgres.ts";
import { exists, run, waitUntil } from "../processes.ts";
import { ensureRoot, type Root, STATE_FOLDER } from "../root.ts";
import { providePgBackRest } from "./program.ts";

/** Seconds after which a piece of the log that somebody wrote to is copied away unfinished. */
export const ARCHIVE_TIMEOUT = 30;
/** Milliseconds: replaying a day's log may take as long as writing it did. */
const longestRecovery = 24 * 3600 * 1000;

/** What a repository is, and what opens it. */
export interface BackupOptions {
  /** Names the repository's folder; the servers of a test run have names of their own. */
  name: string;
  /** What the repository is encrypted with. Without it nothing can be restored. */
  key: string;
  /** More of pgBackRest's options, e.g. `repo1-type`: they come after ours and win. */
  options?: Record<string, string>;
  log?: (line: string) => void;
}

/** A base backup that is there. */
export interface KnownBackup {
  label: string;
  type: string;
  /** When it ended: moments from here on can be restored. */
  until: Date;
  /** Bytes in the repository, encrypted and compressed. */
  size: number;
}

/** One repository. */
export interface Backups {
  /**
   * Lets a running server archive its log here, every so many seconds at the latest.
   *
   * @throws NeedsRestart when the server must be restarted before it does
   */
  setUp(server: PostgresServer, archiveTimeout?: number): Promise<void>;
  /** Makes a backup of a server that was set up: `full`, or of what changed since (full, where there is none). */
  backUp(server: PostgresServer, type: "full" | "incr"): Promise<void>;
  list(): Promise<KnownBackup[]>;
  /** Compares every file of the repository with its checksum. */
  verify(): Promise<void>;
  /**
   * Makes a new server of a backup and the log, started and open for writing: as it was at a moment, by default the
   * last that was archived. It archives nothing until it is set up.
   *
   * @param at as Postgres reads a time; with its offset from UTC
   */
  restore(into: { name: string; port?: number; at?: string }): Promise<PostgresServer>;
  /** Removes the repository. */
  remove(): Promise<void>;
}

/** The server is told to archive, and begins to with its next start. */
export class NeedsRestart extends Error {
  override name = "NeedsRestart";
}

const STANZA = "groundwork";

/** Describes a repository. Nothing is made before it is used. */
export async function describeBackups(
  { name, key, options = {}, log = () => {} }: BackupOptions,
): Promise<Backups> {
  const root = await ensureRoot(log);
  const program = await providePgBackRest(root, log);
  const folder = `${STATE_FOLDER}/backups-${name}`;
  const config = `${folder}/pgbackrest.conf`;

  const pgBackRest = (command: string, ...args: string[]) =>
    // Our servers have no Unix socket.
    root.run(
      "postgres",
      ...["/usr/bin/env", "PGHOST=127.0.0.1", program, `--config=${config}`, `--stanza=${STANZA}`],
      ...args,
      command,
    );
  const of = (server: PostgresServer) => [
    `--pg1-path=${server.data}`,
    `--pg1-port=${server.port}`,
    "--pg1-user=supabase_admin",
    "--pg1-database=postgres",
  ];
  const withConfig = () => writeConfig(root, folder, { key, options });

  return {
    async setUp(server, archiveTimeout = ARCHIVE_TIMEOUT) {
      await withConfig();
      const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
      try {
        const command = [program, `--config=${config}`, `--stanza=${STANZA}`, "archive-push"];
        for (
          const [setting, value] of Object.entries({
            archive_mode: "on",
            archive_command: [...command, `--pg1-path=${server.data}`, "%p"].join(" "),
            archive_timeout: `${archiveTimeout}s`,
          })
        ) await sql.unsafe(`alter system set ${setting} = '${value}'`);
        await sql`select pg_reload_conf()`;
        const [row] = await sql<{ mode: string }[]>`select current_setting('archive_mode') as mode`;
        if (row?.mode === "off") throw new NeedsRestart("the server archives after its next start");
      } finally {
        await sql.end();
      }
      await pgBackRest("stanza-create", ...of(server));
      await pgBackRest("check", ...of(server));
    },
    async backUp(server, type) {
      await withConfig();
      await pgBackRest("backup", ...of(server), `--type=${type}`);
    },
    async list() {
      await withConfig();
      return readInfo(await pgBackRest("info", "--output=json"));
    },
    async verify() {
      await withConfig();
      const told = await pgBackRest("verify", "--output=text", "--verbose");
      if (!/status: ok/.test(told)) throw new Error(`the repository is damaged:\n${told}`);
    },
    async restore({ name, port, at }) {
      await withConfig();
      const server = await preparePostgres({ name, ...(port ? { port } : {}), log });
      if (await exists(root.outside(server.data))) {
        throw new Error(`there is a server called ${name} already: nothing is restored over it`);
      }
      await makeServerFolder(root, server.data.replace(/\/data$/, ""));
      const until = at === undefined
        ? []
        : ["--type=time", `--target=${at}`, "--target-action=promote"];
      try {
        await pgBackRest("restore", `--pg1-path=${server.data}`, "--archive-mode=off", ...until);
        await server.start();
        await waitUntilOpen(server);
        return server;
      } catch (error) {
        await server.remove();
        throw error;
      }
    },
    async remove() {
      await Deno.remove(root.outside(folder), { recursive: true });
    },
  };
}

/** pgBackRest's configuration. It has the key, and only Postgres's user reads it: its archiver has to. */
async function writeConfig(
  root: Root,
  folder: string,
  { key, options }: Required<Pick<BackupOptions, "key" | "options">>,
): Promise<void> {
  const settings = {
    "repo1-path": `${folder}/repository`,
    "repo1-cipher-type": "aes-256-cbc",
    "repo1-cipher-pass": key,
    "repo1-retention-full-type": "time",
    "repo1-retention-full": "14",
    "repo1-bundle": "y",
    "compress-type": "zst",
    "start-fast": "y",
    "archive-async": "y",
    "archive-timeout": "60",
    "process-max": "2",
    "spool-path": `${folder}/spool`,
    "lock-path": `${folder}/lock`,
    "log-path": folder,
    "log-level-file": "off",
    "log-level-console": "warn",
    ...options,
  };
  for (const made of [folder, `${folder}/repository`, `${folder}/spool`, `${folder}/lock`]) {
    await Deno.mkdir(root.outside(made), { recursive: true, mode: 0o700 });
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  const file = root.outside(`${folder}/pgbackrest.conf`);
  await Deno.writeTextFile(file, `[global]\n${lines.join("")}\n[${STANZA}]\n`, { mode: 0o600 });
  const own = [folder, `${folder}/repository`, `${folder}/spool`, `${folder}/lock`];
  await run("chroot", [
    root.path,
    "chown",
    "postgres:postgres",
    ...own,
    `${folder}/pgbackrest.conf`,
  ]);
}

function readInfo(text: string): KnownBackup[] {
  const [stanza] = JSON.parse(text) as {
    backup?: {
      label: string;
      type: string;
      timestamp: { stop: number };
      info: { repository: { delta: number } };
    }[];
  }[];
  return (stanza?.backup ?? []).map(({ label, type, timestamp, info }) => ({
    label,
    type,
    until: new Date(timestamp.stop * 1000),
    size: info.repository.delta,
  }));
}

/** Recovery is over when the server takes writes. */
async function waitUntilOpen(server: PostgresServer): Promise<void> {
  const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  try {
    await waitUntil("recovery has ended", async () => {
      const [row] = await sql<{ on: boolean }[]>`select pg_is_in_recovery() as on`;
      return row?.on === false;
    }, longestRecovery);
  } finally {
    await sql.end();
  }
}
