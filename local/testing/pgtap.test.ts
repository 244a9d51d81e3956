import assert from "node:assert/strict";
import postgres from "postgres";
import { installPgTap, runPgTapFile } from "./pgtap.ts";
import { startTestStack } from "./test-stack.ts";

const SCRIPTS = {
  "good.test.sql": `begin;
\\ir helper.psql
select plan(3);
select ok(true, 'a semicolon; inside');
set local role anon;
select is(current_user, 'anon'::name, 'roles are taken on');
reset role;
select pg_temp.helps();
select * from finish();
rollback;`,
  "helper.psql": `create function pg_temp.helps() returns text language sql
as $$ select pass('an included helper; with its own semicolon') $$;`,
  "wrong.test.sql": `begin;
select plan(2);
select ok(true, 'one');
select is(1, 2, 'two');
select * from finish();
rollback;`,
  "raising.test.sql": `begin;
select plan(2);
select ok(true, 'one');

select 1 / 0;
select ok(true, 'never reached');
select * from finish();
rollback;`,
  "short.test.sql": `begin;
select plan(2);
select ok(true, 'one');
select * from finish();
rollback;`,
  "careless.test.sql": `select plan(1);
create table public.left_behind ();
select ok(true, 'one');`,
  "meta.test.sql": `\\set quiet on
select plan(1);`,
};

Deno.test("the pgTAP runner", async (t) => {
  const folder = await Deno.makeTempDir();
  for (const [name, script] of Object.entries(SCRIPTS)) {
    await Deno.writeTextFile(`${folder}/${name}`, script);
  }
  const stack = await startTestStack({ redis: "none" });
  const target = { url: stack.dbUrl, adminUrl: stack.dbUrl };
  const run = (name: keyof typeof SCRIPTS) => runPgTapFile(target, `${folder}/${name}`);
  try {
    await installPgTap(target);
    await t.step("counts what passes, with roles taken on and helpers included", async () => {
      assert.deepEqual(await run("good.test.sql"), { passed: 3, failures: [], skipped: [] });
    });
    await t.step("counts a wrong answer, with its diagnostics", async () => {
      const { passed, failures } = await run("wrong.test.sql");
      assert.equal(passed, 1);
      assert.match(failures[0]!, /^not ok 2 - two\n[^]*want: 2/);
    });
    await t.step("counts a statement that raises as one failure, with its line", async () => {
      const { passed, failures } = await run("raising.test.sql");
      assert.equal(passed, 1);
      assert.equal(failures.length, 1);
      assert.match(failures[0]!, /raising\.test\.sql:5: 22012/);
    });
    await t.step("counts a plan that was not kept", async () => {
      assert.deepEqual((await run("short.test.sql")).failures, ["planned 2 tests, ran 1"]);
    });
    await t.step("leaves nothing behind, also where a file forgot to roll back", async () => {
      assert.equal((await run("careless.test.sql")).passed, 1);
      const sql = postgres(stack.dbUrl, { max: 1 });
      const [found] = await sql`select to_regclass('public.left_behind') as relation`;
      await sql.end();
      assert.equal(found?.relation, null);
    });
    await t.step("refuses a command of psql that it does not know", async () => {
      await assert.rejects(run("meta.test.sql"), /meta\.test\.sql:1: .*\\set/);
    });
  } finally {
    await stack.stop();
    await Deno.remove(folder, { recursive: true });
  }
});
