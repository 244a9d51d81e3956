/**
 * A server is killed while people write, and its disk is gone. It comes back from the repository: as it was last, and
 * as it was before a mistake. Both are measured.
 *
 * `npm run recovery -- [--seconds 120]` is the long form, with the archive's real timeout; `npm test` runs a short one.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { onLostConnection } from "../../../database/lost-connections.ts";
import { ARCHIVE_TIMEOUT, describeBackups, NeedsRestart } from "../../backups/backups.ts";
import { checkByRestoring } from "../../backups/check.ts";
import { hashTables } from "../../backups/table-hashes.ts";
import { temporaryName } from "../../leftovers.ts";
import { type PostgresServer, startTestPostgres } from "../../postgres.ts";
import { waitUntil } from "../../processes.ts";
import { startStack } from "../../../stack.ts";

const ACME = "00000000-0000-4000-b000-000000000001";

/** What was measured. */
export interface Recovery {
  /** Writes that were acknowledged after the mistake, and those of them that are not in the newest restore. */
  acknowledged: number;
  lost: number;
  /** Seconds between the last acknowledged write and the last one that was restored. */
  rpo: number;
  /** Seconds from the kill until the restored server took writes: as it was last, and at a moment. */
  rtoLatest: number;
  rtoAtMoment: number;
  /** Tables whose hash was compared with that of the moment, and bytes of all backups in the repository. */
  tables: number;
  repositoryBytes: number;
}

onLostConnection(() => {}); // servers are killed here: whoever asks is refused, and that is enough

const connect = (server: PostgresServer) =>
  postgres(server.adminUrl, { max: 2, onnotice: () => {}, connect_timeout: 5 });

/** A database with the migrations and the seed, whose scheduled jobs stand still: what is compared must not move. */
async function startDatabase(): Promise<PostgresServer> {
  const server = await startTestPostgres();
  const stack = await startStack({
    dbUrl: server.adminUrl,
    stateDir: null,
    apiPort: 0,
    redis: "none",
  });
  await stack.stop();
  const sql = connect(server);
  await sql.unsafe("alter system set cron.launch_active_jobs = off");
  await sql`select pg_reload_conf()`;
  await sql`create table private.drill_writes (n integer primary key, at timestamptz not null)`;
  await sql.end();
  return server;
}

interface Acknowledged {
  n: number;
  at: number;
}

/** Writes all along, until the server is gone. */
function startWriting(server: PostgresServer) {
  const sql = connect(server);
  const acknowledged: Acknowledged[] = [];
  const writing = (async () => {
    for (let n = 1;; n++) {
      try {
        await sql`insert into private.drill_writes values (${n}, clock_timestamp())`;
        acknowledged.push({ n, at: Date.now() });
        await new Promise((resolve) => setTimeout(resolve, 10));
      } catch {
        return; // killed
      }
    }
  })();
  return {
    acknowledged,
    async end() {
      await writing;
      await sql.end({ timeout: 0 });
    },
  };
}

/** Waits until so much of the log is archived that it has what was acknowledged until now. */
async function untilArchived(sql: postgres.Sql): Promise<void> {
  const [{ segment }] = await sql<[{ segment: string }]>`
    select pg_walfile_name(pg_current_wal_insert_lsn()) as segment`;
  await waitUntil("the log is archived", async () => {
    const [row] = await sql<{ last: string | null }[]>`
      select last_archived_wal as last from pg_stat_archiver`;
    return (row?.last ?? "") >= segment;
  }, 120_000);
}

async function markersOf(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ marker: string }[]>`
    select detail ->> 'marker' as marker from public.audit_log where action = 'drill.entry' order by id`;
  return rows.map(({ marker }) => marker);
}

const mark = (sql: postgres.Sql, marker: string) =>
  sql`insert into public.audit_log (workspace_id, action, detail)
    values (${ACME}, 'drill.entry', ${sql.json({ marker })})`;

/** Does all of it. @param archiveTimeout seconds @param seconds that people write after the mistake */
export async function loseTheMachine(archiveTimeout: number, seconds: number): Promise<Recovery> {
  await using ends = new AsyncDisposableStack();
  const key = crypto.randomUUID();
  const name = temporaryName();
  const backups = await describeBackups({ name, key });
  const server = await startDatabase();
  ends.defer(() => server.remove());
  await assert.rejects(backups.setUp(server, archiveTimeout), NeedsRestart);
  ends.defer(() => backups.remove());
  await server.stop();
  await server.start();
  await backups.setUp(server, archiveTimeout);
  const sql = connect(server);

  await mark(sql, "before the backup");
  await backups.backUp(server, "full");
  const { tables } = await checkByRestoring(backups);
  await mark(sql, "after the backup");
  await sql`select private.seal_audit_log()`;
  const before = await hashTables(sql);
  assert.equal(Object.keys(before).length, tables);
  const [{ moment }] = await sql<[{ moment: string }]>`
    select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US+00') as moment`;

  // The mistake: a tenant deleted for good, and its log. People write on; an incremental backup has the mistake too.
  await sql`delete from public.workspaces where id = ${ACME}`;
  await sql`alter table public.audit_log disable trigger refuse_change`;
  await sql`delete from public.audit_log`;
  const writing = startWriting(server);
  await backups.backUp(server, "incr");
  await waitUntil("people have written", () => Promise.resolve(writing.acknowledged.length > 50));
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const certain = writing.acknowledged.length;
  await untilArchived(sql);
  // Anywhere between two pieces of the log.
  await new Promise((resolve) => setTimeout(resolve, Math.random() * archiveTimeout * 1000));

  await server.kill();
  const killedAt = Date.now();
  await writing.end();
  await sql.end({ timeout: 0 });
  await server.remove(); // its disk

  const latest = await backups.restore({ name: temporaryName() });
  ends.defer(() => latest.remove());
  const rtoLatest = (Date.now() - killedAt) / 1000;
  const { acknowledged } = writing;
  const now = connect(latest);
  const kept = new Set(
    (await now<{ n: number }[]>`select n from private.drill_writes`).map(({ n }) => n),
  );
  await now.end();
  const lost = acknowledged.filter(({ n }) => !kept.has(n));
  assert.deepEqual(lost.filter(({ n }) => n <= certain), [], "whatever was archived is there");
  const lastKept = acknowledged.findLast(({ n }) => kept.has(n));

  const begun = Date.now();
  const then = await backups.restore({ name: temporaryName(), at: moment });
  ends.defer(() => then.remove());
  const rtoAtMoment = (Date.now() - begun) / 1000;
  const restored = connect(then);
  try {
    assert.deepEqual(await hashTables(restored), before, "every table is as it was at the moment");
    assert.deepEqual(await markersOf(restored), ["before the backup", "after the backup"]);
    // The chain holds, and goes on.
    await mark(restored, "after the recovery");
    await restored`select private.seal_audit_log()`;
    const [verdict] = await restored`
      select is_valid from public.verify_audit_log(${ACME})`;
    assert.equal(verdict?.is_valid, true);
    const [open] = await restored`
      select count(*)::int as n from public.audit_log as entry
      where entry.workspace_id = ${ACME} and not exists (
        select from public.audit_seals as seal
        where seal.workspace_id = entry.workspace_id and entry.id between seal.first_id and seal.last_id)`;
    assert.equal(open?.n, 0, "every entry is sealed, also those made after the recovery");
  } finally {
    await restored.end();
  }

  const wrong = await describeBackups({ name, key: "another key" });
  await assert.rejects(
    wrong.restore({ name: temporaryName() }),
    "without the key there is nothing",
  );
  // With the right one again. The newest state has the mistake: the check that restores it says so.
  await assert.rejects(checkByRestoring(backups), /audit logs do not verify/);

  return {
    acknowledged: acknowledged.length,
    lost: lost.length,
    rpo: ((acknowledged.at(-1)?.at ?? 0) - (lastKept?.at ?? 0)) / 1000,
    rtoLatest,
    rtoAtMoment,
    tables,
    repositoryBytes: (await backups.list()).reduce((sum, { size }) => sum + size, 0),
  };
}

/** Says what was measured. */
export function describeRecovery(of: Recovery): string {
  return `${of.acknowledged} writes acknowledged, ${of.lost} lost with the machine: RPO ${
    of.rpo.toFixed(1)
  } s. RTO ${of.rtoLatest.toFixed(1)} s to the newest state, ${
    of.rtoAtMoment.toFixed(1)
  } s to a moment, at which ${of.tables} tables have the same hash. Repository: ${
    (of.repositoryBytes / 2 ** 20).toFixed(1)
  } MiB.`;
}

if (import.meta.main) {
  const seconds = Number(/--seconds[ =](\d+)/.exec(Deno.args.join(" "))?.[1] ?? 120);
  console.log(describeRecovery(await loseTheMachine(ARCHIVE_TIMEOUT, seconds)));
}
