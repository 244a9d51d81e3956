/**
 * Backups as docs/operations.md tells an operator to make them, and the way back: what a person deleted by mistake is
 * there again, what was acknowledged before it too, the audit log verifies, and the queue goes on.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { startStack } from "../../stack.ts";
import { temporaryName } from "../leftovers.ts";
import { type PostgresServer, preparePostgres, startTestPostgres } from "../postgres.ts";
import { run, waitUntil } from "../processes.ts";
import { ensureRoot, POSTGRES_BIN, type Root, STATE_FOLDER } from "../root.ts";

const ACME = "00000000-0000-4000-b000-000000000001";

/** A database with the project's migrations and seed, and what it takes to end it. */
async function startDatabase(): Promise<{ server: PostgresServer; sql: postgres.Sql }> {
  const server = await startTestPostgres();
  const stack = await startStack({
    dbUrl: server.adminUrl,
    stateDir: null,
    apiPort: 0,
    redis: "none",
  });
  await stack.stop();
  return { server, sql: postgres(server.adminUrl, { max: 1, onnotice: () => {} }) };
}

/** A folder inside the root that Postgres may write to. */
async function makeFolder(root: Root, name: string): Promise<string> {
  const inside = `${STATE_FOLDER}/${name}-${temporaryName()}`;
  await Deno.mkdir(root.outside(inside), { recursive: true });
  await run("chroot", [root.path, "chown", "postgres:postgres", inside]);
  await run("chroot", [root.path, "chmod", "700", inside]);
  return inside;
}

async function addWork(sql: postgres.Sql, marker: string): Promise<void> {
  await sql`
    insert into public.audit_log (workspace_id, action, detail)
    values (${ACME}, 'drill.entry', ${sql.json({ marker })})`;
}

async function markers(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ marker: string }[]>`
    select detail ->> 'marker' as marker from public.audit_log
    where action = 'drill.entry' order by id`;
  return rows.map(({ marker }) => marker);
}

Deno.test("a base backup and the archived log bring back the moment before a mistake", async () => {
  const root = await ensureRoot(() => {});
  const { server, sql } = await startDatabase();
  const archive = await makeFolder(root, "archive");
  const backup = await makeFolder(root, "backup");
  const restored = await preparePostgres({ name: temporaryName() });
  try {
    await sql.unsafe(`alter system set archive_mode = on`);
    await sql.unsafe(`alter system set archive_command = 'cp %p ${archive}/%f'`);
    await sql.end();
    await server.stop();
    await server.start();
    const live = postgres(server.adminUrl, { max: 1, onnotice: () => {} });

    await addWork(live, "before the backup");
    await root.run(
      "postgres",
      `${POSTGRES_BIN}/pg_basebackup`,
      ...[`--dbname=${server.adminUrl}`, `--pgdata=${backup}`, "--checkpoint=fast"],
    );
    await addWork(live, "after the backup");
    await live`select private.seal_audit_log()`;
    const [{ moment }] = await live<[{ moment: string }]>`
      select clock_timestamp()::text as moment`;
    // The mistake: a tenant deleted for good, and work after it.
    await live`delete from public.workspaces where id = ${ACME}`;
    await live`alter table public.audit_log disable trigger refuse_change`;
    await live`delete from public.audit_log`;
    await live`select pg_switch_wal()`;
    const [{ segment }] = await live<[{ segment: string }]>`
      select pg_walfile_name(pg_current_wal_lsn() - 1) as segment`;
    await waitUntil("the log is archived", async () => {
      const [row] = await live<{ last: string | null }[]>`
        select last_archived_wal as last from pg_stat_archiver`;
      return row?.last !== null && row !== undefined && row.last >= segment;
    });
    await live.end();
    await server.stop();

    const data = restored.logFile.replace(/server\.log$/, "data");
    await run("mkdir", ["-p", data]);
    await run("cp", ["-a", `${root.outside(backup)}/.`, data]);
    await run("chown", ["-R", "--reference", root.outside(backup), data.replace(/\/data$/, "")]);
    await run("chmod", ["700", data]);
    await Deno.writeTextFile(
      `${data}/postgresql.auto.conf`,
      [
        `restore_command = 'cp ${archive}/%f %p'`,
        `recovery_target_time = '${moment}'`,
        `recovery_target_action = 'promote'`,
        "",
      ].join("\n"),
    );
    await Deno.writeTextFile(`${data}/recovery.signal`, "");
    await restored.start();
    const after = postgres(restored.adminUrl, { max: 1, onnotice: () => {} });
    try {
      await waitUntil("recovery has ended", async () => {
        const [row] = await after<{ on: boolean }[]>`select pg_is_in_recovery() as on`;
        return row?.on === false;
      });
      assert.deepEqual(await markers(after), ["before the backup", "after the backup"]);
      const [acme] = await after`select name from public.workspaces where id = ${ACME}`;
      assert.equal(acme?.name, "Acme");
      // The chain holds, and goes on.
      await addWork(after, "after the recovery");
      await after`select private.seal_audit_log()`;
      const [verdict] = await after`
        select is_valid, entries from public.verify_audit_log(${ACME})`;
      assert.equal(verdict?.is_valid, true);
      const [open] = await after`
        select count(*)::int as n from public.audit_log as entry
        where entry.workspace_id = ${ACME} and not exists (
          select from public.audit_seals as seal
          where seal.workspace_id = entry.workspace_id and entry.id between seal.first_id and seal.last_id)`;
      assert.equal(open?.n, 0, "every entry is sealed, also those made after the recovery");
    } finally {
      await after.end();
    }
  } finally {
    await server.remove();
    await restored.remove();
    for (const folder of [archive, backup]) {
      await Deno.remove(root.outside(folder), { recursive: true });
    }
  }
});

Deno.test("a logical dump of the data goes back into a database that the migrations made", async () => {
  const root = await ensureRoot(() => {});
  const source = await startDatabase();
  const dump = await makeFolder(root, "dump");
  try {
    await addWork(source.sql, "in the dump");
    const tables = ["workspaces", "profiles", "members", "agents", "permissions", "audit_log"];
    const count = async (sql: postgres.Sql) => {
      const counts: Record<string, number> = {};
      for (const table of tables) {
        const [row] = await sql`select count(*)::int as n from ${sql(`public.${table}`)}`;
        counts[table] = row?.n;
      }
      return counts;
    };
    const before = await count(source.sql);
    await root.run(
      "postgres",
      `${POSTGRES_BIN}/pg_dump`,
      ...[`--dbname=${source.server.adminUrl}`, `--file=${dump}/data.dump`, "--format=custom"],
      ...["--data-only", "--schema=public", "--schema=private", "--schema=auth"],
    );

    const target = await startTestPostgres();
    try {
      const stack = await startStack({
        dbUrl: target.adminUrl,
        stateDir: null,
        apiPort: 0,
        redis: "none",
        seed: false,
      });
      await stack.stop();
      const sql = postgres(target.adminUrl, { max: 1, onnotice: () => {} });
      try {
        // What the migrations themselves wrote would collide with its copy in the dump.
        const [own] = await sql<{ names: string }[]>`
          select string_agg(c.oid::regclass::text, ', ') as names from pg_class as c
          where c.relkind = 'r' and not c.relispartition
            and (c.relnamespace in ('private'::regnamespace, 'auth'::regnamespace)
              or c.oid in ('public.plans'::regclass, 'public.plan_limits'::regclass))`;
        await sql.unsafe(`truncate ${own?.names} cascade`);
        await root.run(
          "postgres",
          `${POSTGRES_BIN}/pg_restore`,
          ...[`--dbname=${target.adminUrl}`, "--data-only", "--disable-triggers"],
          ...["--single-transaction", `${dump}/data.dump`],
        );
        assert.deepEqual(await count(sql), before);
        assert.deepEqual(await markers(sql), ["in the dump"]);
      } finally {
        await sql.end();
      }
    } finally {
      await target.remove();
    }
  } finally {
    await source.sql.end();
    await source.server.remove();
    await Deno.remove(root.outside(dump), { recursive: true });
  }
});
