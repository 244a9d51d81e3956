/**
 * The primary is killed while people write, and the replica is promoted: what was acknowledged is there. With
 * `synchronous_standby_names` all of it; without, all that had arrived, and the test shows what had not.
 */
import assert from "node:assert/strict";
import postgres from "postgres";
import { app as memory } from "../../../../supabase/functions/memory/index.ts";
import { temporaryName } from "../../leftovers.ts";
import { type PostgresServer, startReplica } from "../../postgres.ts";
import { waitUntil } from "../../processes.ts";
import { ACME, startPair } from "./pair.ts";

const writers = 8;
const connect = (server: PostgresServer, max = 1) =>
  postgres(server.adminUrl, { max, onnotice: () => {}, connect_timeout: 5, max_lifetime: null });

/** Writes numbers until it is told to stop or the server is gone; returns those that were acknowledged. */
function startWriting(server: PostgresServer, first: number) {
  const sql = connect(server, writers);
  const acknowledged: number[] = [];
  let next = first;
  let isOver = false;
  const all = Promise.all(Array.from({ length: writers }, async () => {
    while (!isOver) {
      const n = next++;
      try {
        await sql`insert into private.drill_numbers values (${n})`;
        acknowledged.push(n);
      } catch {
        return; // the server was killed: nobody was told that this one is kept
      }
    }
  }));
  return {
    acknowledged,
    async stop() {
      isOver = true;
      await all;
      await sql.end({ timeout: 0 });
    },
  };
}

async function numbersOf(server: PostgresServer): Promise<Set<number>> {
  const sql = connect(server);
  try {
    const rows = await sql<{ n: number }[]>`select n from private.drill_numbers`;
    return new Set(rows.map(({ n }) => n));
  } finally {
    await sql.end();
  }
}

async function promote(server: PostgresServer): Promise<void> {
  const sql = connect(server);
  try {
    const [row] = await sql<{ promoted: boolean }[]>`select pg_promote(true, 30) as promoted`;
    assert.equal(row?.promoted, true);
  } finally {
    await sql.end();
  }
}

async function set(server: PostgresServer, name: string, value: string): Promise<void> {
  const sql = connect(server);
  try {
    await sql.unsafe(`alter system set ${name} = '${value}'`);
    await sql`select pg_reload_conf()`;
  } finally {
    await sql.end();
  }
}

Deno.test("a killed primary's replica is promoted, and what was acknowledged is there", async (test) => {
  await using pair = await startPair();
  const { primary, replica, name } = pair;
  await using next = new AsyncDisposableStack();
  await pair.onPrimary`create table private.drill_numbers (n integer primary key)`;

  await test.step("all of it, where the primary waits for the replica", async () => {
    await set(primary, "synchronous_standby_names", `"${name}"`);
    await waitUntil("the replica is waited for", async () => {
      const [row] = await pair.onPrimary<{ is: boolean }[]>`
        select bool_or(sync_state = 'sync') as is from pg_stat_replication`;
      return row?.is === true;
    });
    const writing = startWriting(primary, 1);
    await waitUntil("people write", () => Promise.resolve(writing.acknowledged.length > 500));
    await primary.kill();
    await writing.stop();
    await promote(replica);
    const kept = await numbersOf(replica);
    const lost = writing.acknowledged.filter((n) => !kept.has(n));
    console.log(`synchronous: ${writing.acknowledged.length} acknowledged, ${lost.length} lost`);
    assert.deepEqual(lost, []);
  });

  await test.step("the functions that know the new primary go on, and do not ask it as a replica", async () => {
    await using isolate = pair.startIsolate(replica, [primary, replica]);
    const body = { workspace_id: ACME, content: `Outlived ${crypto.randomUUID()}.` };
    const written = await isolate.ask(memory, "POST", "/memory", { body });
    assert.equal(written.status, 201, JSON.stringify(written.body));
    // A position that the old primary told and that was lost with it lies beyond this log: there is an answer.
    for (const consistency of [`at-least:${written.position}`, "at-least:FFFF/0"]) {
      const read = await isolate.ask(memory, "POST", "/memory/search", {
        body: { workspace_id: ACME, query: body.content, limit: 100 },
        consistency,
      });
      assert.deepEqual([read.status, read.source], [200, "database"]);
      const found = read.body.memories.map(({ content }: { content: string }) => content);
      assert.ok(found.includes(body.content));
    }
  });

  await test.step("without waiting, what had not arrived is lost, and nothing else", async () => {
    await set(replica, "synchronous_standby_names", "");
    const second = await startReplica({ of: replica, name: temporaryName() });
    next.defer(() => second.remove());
    const writing = startWriting(replica, 1_000_000);
    await waitUntil("people write", () => Promise.resolve(writing.acknowledged.length > 300));
    // The line to the replica is cut; the primary acknowledges all the same.
    await set(second, "primary_conninfo", "");
    const here = connect(replica);
    await waitUntil("the line is cut", async () => {
      const [row] = await here<{ n: number }[]>`select count(*)::int as n from pg_stat_replication`;
      return row?.n === 0;
    });
    await here.end();
    const atTheCut = writing.acknowledged.length;
    await waitUntil(
      "people write on",
      () => Promise.resolve(writing.acknowledged.length > atTheCut + 300),
    );
    await replica.kill();
    await writing.stop();
    await promote(second);
    const kept = await numbersOf(second);
    const lost = writing.acknowledged.filter((n) => !kept.has(n));
    console.log(`asynchronous: ${writing.acknowledged.length} acknowledged, ${lost.length} lost`);
    assert.ok(
      lost.length >= 300 - writers,
      "acknowledged, and gone: this is what asynchronous means",
    );
    const firstLost = writing.acknowledged.indexOf(lost[0]!);
    // What was under way at the cut may have arrived in either order.
    const between = writing.acknowledged.slice(firstLost + 2 * writers);
    assert.deepEqual(between.filter((n) => kept.has(n)), [], "before the cut nothing is lost");
  });
});
