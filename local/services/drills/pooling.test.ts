import assert from "node:assert/strict";
import postgres from "postgres";
import { startTestPgBouncer } from "../pgbouncer.ts";
import { startTestPostgres } from "../postgres.ts";

Deno.test("the pooler lends a server connection for one transaction only", async () => {
  const server = await startTestPostgres();
  const admin = postgres(server.adminUrl, { max: 1 });
  const pooler = await startTestPgBouncer(server.port);
  const clients = postgres(pooler.url, { max: 60, prepare: false });
  try {
    await admin`create role postgres login`;
    // Sixty clients inside sixty transactions need sixty connections; one after the other they share
    // the pool's twenty.
    const pids = await Promise.all(
      Array.from({ length: 60 }, () => clients<[{ pid: number }]>`select pg_backend_pid() as pid`),
    );
    const distinct = new Set(pids.map(([{ pid }]) => pid));
    assert.ok(distinct.size <= 20, `${distinct.size} server connections for 60 clients`);
  } finally {
    await clients.end({ timeout: 1 });
    await admin.end();
    await pooler.remove();
    await server.remove();
  }
});
