import assert from "node:assert/strict";
import {
  type Chance,
  dawdle,
  outcomeOf,
  type Session,
  takeChance,
  withSessions,
  withWorkspace,
} from "./sessions.ts";

const LEVELS = ["read committed", "repeatable read", "serializable"] as const;

/** The ways in which an owner can go. */
const WAYS = [
  (sql: Session, workspace: string, person: string) =>
    sql`delete from public.members where workspace_id = ${workspace} and user_id = ${person}`,
  (sql: Session, workspace: string, person: string) =>
    sql`update public.members set role = 'member'
      where workspace_id = ${workspace} and user_id = ${person}`,
  (sql: Session, _workspace: string, person: string) =>
    sql`delete from auth.users where id = ${person}`,
];

for (const level of LEVELS) {
  Deno.test(`of two owners who go at once one stays (${level})`, async () => {
    await withSessions(2, async ([first, second], watcher) => {
      await withWorkspace(watcher!, [{ role: "owner", count: 2 }], async (workspace, [a, b]) => {
        // first begins, second begins, first removes, second removes (waits), first commits
        await first!.unsafe(`begin isolation level ${level}`);
        await second!.unsafe(`begin isolation level ${level}`);
        await second!`select count(*) from public.members where workspace_id = ${workspace}`;
        await WAYS[0]!(first!, workspace, a!);
        const waiting = outcomeOf(WAYS[0]!(second!, workspace, b!).execute());
        await first!`commit`;
        const outcome = await waiting;
        await second!`rollback`;
        assert.equal(outcome, level === "read committed" ? "last_owner" : "40001");
        assert.deepEqual(await ownersOf(watcher!, workspace), [b]);
      });
    });
  });
}

Deno.test("an owner may go when the other's going is taken back", async () => {
  await withSessions(2, async ([first, second], watcher) => {
    await withWorkspace(watcher!, [{ role: "owner", count: 2 }], async (workspace, [a, b]) => {
      await first!`begin`;
      await WAYS[0]!(first!, workspace, a!);
      const waiting = outcomeOf(WAYS[0]!(second!, workspace, b!).execute());
      await first!`rollback`;
      assert.equal(await waiting, "ok");
      assert.deepEqual(await ownersOf(watcher!, workspace), [a]);
    });
  });
});

for (const level of LEVELS) {
  Deno.test(`however many owners go at once, and how, one stays (${level})`, async () => {
    const chance = takeChance();
    await withSessions(4, async (sessions, watcher) => {
      for (let round = 0; round < 25; round++) {
        const count = 2 + chance.below(3);
        await withWorkspace(watcher, [{ role: "owner", count }], async (workspace, people) => {
          const outcomes = await Promise.all(
            people.map((person, index) =>
              goAway(sessions[index]!, level, workspace, person, chance.fork())
            ),
          );
          const gone = outcomes.filter((outcome) => outcome === "ok").length;
          const what = `round ${round} of seed ${chance.seed}: ${outcomes}`;
          assert.equal((await ownersOf(watcher, workspace)).length, count - gone, what);
          assert.ok(gone < count, what);
          const expected = ["ok", "taken back", "last_owner", "40001"];
          assert.deepEqual(outcomes.filter((outcome) => !expected.includes(outcome)), [], what);
        });
      }
    });
  });
}

async function goAway(
  sql: Session,
  level: string,
  workspace: string,
  person: string,
  chance: Chance,
): Promise<string> {
  await sql.unsafe(`begin isolation level ${level}`);
  await dawdle(chance, 3);
  const outcome = await outcomeOf(chance.pick(WAYS)(sql, workspace, person));
  await dawdle(chance, 3);
  if (outcome === "ok" && !chance.happens(0.2)) return await outcomeOf(sql`commit`);
  await sql`rollback`;
  return outcome === "ok" ? "taken back" : outcome;
}

async function ownersOf(sql: Session, workspace: string): Promise<string[]> {
  const rows = await sql<{ user_id: string }[]>`select user_id from public.members
    where workspace_id = ${workspace} and role = 'owner'`;
  return rows.map(({ user_id }) => user_id);
}
