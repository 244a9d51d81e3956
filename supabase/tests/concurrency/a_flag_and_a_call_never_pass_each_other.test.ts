import assert from "node:assert/strict";
import { type Session, waitsForLock, withSessions, withWorkspace } from "./sessions.ts";

async function claimOne(sql: Session, workspace: string) {
  const [agent] = await sql<{ id: string }[]>`
    insert into public.agents (workspace_id, slug, name, endpoint_url, status)
    values (${workspace}, 'voice', 'Voice', 'https://voice.example', 'published') returning id`;
  await sql`
    insert into public.voice_assistants (workspace_id, agent_id, assistant_id)
    values (${workspace}, ${agent!.id}, 'a')`;
  const [lead] = await sql<{ id: string }[]>`
    insert into public.leads (workspace_id, phones) values (${workspace}, array['+15125550100']) returning id`;
  await sql`
    insert into public.dial_queue (workspace_id, lead_id, voice_agent_id, call_from, call_until, call_days)
    values (${workspace}, ${lead!.id}, ${agent!.id}, '00:00', '24:00', '{1,2,3,4,5,6,7}')`;
  const claimed = await sql<{ id: number; claim_token: string; workspace_id: string }[]>`
    select id, claim_token, workspace_id from private.claim_calls('dial_queue', 'test', 100)`;
  return { lead: lead!.id, dial: claimed.find(({ workspace_id }) => workspace_id === workspace)! };
}

const ways = {
  "a flag": (sql: Session, _workspace: string, lead: string) =>
    sql`update public.leads set do_not_call = true where id = ${lead}`,
  "a listed number": (sql: Session, workspace: string) =>
    sql`insert into public.do_not_call_numbers (workspace_id, phone) values (${workspace}, '+15125550100')`,
};

for (const [name, forbid] of Object.entries(ways)) {
  Deno.test(`${name} that is about to be committed is waited for, and the call is not begun`, async () => {
    await withSessions(2, async ([admin, dispatcher], watcher) => {
      await withWorkspace(watcher, [], async (workspace) => {
        const { lead, dial } = await claimOne(watcher, workspace);
        // admin begins, admin forbids, dispatcher begins the call (waits), admin commits
        await admin!`begin`;
        await forbid(admin!, workspace, lead);
        const beginning = dispatcher!<{ verdict: string }[]>`
          select b.verdict from private.begin_call('dial_queue', ${dial.claim_token}, ${dial.id}) as b`
          .execute();
        await waitsForLock(watcher);
        await admin!`commit`;
        assert.notEqual((await beginning)[0]?.verdict, "dial");
        const [row] = await watcher`select status from public.dial_queue where id = ${dial.id}`;
        assert.equal(row?.status, "cancelled");
      });
    });
  });

  Deno.test(`${name} that comes while a call is begun waits, and the call was before`, async () => {
    await withSessions(2, async ([admin, dispatcher], watcher) => {
      await withWorkspace(watcher, [], async (workspace) => {
        const { lead, dial } = await claimOne(watcher, workspace);
        await dispatcher!`begin`;
        const [begun] = await dispatcher!<{ verdict: string }[]>`
          select b.verdict from private.begin_call('dial_queue', ${dial.claim_token}, ${dial.id}) as b`;
        assert.equal(begun?.verdict, "dial");
        const forbidding = forbid(admin!, workspace, lead).execute();
        await waitsForLock(watcher);
        await dispatcher!`commit`;
        await forbidding;
        const [row] = await watcher`
            select status, started_at is not null as is_started from public.dial_queue where id = ${dial.id}`;
        assert.deepEqual({ ...row }, { status: "in_progress", is_started: true });
      });
    });
  });
}
