import assert from "node:assert/strict";
import { type Session, waitsForLock, withSessions, withWorkspace } from "./sessions.ts";

const PARTS = [{ type: "text", text: "What am I called?" }];

/** So many conversations of a person of whom something is known, in each of which they have asked. */
async function talksOf(sql: Session, workspace: string, person: string, count: number) {
  await sql`
    insert into public.memories (workspace_id, user_id, kind, category, content)
    values (${workspace}, ${person}, 'profile', 'personal', 'Is called Mo.')`;
  const talks = await sql<{ id: string }[]>`
    insert into public.conversations (workspace_id, user_id)
    select ${workspace}, ${person} from generate_series(1, ${count}) returning id`;
  for (const { id } of talks) {
    await sql`select id from public.add_message(${id}, ${sql.json(PARTS)})`;
  }
  return talks.map(({ id }) => id);
}

const assemble = async (sql: Session, talk: string): Promise<string> => {
  const [row] =
    await sql`select public.assemble_context(${talk}) #>> '{messages,0,content}' as known`;
  return row!.known;
};
const profilesOf = async (sql: Session, workspace: string): Promise<number[]> => {
  const rows = await sql<{ prompts: number }[]>`
    select count(*)::integer as prompts from public.context_records as record
    join public.context_profiles as profile on profile.id = record.profile_id
    where profile.workspace_id = ${workspace} group by profile.id`;
  return rows.map(({ prompts }) => prompts);
};

Deno.test("prompts that are made at once name one profile", async () => {
  await withSessions(8, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace, [owner]) => {
      const talks = await talksOf(watcher, workspace, owner!, sessions.length);
      const told = await Promise.all(sessions.map((session, n) => assemble(session, talks[n]!)));
      assert.deepEqual(new Set(told), new Set(["What is known of the person:\n- Is called Mo."]));
      assert.deepEqual(await profilesOf(watcher, workspace), [sessions.length]);
    });
  });
});

for (const end of ["commit", "rollback"] as const) {
  Deno.test(`a prompt that waits for another's profile has it after its ${end}`, async () => {
    await withSessions(2, async ([first, second], watcher) => {
      await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace, [owner]) => {
        const talks = await talksOf(watcher, workspace, owner!, 2);
        await first!`begin`;
        await assemble(first!, talks[0]!);
        const waiting = assemble(second!, talks[1]!);
        await waitsForLock(watcher, "%assemble_context%");
        await first!.unsafe(end);
        await waiting;
        assert.deepEqual(await profilesOf(watcher, workspace), [end === "commit" ? 2 : 1]);
      });
    });
  });
}
