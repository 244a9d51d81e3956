import assert from "node:assert/strict";
import { required, type Session, withSessions } from "./sessions.ts";

// No rival here, but the administrator: nobody else may write into the catalogue what a server
// writes there. All is rolled back.
Deno.test("options that the server keeps for itself are no part of a business's tables", async () => {
  await withSessions(1, async ([admin]) => {
    await admin!`begin`;
    const before = await partsOf(admin!);
    await admin!.unsafe(`
      alter table public.leads alter column id set (n_distinct = -1);
      alter table public.leads set (fillfactor = 71)`);
    const changed = await partsOf(admin!);
    assert.deepEqual(changed.filter((part) => !before.includes(part)), [
      "column option: alter table public.{prefix}leads alter column id set (n_distinct = '-1')",
      "options: alter table public.{prefix}leads set (fillfactor = '71')",
    ]);

    await admin!.unsafe(`
      update pg_attribute set attoptions = coalesce(attoptions, '{}') || '{pg_attver=7}'
      where attrelid = 'public.leads'::regclass and attnum > 0;
      update pg_class set reloptions = coalesce(reloptions, '{}') || '{pg_relver=7}'
      where oid = 'public.leads'::regclass
        or oid = (select reltoastrelid from pg_class where oid = 'public.leads'::regclass)`);
    assert.deepEqual(await partsOf(admin!), changed);
    await admin!`rollback`;
  }, required("GROUNDWORK_TEST_ADMIN_URL"));
});

async function partsOf(sql: Session): Promise<string[]> {
  const rows = await sql<{ fact: string }[]>`
    select part || ': ' || definition as fact from private.business_parts('')
    where template = 'leads' order by 1`;
  return rows.map(({ fact }) => fact);
}
