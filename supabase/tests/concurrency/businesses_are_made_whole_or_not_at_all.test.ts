import assert from "node:assert/strict";
import { outcomeOf, type Session, withSessions, withWorkspace } from "./sessions.ts";

const PREFIXES = ["ca_", "cb_"];

/** Two templates of the test's own, because DDL of the real ones would be left in everybody's way. */
async function withTemplates(sql: Session, body: () => Promise<void>): Promise<void> {
  await removeAll(sql);
  try {
    await sql.unsafe(`
      create table private.kept_templates as select * from private.business_templates;
      delete from private.business_templates where to_regclass('public.' || table_name) is null;
      create table public.race_leads (
        id uuid primary key default gen_random_uuid(),
        workspace_id uuid not null references public.workspaces (id) on delete cascade,
        name text not null,
        unique (workspace_id, id)
      );
      create table public.race_queue (
        like private.work_item including all,
        lead_id uuid not null,
        foreign key (workspace_id) references public.workspaces (id) on delete cascade,
        foreign key (workspace_id, lead_id) references public.race_leads (workspace_id, id) on delete cascade
      );
      select private.register_work_queue('public.race_queue');
      select private.register_business_template('race_leads'), private.register_business_template('race_queue')`);
    await body();
  } finally {
    await removeAll(sql);
  }
}

async function removeAll(sql: Session): Promise<void> {
  for (const prefix of PREFIXES) {
    await sql`delete from public.businesses where prefix = ${prefix}`;
    await sql`select private.drop_stamped_tables(${prefix})`;
    await sql`delete from private.ownerless_prefixes where prefix = ${prefix}`;
  }
  await sql.unsafe(`
    drop table if exists public.race_queue, public.race_leads;
    delete from private.work_queues where name = 'race_queue';
    drop function if exists private.claim_race_queue(text, uuid, interval, integer, integer, uuid[], integer);
    do $$ begin
      if to_regclass('private.kept_templates') is not null then
        delete from private.business_templates;
        insert into private.business_templates select * from private.kept_templates;
        drop table private.kept_templates;
      end if;
    end; $$`);
}

async function relationsOf(sql: Session, prefix: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class where starts_with(relname, ${prefix}) and relkind = 'r'
    union all select proname from pg_proc where starts_with(proname, ${`claim_${prefix}`})
    union all select 'business ' || prefix from public.businesses where prefix = ${prefix}
    union all select 'queue ' || name from private.work_queues where starts_with(name, ${prefix})
    order by 1`;
  return rows.map(({ name }) => name).filter((name) => /race|business/.test(name));
}

const whole = (prefix: string) =>
  [
    `business ${prefix}`,
    `${prefix}race_leads`,
    `${prefix}race_queue`,
    `claim_${prefix}race_queue`,
    `queue ${prefix}race_queue`,
  ].sort();

const create = (sql: Session, workspace: string, prefix: string) =>
  outcomeOf(sql`select private.create_business(${workspace}, ${prefix}, 'Race')`);

const drop = (sql: Session, prefix: string) =>
  outcomeOf(sql`select private.drop_business(${prefix}, 'Race')`);

const LEVELS = ["read committed", "repeatable read", "serializable"] as const;

for (const level of LEVELS) {
  Deno.test(`of two who want a prefix at once one gets it (${level})`, async () => {
    await withSessions(2, async ([first, second], watcher) => {
      await withTemplates(watcher, () =>
        withWorkspace(watcher, [], async (workspace) => {
          // first begins, second begins, first creates, second creates (waits), first commits
          await first!.unsafe(`begin isolation level ${level}`);
          await second!.unsafe(`begin isolation level ${level}`);
          await second!`select count(*) from public.businesses`;
          assert.equal(await create(first!, workspace, "ca_"), "ok");
          const waiting = create(second!, workspace, "ca_");
          await untilWaiting(watcher);
          await first!`commit`;
          assert.equal(await waiting, "prefix_taken");
          await second!`rollback`;
          assert.deepEqual((await relationsOf(watcher, "ca_")).sort(), whole("ca_"));
        }));
    });
  });
}

Deno.test("a prefix is there for the second when the first takes it back", async () => {
  await withSessions(2, async ([first, second], watcher) => {
    await withTemplates(watcher, () =>
      withWorkspace(watcher, [], async (workspace) => {
        await first!`begin`;
        assert.equal(await create(first!, workspace, "ca_"), "ok");
        const waiting = create(second!, workspace, "ca_");
        await untilWaiting(watcher);
        await first!`rollback`;
        assert.equal(await waiting, "ok");
        assert.deepEqual((await relationsOf(watcher, "ca_")).sort(), whole("ca_"));
      }));
  });
});

Deno.test("however many make and drop at once, what is there is whole", async () => {
  await withSessions(4, async (sessions, watcher) => {
    await withTemplates(watcher, () =>
      withWorkspace(watcher, [], async (workspace) => {
        for (let round = 0; round < 5; round++) {
          const outcomes = await Promise.all(sessions.flatMap((sql, index) =>
            PREFIXES.map((prefix) =>
              index === 3 ? drop(sql, prefix) : create(sql, workspace, prefix)
            )
          ));
          const unexpected = outcomes.filter((outcome) =>
            !["ok", "prefix_taken", "not_found"].includes(outcome)
          );
          assert.deepEqual(unexpected, [], `round ${round}: ${outcomes}`);
          for (const prefix of PREFIXES) {
            const there = (await relationsOf(watcher, prefix)).sort();
            if (there.length > 0) {
              assert.deepEqual(there, whole(prefix));
            }
            await drop(watcher, prefix);
            assert.deepEqual(await relationsOf(watcher, prefix), []);
          }
        }
      }));
  });
});

Deno.test("stamping does not wait for who writes to the template, nor they for it", async () => {
  await withSessions(2, async ([writer, maker], watcher) => {
    await withTemplates(watcher, () =>
      withWorkspace(watcher, [], async (workspace) => {
        const write = (sql: Session) =>
          sql`insert into public.race_leads (workspace_id, name) values (${workspace}, 'x')`;
        await writer!`begin`;
        await write(writer!);
        await maker!`begin`;
        assert.equal(await create(maker!, workspace, "ca_"), "ok");
        await write(writer!);
        await writer!`commit`;
        await write(watcher);
        await maker!`commit`;
        assert.deepEqual((await relationsOf(watcher, "ca_")).sort(), whole("ca_"));
        const [row] = await watcher`select count(*)::int as n from public.race_leads`;
        assert.equal(row!.n, 3);
      }));
  });
});

Deno.test("what is written while a business is dropped is either kept or refused", async () => {
  await withSessions(2, async ([writer, dropper], watcher) => {
    await withTemplates(watcher, () =>
      withWorkspace(watcher, [], async (workspace) => {
        const write = (sql: Session, name: string) =>
          sql`insert into public.ca_race_leads (workspace_id, name) values (${workspace}, ${name})`;
        assert.equal(await create(watcher, workspace, "ca_"), "ok");
        await writer!`begin`;
        await write(writer!, "not committed when the drop began");
        const dropping = dropper!`select * from private.drop_business('ca_', 'Race')`.execute();
        await untilWaiting(watcher);
        const late = outcomeOf(write(watcher, "queued behind the drop").execute());
        await writer!`commit`;
        const [dropped] = await dropping;
        assert.equal(await late, "42P01");
        assert.equal(dropped!.counts.race_leads, 1);
        const rows = await watcher<{ contents: { name: string } }[]>`
          select contents from private.read_business_export(${dropped!.export_id})`;
        assert.deepEqual(rows.map(({ contents }) => contents.name), [
          "not committed when the drop began",
        ]);
      }));
  });
});

Deno.test("a drop that could not see the newest rows is refused", async () => {
  await withSessions(1, async ([sql], watcher) => {
    await withTemplates(watcher, () =>
      withWorkspace(watcher, [], async (workspace) => {
        assert.equal(await create(watcher, workspace, "ca_"), "ok");
        await sql!.unsafe("begin isolation level repeatable read");
        assert.equal(await drop(sql!, "ca_"), "25001");
        await sql!`rollback`;
        assert.deepEqual((await relationsOf(watcher, "ca_")).sort(), whole("ca_"));
      }));
  });
});

Deno.test("who is held back gives up after five seconds, and has made nothing", async () => {
  await withSessions(2, async ([holder, maker], watcher) => {
    await withTemplates(watcher, () =>
      withWorkspace(watcher, [], async (workspace) => {
        await holder!`begin`;
        await holder!`update public.workspaces set name = 'Held' where id = ${crypto.randomUUID()}`;
        assert.equal(await create(maker!, workspace, "ca_"), "unavailable");
        await holder!`rollback`;
        assert.deepEqual(await relationsOf(watcher, "ca_"), []);
        assert.equal(await create(maker!, workspace, "ca_"), "ok");
      }));
  });
});

/** Until some session waits for a lock: the other has arrived where it must wait. */
async function untilWaiting(sql: Session): Promise<void> {
  for (;;) {
    const [row] = await sql<[{ waits: boolean }]>`
      select exists (select from pg_locks where not granted) as waits`;
    if (row.waits) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
