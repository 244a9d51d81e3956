import assert from "node:assert/strict";
import { withQueue } from "../../functions/tests/queues.ts";
import { dawdle, type Session, takeChance, withSessions } from "./sessions.ts";

interface Claimed {
  id: number;
  workspace_id: string;
  claim_token: string;
}

const claim = (sql: Session, queue: string, batch: number) =>
  sql<Claimed[]>`
    select id, workspace_id, claim_token from private.claim_work(${queue}, ${"a worker"}, ${batch}, '1 hour')`;

const fill = (sql: Session, queue: string, workspaces: string[], each: number) =>
  sql`insert into public.${sql(queue)} (workspace_id, title, priority)
    select w, 'job ' || n, n % 3 from unnest(${workspaces}::uuid[]) as w, generate_series(1, ${each}) as n`;

const makeWorkspaces = (count: number) => Array.from({ length: count }, () => crypto.randomUUID());

Deno.test("many sessions claiming at once never share a row, and together they get all", async () => {
  const chance = takeChance();
  await withSessions(16, async (sessions, watcher) => {
    await withQueue(watcher, async (queue) => {
      await fill(watcher, queue, makeWorkspaces(5), 800);
      const claimed = await Promise.all(sessions.map(async (sql) => {
        const mine = chance.fork();
        const ids: number[] = [];
        for (let empty = 0; empty < 3;) {
          const isKept = mine.happens(0.8);
          await sql`begin`;
          const got = await claim(sql, queue, 1 + mine.below(60));
          await dawdle(mine, 2);
          await sql.unsafe(isKept ? "commit" : "rollback");
          if (isKept) ids.push(...got.map(({ id }) => id));
          empty = got.length === 0 ? empty + 1 : 0;
        }
        return ids;
      }));
      // What a claim that was undone had in its hands may lie behind the low water.
      await watcher`select private.release_expired_work()`;
      const rest = await claim(watcher, queue, 1000);
      const all = [...claimed.flat(), ...rest.map(({ id }) => id)];
      assert.equal(all.length, 4000, `seed ${chance.seed}`);
      assert.equal(new Set(all).size, 4000, `seed ${chance.seed}`);
      assert.ok(
        claimed.filter((ids) => ids.length > 0).length > 8,
        `${claimed.map((ids) => ids.length)}`,
      );
      const [attempts] = await watcher`
        select min(attempts) as least, max(attempts) as most from public.${watcher(queue)}`;
      assert.deepEqual({ ...attempts }, { least: 1, most: 1 });
    });
  });
});

Deno.test("a workspace never has more in progress than its limit, however many claim at once", async () => {
  const chance = takeChance();
  const limit = 5;
  await withSessions(12, async (sessions, watcher) => {
    await withQueue(watcher, async (queue) => {
      await fill(watcher, queue, makeWorkspaces(3), 120);
      let isOver = false;
      let most = 0;
      const watching = (async () => {
        while (!isOver) {
          const [row] = await watcher<{ n: number }[]>`
            select coalesce(max(n), 0) as n from (
              select count(*) as n from public.${
            watcher(queue)
          } where status = 'in_progress' group by workspace_id
            ) as each_one`;
          most = Math.max(most, row!.n);
        }
      })();
      await Promise.all(sessions.map(async (sql) => {
        const mine = chance.fork();
        for (;;) {
          const got = await claim(sql, queue, 1 + mine.below(8));
          await dawdle(mine, 3);
          if (got.length > 0) {
            await sql`select private.complete_work(${queue}, ${got[0]!.claim_token}, ${
              got.map(({ id }) => id)
            })`;
          } else {
            const [left] = await sql<{ n: number }[]>`
              select count(*) as n from public.${sql(queue)} where status <> 'done'`;
            if (left!.n === 0) return;
          }
        }
      }));
      isOver = true;
      await watching;
      assert.equal(most, limit, `seed ${chance.seed}: the limit is reached and not exceeded`);
    }, { maxInProgress: limit });
  });
});

Deno.test("what was committed late, behind the low water, is found by the next release", async () => {
  await withSessions(3, async (sessions, watcher) => {
    const [late, undone, other] = sessions as [Session, Session, Session];
    await withQueue(watcher, async (queue) => {
      const [workspace] = makeWorkspaces(1) as [string];
      const add = (sql: Session, title: string, seconds: number) =>
        sql`insert into public.${sql(queue)} (workspace_id, title, scheduled_for)
          values (${workspace}, ${title}, now() - ${seconds} * interval '1 second')`;
      const claimTitles = async (sql: Session) => {
        const rows = await sql<{ title: string }[]>`
          select work ->> 'title' as title from private.claim_work(${queue}, 'w', 1)`;
        return rows.map(({ title }) => title).join();
      };
      const letTheWaterMove = () =>
        watcher`update private.work_lanes set moved_at = '-infinity' where queue = ${queue}`;
      await add(watcher, "first", 40);
      await late`begin`;
      await add(late, "late", 30);
      await undone`begin`;
      assert.equal(await claimTitles(undone), "first");
      for (const [title, seconds] of [["second", 20], ["third", 10], ["fourth", 5]] as const) {
        await add(watcher, title, seconds);
      }
      await letTheWaterMove();
      assert.equal(await claimTitles(other), "second", "the low water is there now");
      await late`commit`;
      await undone`rollback`;
      assert.equal(await claimTitles(other), "third", "what lies behind is not seen");
      await watcher`select private.release_expired_work()`;
      assert.equal(await claimTitles(other), "first", "the job looks behind");
      assert.equal(await claimTitles(other), "late");
      assert.equal(await claimTitles(other), "fourth");
    });
  });
});

Deno.test("what is added while others claim is claimed, once", async () => {
  const chance = takeChance();
  await withSessions(10, async (sessions, watcher) => {
    await withQueue(watcher, async (queue) => {
      const workspaces = makeWorkspaces(3);
      const added: number[] = [];
      const claimed: number[] = [];
      let producers = 4;
      await Promise.all(sessions.map(async (sql, place) => {
        const mine = chance.fork();
        if (place < 4) {
          for (let round = 0; round < 40; round++) {
            const items = Array.from({ length: 1 + mine.below(20) }, () => ({
              workspace_id: mine.pick(workspaces),
              priority: mine.below(3),
            }));
            await sql`begin`;
            const rows = await sql<{ id: number }[]>`
              select id from private.enqueue_work(${queue}, ${sql.json(items)})`;
            await dawdle(mine, 3);
            const isKept = mine.happens(0.9);
            await sql.unsafe(isKept ? "commit" : "rollback");
            if (isKept) added.push(...rows.map(({ id }) => id));
          }
          producers--;
          return;
        }
        for (let empty = 0; producers > 0 || empty < 2;) {
          const got = await claim(sql, queue, 1 + mine.below(30));
          claimed.push(...got.map(({ id }) => id));
          empty = got.length === 0 ? empty + 1 : 0;
          await dawdle(mine, 2);
        }
      }));
      await watcher`select private.release_expired_work()`;
      claimed.push(...(await claim(watcher, queue, 1000)).map(({ id }) => id));
      const sorted = (ids: number[]) => ids.toSorted((a, b) => a - b);
      assert.deepEqual(sorted(claimed), sorted(added), `seed ${chance.seed}`);
    });
  });
});
