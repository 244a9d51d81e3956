import assert from "node:assert/strict";
import { outcomeOf, type Session, withSessions, withWorkspace } from "./sessions.ts";

/** An agent with a voice, a lead and a dial that may be called now. */
async function addDial(sql: Session, workspace: string, phone: string) {
  const [agent] = await sql<{ id: string }[]>`
    insert into public.agents (workspace_id, slug, name, endpoint_url, status)
    values (${workspace}, ${`voice-${
    crypto.randomUUID().slice(0, 8)
  }`}, 'Voice', 'https://voice.example', 'published') returning id`;
  await sql`
    insert into public.voice_assistants (workspace_id, agent_id, assistant_id)
    values (${workspace}, ${agent!.id}, 'a')`;
  const [lead] = await sql<{ id: string }[]>`
    insert into public.leads (workspace_id, phones) values (${workspace}, array[${phone}]) returning id`;
  const [dial] = await sql<{ id: number }[]>`
    insert into public.dial_queue (workspace_id, lead_id, voice_agent_id, call_from, call_until, call_days)
    values (${workspace}, ${lead!.id}, ${
    agent!.id
  }, '00:00', '24:00', '{1,2,3,4,5,6,7}') returning id`;
  return { lead: lead!.id, dial: dial!.id };
}

const claim = (sql: Session) =>
  sql<{ id: number; claim_token: string }[]>`
    select id, claim_token from private.claim_calls('dial_queue', 'test', 100)`;

Deno.test("an outcome that twenty report at once counts once", async () => {
  await withSessions(20, async (sessions, watcher) => {
    await withWorkspace(watcher, [], async (workspace) => {
      const { lead, dial } = await addDial(watcher, workspace, "+15125550100");
      const call = crypto.randomUUID();
      const told = await Promise.all(sessions.map((sql) =>
        sql<{ is_new: boolean }[]>`
          select is_new
          from private.record_call_outcome('dial_queue', ${dial}, ${call}, jsonb_build_object('outcome', 'voicemail'))`
      ));
      assert.equal(told.flat().filter(({ is_new }) => is_new).length, 1);
      const [row] = await watcher`select contact_count from public.leads where id = ${lead}`;
      assert.equal(row?.contact_count, 1);
    });
  });
});

Deno.test("outcomes, flags, listed numbers and claims at once do not deadlock, nor dial who is listed", async () => {
  await withSessions(4, async ([caller, flagger, lister, reporter], watcher) => {
    await withWorkspace(watcher, [], async (workspace) => {
      const phone = "+15125550111";
      const outcomes: string[] = [];
      for (let round = 0; round < 30; round++) {
        const { lead } = await addDial(watcher, workspace, phone);
        const second = await addDial(watcher, workspace, phone);
        const held = (await claim(caller!)).filter(({ id }) => id > 0);
        const mine = held.find(({ id }) => id === second.dial)!;
        const [begun, ...rest] = await Promise.all([
          caller!<{ verdict: string; at: number }[]>`
            select b.verdict from private.begin_call('dial_queue', ${mine.claim_token}, ${mine.id}) as b`,
          outcomeOf(flagger!`update public.leads set do_not_call = true where id = ${second.lead}`),
          outcomeOf(
            lister!`
              insert into public.do_not_call_numbers (workspace_id, phone) values (${workspace}, ${phone})
              on conflict do nothing`,
          ),
          outcomeOf(
            reporter!`insert into public.call_outcomes (lead_id, outcome) values (${lead}, 'do_not_call')`,
          ),
        ]);
        outcomes.push(...rest);
        // Whoever was begun was begun before; everything that was not is cancelled.
        const [row] = await watcher<{ status: string; is_started: boolean }[]>`
          select status, started_at is not null as is_started from public.dial_queue where id = ${second.dial}`;
        assert.deepEqual(
          { ...row },
          begun[0]?.verdict === "dial"
            ? { status: "in_progress", is_started: true }
            : { status: "cancelled", is_started: false },
        );
        await watcher`delete from public.do_not_call_numbers where workspace_id = ${workspace}`;
        await watcher`delete from private.number_calls where workspace_id = ${workspace}`;
      }
      assert.deepEqual(outcomes.filter((outcome) => outcome !== "ok"), []);
    });
  });
});
