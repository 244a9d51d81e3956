import assert from "node:assert/strict";
import { type Session, takeChance, withSessions, withWorkspace } from "./sessions.ts";

const AMOUNT = 20_000;

/** A workspace's budget of tokens for the day. */
async function addBudget(sql: Session, workspace: string): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.budgets (workspace_id, period, amount) values (${workspace}, 'day', ${AMOUNT}) returning id`;
  return row!.id;
}

/** The books: what lies in the pool and the slots, and whether it all adds up. */
async function booksOf(sql: Session, budget: string) {
  const [row] = await sql<{ free: number; reserved: number; spent: number; total: number }[]>`
    select pool.left_over + sum(slot.free)::bigint as free, sum(slot.reserved)::bigint as reserved,
      sum(slot.spent)::bigint as spent,
      pool.left_over + sum(slot.free + slot.reserved + slot.spent)::bigint as total
    from private.budget_pools as pool join private.budget_slots as slot using (budget_id, period_start)
    where pool.budget_id = ${budget} group by pool.left_over`;
  return row!;
}

const isExhausted = (error: unknown) => /"budget_exhausted"/.test(String(error));

/** Waits for all, and then fails as the first that failed: what goes on would be cleaned away under it. */
async function allEnded(runs: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(runs)).find((run) => run.status === "rejected");
  if (failed) throw failed.reason;
}

Deno.test("64 who spend at once spend what there is, and not a token more", async () => {
  const chance = takeChance();
  await withSessions(64, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace) => {
      const budget = await addBudget(watcher, workspace);
      let settled = 0;
      await allEnded(sessions.map(async (session, spender) => {
        const luck = chance.fork();
        for (let call = 0; call < 40; call++) {
          const wanted = 1 + luck.below(60);
          const request = `${spender}-${call}`;
          try {
            await session`select public.reserve_usage(${workspace}, ${request}, tokens => ${wanted})`;
          } catch (error) {
            if (!isExhausted(error)) throw error;
            continue;
          }
          if (luck.happens(0.2)) {
            // The caller dies: its reservation comes back by itself.
            await session`
              update private.usage_reservations set expires_at = now() - interval '1 second'
              where workspace_id = ${workspace} and request_id = ${request}`;
            if (luck.happens(0.5)) await session`select private.release_reservations(50)`;
          } else {
            const used = luck.below(wanted + 1);
            const [done] = await session<{ new: boolean }[]>`
              select public.settle_usage(${workspace}, ${request}, ${used}) as new`;
            if (done!.new) settled += used;
          }
        }
      }));
      await watcher`select private.release_reservations(100000)`;
      const books = await booksOf(watcher, budget);
      assert.deepEqual(books, {
        free: AMOUNT - settled,
        reserved: 0,
        spent: settled,
        total: AMOUNT,
      });
    });
  });
});

Deno.test("a budget that is asked for too much by 64 at once is spent to its end and not beyond", async () => {
  await withSessions(64, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace) => {
      const budget = await addBudget(watcher, workspace);
      let refused = 0;
      await allEnded(sessions.map(async (session, spender) => {
        for (let call = 0; call < 20; call++) {
          await session`select public.reserve_usage(${workspace}, ${`${spender}-${call}`}, tokens => 25)`
            .catch((error) => {
              if (!isExhausted(error)) throw error;
              refused++;
            });
        }
      }));
      // Whoever comes alone gets what was in use by others when they were refused.
      for (let n = 0; n < 2000; n++) {
        const done = await watcher`
          select public.reserve_usage(${workspace}, ${`rest-${n}`}, tokens => 25)`
          .then(() => true, (error) => {
            if (!isExhausted(error)) throw error;
            return false;
          });
        if (!done) break;
      }
      assert.ok(refused >= 64 * 20 - AMOUNT / 25, `${refused} refused`);
      const books = await booksOf(watcher, budget);
      assert.deepEqual([books.free, books.reserved, books.total], [0, AMOUNT, AMOUNT]);
    });
  });
});

Deno.test("beside it: who looks first and takes then overspends", async () => {
  await withSessions(16, async (sessions, watcher) => {
    await watcher`create table if not exists private.tests_naive (left_over bigint not null)`;
    try {
      await watcher`insert into private.tests_naive values (100)`;
      // Everybody has looked before anybody takes.
      const seen = await Promise.all(
        sessions.map((session) =>
          session<{ left_over: number }[]>`select left_over from private.tests_naive`
        ),
      );
      await Promise.all(sessions.map(async (session, n) => {
        if (seen[n]![0]!.left_over < 25) return;
        await session`update private.tests_naive set left_over = left_over - 25`;
      }));
      const [row] = await watcher<
        { left_over: number }[]
      >`select left_over from private.tests_naive`;
      assert.equal(row!.left_over, 100 - 16 * 25);
    } finally {
      await watcher`drop table private.tests_naive`;
    }
  });
});
