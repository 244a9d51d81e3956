import assert from "node:assert/strict";
import postgres from "postgres";
import { startTestPostgres } from "../postgres.ts";

Deno.test("a killed Postgres comes back with everything that it acknowledged", async () => {
  const server = await startTestPostgres();
  try {
    const before = postgres(server.adminUrl, { max: 1 });
    await before`create table kept (n int)`;
    await before`insert into kept select generate_series(1, 1000)`;
    const [{ fsync }] = await before<[{ fsync: string }]>`select current_setting('fsync') as fsync`;
    assert.equal(fsync, "on");
    await server.kill();
    assert.equal(await server.isRunning(), false);
    await before.end({ timeout: 0 });

    await server.start();
    const after = postgres(server.adminUrl, { max: 1 });
    const [{ count }] = await after<[{ count: number }]>`select count(*)::int as count from kept`;
    await after.end();
    assert.equal(count, 1000);
  } finally {
    await server.remove();
  }
});

Deno.test("a reset Postgres is an empty cluster on the same port", async () => {
  const server = await startTestPostgres();
  try {
    const before = postgres(server.adminUrl, { max: 1 });
    await before`create table gone ()`;
    await before`create role gone`;
    await before.end();

    const { port } = server;
    await server.reset();
    assert.equal(server.port, port);
    const after = postgres(server.adminUrl, { max: 1 });
    const [found] = await after`
      select to_regclass('public.gone') as relation,
        (select count(*)::int from pg_roles where rolname = 'gone') as roles`;
    await after.end();
    assert.deepEqual({ ...found }, { relation: null, roles: 0 });
  } finally {
    await server.remove();
  }
});

Deno.test("a removed Postgres leaves neither a process nor a folder", async () => {
  const server = await startTestPostgres();
  const stat = await Deno.stat(server.logFile);
  assert.ok(stat.isFile);
  await server.remove();
  assert.equal(await server.isRunning(), false);
  await assert.rejects(Deno.stat(server.logFile), Deno.errors.NotFound);
});
