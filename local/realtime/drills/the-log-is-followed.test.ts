import assert from "node:assert/strict";
import { bootstrap } from "../../database/bootstrap.ts";
import { connect } from "../../database/connect.ts";
import { until } from "../../fixture.ts";
import { startTestPostgres } from "../../services/postgres.ts";
import { followLog } from "../database/log.ts";
import { listen, startWorld } from "../tests/listeners.ts";

Deno.test({
  name: "what is committed is heard once and in the order of commits, also when Postgres is killed",
  sanitizeResources: false, // the library keeps timers
  sanitizeOps: false,
  async fn(test) {
    const server = await startTestPostgres();
    await using ends = new AsyncDisposableStack();
    ends.defer(() => server.remove());
    const { adminUrl } = server;
    const admin = connect(adminUrl);
    await bootstrap(admin);
    await admin.end();
    const lost: string[] = [];
    const start = () =>
      startWorld({
        adminUrl,
        connections: 2,
        limits: { eventsPerSecond: 10_000 },
        log: (line) => void lost.push(line),
      });
    const say = (n: number, on: ReturnType<typeof connect>) =>
      on`select realtime.send(${on.json({ n })}, 'n', 'news', false)`;
    let n = 0;

    {
      await using world = await start();
      const hearer = listen(world.connect(), "news", { broadcast: { replication_ready: true } });
      await hearer.becomes("SUBSCRIBED");
      const numbers = () => hearer.heard.map(({ payload }) => (payload as { n: number }).n);
      // A new slot waits for transactions that run, and the server writes down those every 15 s only.
      const hears = (expected: number[]) =>
        until(
          () =>
            `${expected}, not ${numbers()}; ${hearer.states}; ${hearer.errors}; ${lost.join("; ")}`,
          () => numbers().join() === expected.join(),
          90,
        );

      await test.step("whoever asks is told that the log is followed", async () => {
        await until(
          "told",
          () => hearer.told.some(({ message }) => message === "Replication connection established"),
        );
      });

      await test.step("the order is that of the commits, and what was rolled back is never heard", async () => {
        const [first, second] = [connect(adminUrl), connect(adminUrl)];
        await first.unsafe("begin");
        await say(2, first);
        await second.unsafe("begin");
        await say(1, second);
        await second.unsafe("commit");
        await second.unsafe("begin");
        await say(99, second);
        await second.unsafe("rollback");
        await first.unsafe("commit");
        await hears([1, 2]);
        await first.end();
        await second.end();
        n = 3;
      });

      await test.step("a Postgres that is killed: nothing is lost, nothing is doubled", async () => {
        const heard = [1, 2];
        for (let round = 0; round < 3; round++) {
          let sql = connect(adminUrl);
          for (let count = 0; count < 5; count++) {
            await say(n, sql);
            heard.push(n++);
          }
          await server.kill();
          await sql.end({ timeout: 0 }).catch(() => {});
          await server.start();
          sql = connect(adminUrl);
          // Before the log is followed again: nobody follows at this moment.
          for (let count = 0; count < 5; count++) {
            await say(n, sql);
            heard.push(n++);
          }
          await hears(heard);
          await sql.end();
        }
        assert.ok(lost.some((line) => line.includes("lost the database's log")));
      });
    }

    await test.step("a Realtime that starts again repeats nothing, and keeps no slot", async () => {
      const sql = connect(adminUrl);
      await say(n++, sql);
      await using world = await start();
      const hearer = listen(world.connect(), "news");
      await hearer.becomes("SUBSCRIBED");
      await say(n, sql);
      assert.deepEqual((await hearer.hears(1)).map((one) => (one as { n: number }).n), [n]);
      const slots = await sql`select from pg_replication_slots`;
      assert.equal(slots.length, 1, "of those that have gone nothing is left");
      await sql.end();
    });
  },
});

Deno.test("what was missed comes before what is changed while it is caught up with", async () => {
  const server = await startTestPostgres();
  const sql = connect(server.adminUrl);
  try {
    await sql`create table public.news (n int primary key)`;
    await sql`create publication all_news for table public.news`;
    const heard: string[] = [];
    const log = await followLog({
      adminUrl: server.adminUrl,
      publication: "all_news",
      onChange: ({ row }) => void heard.push(String(row?.n)),
      async onFollowing() {
        await sql`insert into public.news values (2)`;
        const [now] = await sql<{ lsn: string }[]>`select pg_current_wal_flush_lsn()::text as lsn`;
        await until("the log", async () => {
          const [sent] = await sql`
            select from pg_stat_replication where sent_lsn >= ${now!.lsn}::pg_lsn`;
          return sent;
        });
        heard.push("1, which was missed");
      },
      onLost: (reason) => heard.push(reason),
    });
    await until("both", () => heard.length === 2);
    assert.deepEqual(heard, ["1, which was missed", "2"]);
    await log.stop();
  } finally {
    await sql.end();
    await server.remove();
  }
});
