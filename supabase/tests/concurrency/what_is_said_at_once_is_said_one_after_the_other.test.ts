import assert from "node:assert/strict";
import { outcomeOf, type Session, takeChance, withSessions, withWorkspace } from "./sessions.ts";

const PARTS = [{ type: "text", text: "x" }];

/** A conversation of a person, which goes with its workspace. */
async function openConversation(sql: Session, workspace: string, person: string): Promise<string> {
  const [row] = await sql`
    insert into public.conversations (workspace_id, user_id) values (${workspace}, ${person}) returning id`;
  return row!.id;
}

const say = (sql: Session, conversation: string, id: string) =>
  sql`select id from public.add_message(${conversation}, ${sql.json(PARTS)}, message_id => ${id})`;

async function pathOf(sql: Session, conversation: string): Promise<string[]> {
  const rows = await sql`
    select said.client_id as id from public.conversations as c
    cross join lateral public.conversation_path(c.active_message_id, 1000) as said where c.id = ${conversation}`;
  return rows.map((row) => row.id);
}

Deno.test("of two who speak at once the second follows the first", async () => {
  await withSessions(2, async ([first, second], watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace, [owner]) => {
      const conversation = await openConversation(watcher, workspace, owner!);
      const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
      await first!`begin`;
      await say(first!, conversation, a);
      const waiting = say(second!, conversation, b).execute();
      await first!`commit`;
      await waiting;
      assert.deepEqual(await pathOf(watcher, conversation), [b, a]);
    });
  });
});

Deno.test("however many speak at once, and however often each says the same, all of it is one path", async () => {
  const chance = takeChance();
  await withSessions(8, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace, [owner]) => {
      const conversation = await openConversation(watcher, workspace, owner!);
      const ids = Array.from({ length: 40 }, () => crypto.randomUUID());
      const twice = chance.shuffle([...ids, ...ids]);
      await Promise.all(sessions.map(async (session, mine) => {
        for (const [index, id] of twice.entries()) {
          if (index % sessions.length === mine) await say(session, conversation, id);
        }
      }));
      assert.deepEqual((await pathOf(watcher, conversation)).sort(), [...ids].sort());
    });
  });
});

Deno.test("of two who revise a version at once one is refused", async () => {
  await withSessions(2, async ([first, second], watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace, [owner]) => {
      const [made] = await watcher`
        insert into public.artifacts (workspace_id, user_id, kind, title) values (${workspace}, ${owner!}, 'text', 'T')
        returning id, created_at`;
      const revise = (sql: Session, content: string) =>
        sql`select id from public.revise_artifact(${made!.id}, ${
          made!.created_at
        }, content => ${content})`;
      await first!`begin`;
      await revise(first!, "one");
      const waiting = outcomeOf(revise(second!, "two").execute());
      await first!`commit`;
      assert.equal(await waiting, "version_conflict");
      const latest = await watcher`select content from public.latest_artifacts where id = ${
        made!.id
      }`;
      assert.deepEqual(latest.map((row) => row.content), ["one"]);
    });
  });
});
