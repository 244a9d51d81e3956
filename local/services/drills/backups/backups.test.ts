/**
 * Backups as docs/operations.md tells an operator to make them, and the way back: what a person deleted by mistake is
 * there again, what was acknowledged before it too, the audit log verifies, and the queue goes on.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { startStack } from "../../../stack.ts";
import { temporaryName } from "../../leftovers.ts";
import { type PostgresServer, startTestPostgres } from "../../postgres.ts";
import { run } from "../../processes.ts";
import { describeRecovery, loseTheMachine } from "./lose-the-machine.ts";
import { ensureRoot, POSTGRES_BIN, type Root, STATE_FOLDER } from "../../root.ts";

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

Deno.test("a machine that is lost comes back from its backups, as it was last and before a mistake", async () => {
  console.log(describeRecovery(await loseTheMachine(2, 3)));
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
