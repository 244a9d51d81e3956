import assert from "node:assert/strict";
import { type Session, waitsForLock, withSessions, withWorkspace } from "./sessions.ts";

const remember = (sql: Session, workspace: string, person: string, content: string) =>
  sql`select id from private.remember(${workspace}, ${content}, user_id => ${person})`;
const counts = async (sql: Session, workspace: string): Promise<Record<string, number>> => {
  const rows = await sql`
    select user_id, max(recalled_count)::integer as times from public.memories where workspace_id = ${workspace}
    group by user_id`;
  return Object.fromEntries(rows.map(({ user_id, times }) => [user_id, times]));
};

Deno.test("a memory being written holds up neither the counting of others nor their writing", async () => {
  await withSessions(2, async ([writer, counter], watcher) => {
    await withWorkspace(
      watcher,
      [{ role: "member", count: 2 }],
      async (workspace, [ann, ben]) => {
        for (const person of [ann!, ben!]) {
          await remember(watcher, workspace, person, `${person} has a dog.`);
        }
        // Whoever waits for what never comes is told so, and then ended, instead of waiting with it.
        for (const session of [writer!, counter!]) {
          await session`set statement_timeout = '10s'`;
          await session`set idle_in_transaction_session_timeout = '15s'`;
        }

        await writer!`begin`;
        await remember(writer!, workspace, ann!, `${ann} has a cat.`);
        for (const person of [ann!, ben!]) {
          await watcher`select from public.recall(${workspace}, 'dog', user_id => ${person})`;
        }
        await counter!`begin`;
        await counter!`select private.count_recalls()`;
        assert.deepEqual(await counts(counter!, workspace), { [ann!]: 0, [ben!]: 1 });
        const second = remember(writer!, workspace, ben!, `${ben} has a cat.`).execute();
        await waitsForLock(watcher, "%private.remember%");
        await counter!`select private.count_recalls()`;
        await counter!`commit`;
        await second;
        await writer!`commit`;

        await counter!`select private.count_recalls()`;
        assert.deepEqual(await counts(watcher, workspace), { [ann!]: 1, [ben!]: 1 });
      },
    );
  });
});
