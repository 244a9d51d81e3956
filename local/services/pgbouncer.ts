import { findFreePort, isAnswering } from "../ports.ts";
import { temporaryName } from "./leftovers.ts";
import { endProcess, findOwnProcess, run, waitUntil } from "./processes.ts";
import { ensureRoot, type Root, STATE_FOLDER } from "./root.ts";

/**
 * Transaction mode, as the platform's pooler has it: whatever a session keeps (settings, locks,
 * named statements) is gone with the transaction, and code that relies on it shall fail here.
 */
const settings = (folder: string, port: number, postgresPort: number): string => `
[databases]
* = host=127.0.0.1 port=${postgresPort}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
pool_mode = transaction
max_prepared_statements = 0
auth_type = trust
auth_file = ${folder}/users.txt
default_pool_size = 20
max_client_conn = 1000
server_login_retry = 1
ignore_startup_parameters = extra_float_digits,search_path,application_name
pidfile = ${folder}/pgbouncer.pid
logfile = ${folder}/pgbouncer.log
`;

const USERS = ["supabase_admin", "postgres", "authenticator"];

/** A PgBouncer before a Postgres server; `name` tells several apart. */
export function describePgBouncer(
  root: Root,
  { name, port, postgresPort }: { name: string; port: number; postgresPort: number },
) {
  const inside = `${STATE_FOLDER}/pgbouncer-${name}`;
  const folder = root.outside(inside);
  const find = () => findOwnProcess(`${folder}/pgbouncer.pid`, folder);
  return {
    port,
    /** Where its configuration and log are, seen from outside its root. */
    folder,
    url: `postgresql://postgres@127.0.0.1:${port}/postgres`,
    isRunning: async () => await find() !== null,
    async start(): Promise<void> {
      if (await find() !== null) return;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/pgbouncer.ini`, settings(inside, port, postgresPort));
      await Deno.writeTextFile(
        `${folder}/users.txt`,
        USERS.map((user) => `"${user}" ""\n`).join(""),
      );
      await run("chroot", [root.path, "chown", "-R", "postgres:postgres", inside]);
      // Its working folder is how its process is recognised as ours.
      const command = `cd ${inside} && exec /usr/sbin/pgbouncer -q -d pgbouncer.ini`;
      await root.run("postgres", "/bin/sh", "-c", command);
      await waitUntil(`PgBouncer listens on port ${port}`, () => isAnswering(port));
    },
    async stop(): Promise<void> {
      const pid = await find();
      // At once: on SIGTERM it would wait until every client has left.
      if (pid !== null) await endProcess(pid, "SIGQUIT");
    },
    /** Ends it as a crash does. */
    async kill(): Promise<void> {
      const pid = await find();
      if (pid === null) return;
      await endProcess(pid, "SIGKILL");
      // Until its parent has taken note of its end it would believe that it runs already.
      await Deno.remove(`${folder}/pgbouncer.pid`);
    },
  };
}

/** A PgBouncer for one test run, on a free port, before a server of that run. */
export async function startTestPgBouncer(
  postgresPort: number,
): Promise<
  { url: string; kill(): Promise<void>; start(): Promise<void>; remove(): Promise<void> }
> {
  const root = await ensureRoot(() => {});
  const name = temporaryName();
  const pgbouncer = describePgBouncer(root, { name, port: findFreePort(), postgresPort });
  await pgbouncer.start();
  return {
    url: pgbouncer.url,
    kill: pgbouncer.kill,
    start: pgbouncer.start,
    async remove() {
      await pgbouncer.stop();
      await Deno.remove(pgbouncer.folder, { recursive: true });
    },
  };
}
