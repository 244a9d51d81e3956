/** Two cells on real servers, as two projects are: of one region, each with its range of ids, known to each other. */
import postgres from "postgres";
import { type PostgresServer, preparePostgres } from "../../services/postgres.ts";
import { removeLeftovers, temporaryName } from "../../services/leftovers.ts";
import { ensureRoot } from "../../services/root.ts";
import { type Stack, startStack } from "../../stack.ts";

export type Sql = postgres.Sql<{ bigint: number }>;

export interface Cell {
  name: string;
  server: PostgresServer;
  /** Storage and its key. */
  stack: Stack;
  /** As the owner, who is no superuser: with a password, which the target's server needs, too. */
  url: string;
  /** As the server's superuser, for the drill's own questions. */
  admin: Sql;
}

/** More than the platform gives, so that two cores copy fifty tables in seconds. */
const SETTINGS = [
  "max_worker_processes = 24",
  "max_logical_replication_workers = 12",
  "max_sync_workers_per_subscription = 6",
  "wal_retrieve_retry_interval = 200",
];

export const connect = (url: string, max = 2): Sql =>
  postgres(url, {
    max,
    prepare: false,
    onnotice: () => {},
    connect_timeout: 5,
    backoff: () => 0.1,
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  });

async function startCell(name: string, others: string[], range: number): Promise<Cell> {
  const server = await preparePostgres({ name: temporaryName() });
  await server.start();
  const data = server.logFile.replace(/server\.log$/, "data");
  const rules = await Deno.readTextFile(`${data}/pg_hba.conf`);
  await Deno.writeTextFile(
    `${data}/pg_hba.conf`,
    `host all postgres 127.0.0.1/32 scram-sha-256\n${rules}`,
  );
  const first = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  for (const setting of SETTINGS) await first.unsafe(`alter system set ${setting}`);
  await first`create role postgres login createdb createrole replication bypassrls password 'drill'`;
  await first.end();
  await server.stop();
  await server.start();
  const url = `postgresql://postgres:drill@127.0.0.1:${server.port}/postgres`;
  const stack = await startStack({
    dbUrl: server.adminUrl,
    poolerUrl: url,
    stateDir: null,
    apiPort: 0,
    dbPort: 0,
    redis: "auto",
    seed: range === 0,
    functionEnv: { GROUNDWORK_LOG_REQUESTS: "failed" },
  });
  const admin = connect(server.adminUrl);
  await admin`select cron.alter_job(jobid, active => false) from cron.job`; // nobody writes but the drill
  if (range > 0) {
    await admin`select private.take_id_range(${range})`;
    await admin`
      insert into public.connection_providers (name, display_name, authorize_url, token_url, client_id,
        client_authentication) values ('calendar', 'Calendar', 'https://calendar.example/authorize',
        'https://calendar.example/token', 'groundwork', 'none')`;
  }
  for (const cell of others) {
    await admin`select public.set_cell(${cell}, ${`http://127.0.0.1:1${range}`}, 'eu')`;
  }
  await admin`select public.name_this_cell(${name})`;
  return { name, server, stack, url, admin };
}

/** Starts both; the first has the seed's workspaces. */
export async function startTwoCells(ends: AsyncDisposableStack): Promise<[Cell, Cell]> {
  await removeLeftovers(await ensureRoot(() => {}));
  Deno.env.set("PGPASSWORD", "drill"); // for the stacks, which connect as the owner, too
  const names = ["drill-a", "drill-b"];
  const cells: Cell[] = [];
  for (const [range, name] of names.entries()) {
    const cell = await startCell(name, names, range);
    ends.defer(async () => {
      await cell.admin.end({ timeout: 1 });
      await cell.stack.stop();
      await cell.server.remove();
    });
    cells.push(cell);
  }
  return cells as [Cell, Cell];
}
