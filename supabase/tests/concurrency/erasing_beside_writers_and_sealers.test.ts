/** People who stand in each other's entries are erased at the same time, while others write and seal. */
import assert from "node:assert/strict";
import { withSessions, withWorkspace } from "./sessions.ts";

const PEOPLE = 4;
const WRITERS = 4;
const SEALERS = 2;

Deno.test("the log verifies, and names none of them", async () => {
  await withSessions(PEOPLE + WRITERS + SEALERS, async (sessions, watcher) => {
    const roles = [{ role: "owner", count: 1 }, { role: "member", count: PEOPLE }] as const;
    await withWorkspace(watcher, [...roles], async (workspace, [owner, ...people]) => {
      await watcher`
        insert into public.audit_log (workspace_id, actor_id, action, subject_type, subject_id, detail)
        select ${workspace}, one.id::uuid, 'person.praised', 'person', other.id, jsonb_build_object('also', other.id)
        from jsonb_array_elements_text(${people as never}::jsonb) as one (id),
          jsonb_array_elements_text(${people as never}::jsonb) as other (id), generate_series(1, 10)`;
      await watcher`select private.seal_audit_log()`;
      const [anchor] = await watcher<{ digest: string }[]>`
        select digest from public.audit_anchor(${workspace})`;
      let erasing = true;
      const erasers = people.map((person, i) =>
        sessions[i]!`select private.erase_person(${person}, null, ${workspace})`
      );
      const writers = sessions.slice(PEOPLE, PEOPLE + WRITERS).map(async (sql) => {
        while (erasing) {
          await sql`
            select * from private.log_audit_entries(
              ${[{
            workspace_id: workspace,
            action: "report.exported",
          }] as never}::jsonb, ${owner!})`;
        }
      });
      const sealers = sessions.slice(PEOPLE + WRITERS).map(async (sql) => {
        while (erasing) await sql`select private.seal_audit_log()`;
      });
      await Promise.all(erasers).finally(() => erasing = false);
      await Promise.all([...writers, ...sealers]);
      await watcher`select private.seal_audit_log()`;
      const [verdict] = await watcher<{ is_valid: boolean; reason: string | null }[]>`
        select is_valid, reason from public.verify_audit_log(${workspace}, ${anchor!.digest})`;
      assert.deepEqual({ ...verdict }, { is_valid: true, reason: null });
      for (const person of people) {
        const [named] = await watcher<{ n: number }[]>`
          select count(*) as n from public.audit_log as e
          where e.workspace_id = ${workspace} and strpos(e::text, ${person}) > 0`;
        assert.equal(Number(named!.n), 0);
      }
    });
  });
});
