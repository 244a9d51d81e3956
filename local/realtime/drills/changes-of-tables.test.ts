import type { RealtimeClient } from "@supabase/realtime-js";
import assert from "node:assert/strict";
import { bootstrap } from "../../database/bootstrap.ts";
import { connect } from "../../database/connect.ts";
import { until } from "../../fixture.ts";
import { startTestPostgres } from "../../services/postgres.ts";
import { listen, startWorld } from "../tests/listeners.ts";

const tables = `
  create table public.notes (id int primary key, owner text, body text, tags text[], extra jsonb, hidden text);
  alter table public.notes enable row level security;
  grant select (id, owner, body, tags, extra) on public.notes to authenticated;
  create policy "Owners read" on public.notes for select to authenticated using (owner = (select auth.jwt() ->> 'sub'));
  create table public.quiet (id int primary key);
  grant select on public.quiet to authenticated;
  alter publication supabase_realtime add table public.notes;
`;

Deno.test({
  name: "postgres_changes tells each person the rows that they may read, and no others",
  sanitizeResources: false, // the library keeps timers
  sanitizeOps: false,
  async fn(test) {
    const server = await startTestPostgres();
    await using ends = new AsyncDisposableStack();
    ends.defer(() => server.remove());
    const sql = connect(server.adminUrl);
    ends.defer(() => sql.end());
    await bootstrap(sql);
    await sql.unsafe(tables).simple();
    const said: string[] = [];
    await using world = await startWorld({
      adminUrl: server.adminUrl,
      connections: 2,
      log: (line) => void said.push(line),
    });

    async function watch(
      sub: string,
      asked: Record<string, unknown>,
      client?: RealtimeClient,
      onSystem: (said: { status: string; message: string }) => void = () => {},
    ) {
      const own = client ?? world.connect({ token: await world.mint(sub) });
      await own.setAuth();
      const listener = listen(
        own,
        `of ${sub} ${JSON.stringify(asked)}`,
        { postgres_changes_options: { wait: true } },
        (channel, { changes }) => {
          channel.on("system", {}, onSystem);
          const wanted = { event: "*", schema: "public", table: "notes", ...asked } as const;
          channel.on(
            "postgres_changes",
            wanted as never,
            (change: Record<string, unknown>) => void changes.push(change),
          );
        },
      );
      await until("an answer", () => listener.states.length > 0);
      return listener;
    }
    const hears = (
      { changes, states, errors }: Awaited<ReturnType<typeof watch>>,
      count: number,
    ) =>
      until(
        () => `${count} changes, not ${JSON.stringify([changes, states, errors, said])}`,
        () => changes.length >= count,
        20,
      );

    const ann = await watch("ann", {});
    const bob = await watch("bob", {});
    const filtered = await watch("ann", { filter: "id=in.(2,3),body=neq.dull" });
    const updates = await watch("ann", { event: "UPDATE", select: ["body"] });
    for (const one of [ann, bob, filtered, updates]) {
      assert.equal(one.states[0], "SUBSCRIBED", one.errors[0]);
    }

    await test.step("inserts, updates and deletions, with types, under row security", async () => {
      await sql`insert into public.notes values
        (1, 'ann', 'one', '{a,b}', '{"x": [1]}', 'secret'), (2, 'bob', 'two', null, null, 'secret'),
        (3, 'ann', 'three', null, null, 'secret')`;
      // Whether somebody sees a row is asked for as it is now, as on the platform: what is gone is not told.
      await hears(ann, 2);
      await sql`update public.notes set body = 'won' where id = 1`;
      // What is gone is told to nobody who has not been asked about by then.
      await Promise.all([hears(ann, 3), hears(updates, 1)]);
      await sql`delete from public.notes where id = 1`;
      await hears(ann, 4);
      await hears(bob, 2);
      assert.deepEqual(
        ann.changes.map(({ eventType, new: now, old }) => [eventType, now, old]),
        [
          ["INSERT", { id: 1, owner: "ann", body: "one", tags: ["a", "b"], extra: { x: [1] } }, {}],
          ["INSERT", { id: 3, owner: "ann", body: "three", tags: null, extra: null }, {}],
          ["UPDATE", { id: 1, owner: "ann", body: "won", tags: ["a", "b"], extra: { x: [1] } }, {
            id: 1,
          }],
          ["DELETE", {}, { id: 1 }],
        ],
      );
      assert.deepEqual(
        bob.changes.map(({ eventType, new: now }) => [eventType, (now as { id?: number }).id]),
        [
          ["INSERT", 2],
          // Whose row it was cannot be asked for any more: its key alone is told, as on the platform.
          ["DELETE", undefined],
        ],
      );
      assert.equal(JSON.stringify([...ann.changes, ...bob.changes]).includes("secret"), false);
    });

    await test.step("filters, events and columns", async () => {
      // Each listener has a socket of its own: what one has heard may be still on its way to another.
      await hears(filtered, 1);
      assert.deepEqual(filtered.changes.map(({ new: now }) => (now as { id: number }).id), [3]);
      assert.deepEqual(updates.changes.map(({ eventType, new: now }) => [eventType, now]), [
        ["UPDATE", { id: 1, body: "won" }],
      ]);
    });

    await test.step("what cannot be subscribed to is refused with its reason", async () => {
      for (
        const [asked, reason] of [
          [{ table: "quiet" }, /Please check Realtime is enabled/],
          [{ filter: "hidden=eq.secret" }, /invalid column for filter hidden/],
          [{ filter: "id=eq.x" }, /invalid input syntax/],
          [{ filter: "body=match.(" }, /invalid regular expression/],
          [{ filter: "undefined" }, /Error parsing/],
          [{ select: ["hidden"] }, /invalid column for select hidden/],
        ] as const
      ) {
        const refused = await watch("ann", asked);
        assert.equal(refused.states[0], "CHANNEL_ERROR");
        assert.match(refused.errors[0] ?? "", reason);
      }
    });

    await test.step("a guest without a grant hears nothing; a policy that raises silences nobody else", async () => {
      const guest = await watch("guest", {}, world.connect());
      await sql.unsafe(`create policy "Raises for one" on public.notes for select to authenticated
        using ((auth.jwt() ->> 'sub') = 'eve' and 1 / (id - id) = 1)`);
      const eve = await watch("eve", {});
      const before = ann.changes.length;
      await sql`insert into public.notes (id, owner) values (10, 'ann')`;
      await hears(ann, before + 1);
      assert.deepEqual([guest.changes, eve.changes], [[], []]);
    });
    await test.step("what is logged and not visible yet is told when it is", async () => {
      // A commit waits for a replica that is not there, after it was logged.
      await sql.unsafe(`alter system set synchronous_standby_names = 'nobody'`);
      await sql`select pg_reload_conf()`;
      const committing = connect(server.adminUrl);
      ends.defer(() => committing.end());
      const before = ann.changes.length;
      await until(
        "the setting",
        async () =>
          (await sql`show synchronous_standby_names`)[0]!.synchronous_standby_names === "nobody",
      );
      const commit = committing`insert into public.notes (id, owner) values (11, 'ann')`.execute();
      await until("the commit that waits", async () => {
        const [waits] = await sql`select from pg_stat_activity where wait_event = 'SyncRep'`;
        return waits;
      });
      const [written] = await sql<
        { lsn: string }[]
      >`select pg_current_wal_flush_lsn()::text as lsn`;
      await until("the log", async () => {
        const [sent] = await sql`
          select from pg_stat_replication where sent_lsn >= ${written!.lsn}::pg_lsn`;
        return sent;
      });
      await sql.unsafe("alter system reset synchronous_standby_names");
      await sql`select pg_reload_conf()`;
      await commit;
      await hears(ann, before + 1);
    });
    await test.step("a reader of the log that is killed: who listens is told that changes are missed", async () => {
      const told: { status: string; message: string }[] = [];
      const dan = await watch("dan", {}, undefined, (said) => told.push(said));
      const oks = () => told.filter(({ status }) => status === "ok").length;
      await until("the subscription", () => oks() === 1);
      await sql`
        select pg_terminate_backend(pid) from pg_stat_replication
        where application_name = 'groundwork-realtime'`;
      await until("the loss, and the log again", () => oks() === 2);
      assert.deepEqual(told.map(({ status }) => status), ["ok", "error", "ok"]);
      await sql`insert into public.notes values (20, 'dan', 'after')`;
      await hears(dan, 1);
      assert.deepEqual(dan.changes.map(({ new: now }) => (now as { id: number }).id), [20]);
    });
  },
});
