import assert from "node:assert/strict";
import { dawdle, takeChance, withSessions, withWorkspace } from "./sessions.ts";

const SENDERS = 32;

Deno.test("32 who send the same audit entry at once are answered with one entry", async () => {
  await withSessions(SENDERS, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace, [person]) => {
      const entry = {
        workspace_id: workspace,
        action: "report.exported",
        request_id: "race-at-once",
      };
      const answers = await Promise.all(
        sessions.map((sql) =>
          sql<{ id: number; is_new: boolean }[]>`
          select id, is_new from private.log_audit_entries(${[entry] as never}::jsonb, ${person!})`
        ),
      );
      assert.equal(new Set(answers.map(([answer]) => answer!.id)).size, 1);
      assert.equal(answers.filter(([answer]) => answer!.is_new).length, 1);
      const entries = await watcher`
        select id from public.audit_log where workspace_id = ${workspace} and action = 'report.exported'`;
      assert.deepEqual(entries.map(({ id }) => id), [answers[0]![0]!.id]);
    });
  });
});

Deno.test("those who take their entry back leave it to the others", async () => {
  const chance = takeChance();
  await withSessions(SENDERS, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace) => {
      for (let round = 0; round < 8; round++) {
        const request = `race-${round}`;
        const answers = await Promise.all(sessions.map(async (sql) => {
          const mine = chance.fork();
          await sql`begin`;
          await dawdle(mine, 4);
          const [answer] = await sql<{ id: number }[]>`
            select public.log_audit(${workspace}, 'report.exported', request_id => ${request}) as id`;
          await dawdle(mine, 2);
          const keeps = mine.happens(0.5);
          await sql.unsafe(keeps ? "commit" : "rollback");
          return keeps ? answer!.id : null;
        }));
        const entries = await watcher<{ id: number }[]>`
          select id from public.audit_log where workspace_id = ${workspace} and request_id = ${request}`;
        const kept = new Set(answers.filter((id) => id !== null));
        assert.deepEqual(
          entries.map(({ id }) => id),
          [...kept],
          `round ${round} of seed ${chance.seed}: whoever kept it was told the entry that there is`,
        );
      }
    });
  });
});

Deno.test("32 who report the same turn at once bill it once", async () => {
  await withSessions(SENDERS, async (sessions, watcher) => {
    await withWorkspace(watcher, [{ role: "owner", count: 1 }], async (workspace, [person]) => {
      const [agent] = await watcher<{ id: string }[]>`
        insert into public.agents (workspace_id, slug, name, endpoint_url)
        values (${workspace}, 'a', 'A', 'https://a.example') returning id`;
      const session = crypto.randomUUID();
      const usage = [{ kind: "message", quantity: 1, unit: "message" }, {
        kind: "tokens",
        quantity: 9,
        unit: "token",
      }];
      const answers = await Promise.all(sessions.map((sql) =>
        sql<{ is_new: boolean }[]>`
          select is_new from private.record_turn(${session}, ${person!}, ${
          agent!.id
        }, 'race-turn', ${usage as never}::jsonb)`
      ));
      assert.equal(answers.filter(([answer]) => answer!.is_new).length, 1);
      const [counted] = await watcher`
        select (select count(*) from public.audit_log
          where workspace_id = ${workspace} and action = 'session.turn') as turns,
          (select count(*) from public.billing_events where workspace_id = ${workspace}) as events`;
      assert.deepEqual({ ...counted }, { turns: 1, events: 2 });
    });
  });
});
