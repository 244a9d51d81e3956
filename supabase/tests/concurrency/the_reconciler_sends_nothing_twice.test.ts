import assert from "node:assert/strict";
import { required, takeChance, withSessions } from "./sessions.ts";

const CALLS = 300;

Deno.test("several reconcilers at once send each call once for each attempt", async () => {
  const chance = takeChance();
  // Only the administrator may hang a trigger on pg_net's queue: it counts what is handed over to it.
  await withSessions(1, async ([admin]) => {
    await admin!.unsafe(`
      create schema tests_sent;
      create table tests_sent.sent (call_id bigint);
      create function tests_sent.count() returns trigger language plpgsql security definer as $$
        begin insert into tests_sent.sent values ((new.headers ->> 'x-groundwork-call')::bigint); return new; end $$;
      create trigger count_sent after insert on net.http_request_queue for each row
        execute function tests_sent.count()`);
    try {
      await withSessions(8, async (sessions, watcher) => {
        await watcher`
          insert into private.function_calls (job, function, status, attempts, next_attempt_at)
          select 'tests-reconciler', 'health', 'retrying', 1, now() from generate_series(1, ${CALLS})`;
        const tallies = await Promise.all(sessions.map(async (sql) => {
          const mine = chance.fork();
          const own: Record<string, number> = {};
          for (let round = 0; round < 6; round++) {
            const isKept = mine.happens(0.8);
            await sql`begin`;
            const [row] = await sql<{ tally: Record<string, number> }[]>`
              select private.reconcile_function_calls(${10 + mine.below(60)}) as tally`;
            await sql.unsafe(isKept ? "commit" : "rollback");
            if (isKept) own.resent = (own.resent ?? 0) + row!.tally.resent!;
          }
          return own.resent ?? 0;
        }));
        assert.ok(
          tallies.filter((sent) => sent > 0).length > 1,
          `more than one did send: ${tallies}`,
        );
        await watcher`select private.reconcile_function_calls(10000)`;
        const wrong = await watcher`
          select call.id, call.status, call.attempts, count(sent.call_id) as sent
          from private.function_calls as call left join tests_sent.sent as sent on sent.call_id = call.id
          where call.job = 'tests-reconciler'
          group by call.id having count(sent.call_id) <> call.attempts - 1 or call.attempts < 2`;
        assert.deepEqual([...wrong], [], `seed ${chance.seed}`);
      });
    } finally {
      await admin!.unsafe(`
        drop trigger count_sent on net.http_request_queue;
        drop schema tests_sent cascade;
        delete from private.function_calls where job = 'tests-reconciler'`);
    }
  }, required("GROUNDWORK_TEST_ADMIN_URL"));
});
