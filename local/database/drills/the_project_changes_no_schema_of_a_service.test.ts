/**
 * On a real Postgres the project's role may do in the services' schemas what the platform lets it do:
 * refer to their tables, write policies and triggers, and nothing else. (On the embedded database the
 * one user there is may do everything.) And the Data API hears of every change of the schema.
 */
import assert from "node:assert/strict";
import type postgres from "postgres";
import { startTestPostgres } from "../../services/postgres.ts";
import { bootstrap } from "../bootstrap.ts";
import { connect } from "../connect.ts";

const makings = [
  "create table %.ours (id integer)",
  "create function %.ours() returns integer language sql as 'select 1'",
  "create view %.ours_too as select 1 as one",
  "create type %.our_kind as enum ('a')",
];
const refused = [
  ...["auth", "storage", "realtime"].flatMap((schema) =>
    makings.map((making) => making.replace("%", schema))
  ),
  "create index ours on storage.objects (name)",
  "alter table storage.objects add column ours integer",
  "alter table realtime.messages add column ours integer",
  "alter table storage.objects disable row level security",
  "alter table auth.users add column ours integer",
  "drop table storage.objects cascade",
  "drop table realtime.messages cascade",
  "drop table auth.users cascade",
  "drop function realtime.topic()",
  "delete from storage.objects",
];
const allowed = [
  ...makings.map((making) => making.replace("%", "public")),
  `create policy "Ours" on storage.objects for select to anon using (false)`,
  `drop policy "Ours" on storage.objects`,
  `create policy "Ours" on realtime.messages for select to anon using (false)`,
  "create table public.of_people (user_id uuid references auth.users (id))",
  "create function public.told() returns trigger language plpgsql as 'begin return null; end'",
  "create trigger ours after insert on auth.users for each row execute function public.told()",
  "create trigger ours after insert on storage.objects for each row execute function public.told()",
  "select set_config('storage.allow_delete_query', 'true', true); delete from storage.objects",
];

/** What becomes of a statement, which is taken back: `ok`, or the error's code. */
async function attempt(sql: postgres.Sql, statement: string, before = ""): Promise<string> {
  const takenBack = new Error();
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(before).simple();
      await transaction.unsafe(statement).simple();
      throw takenBack;
    });
  } catch (error) {
    if (error !== takenBack) return (error as postgres.PostgresError).code ?? String(error);
  }
  return "ok";
}

Deno.test("the project's role changes no schema of a service; the Data API hears what it changes", async (test) => {
  const server = await startTestPostgres();
  const admin = connect(server.adminUrl);
  const project = connect(server.adminUrl.replace("supabase_admin@", "postgres@"));
  try {
    await bootstrap(admin);
    await test.step("it is no superuser, and no member of a service", async () => {
      const services = ["supabase_auth_admin", "supabase_storage_admin", "supabase_realtime_admin"];
      const [role] = await project`
        select current_user::text as name, rolsuper, rolbypassrls,
          array(
            select rolname::text from pg_roles
            where rolname = any (${services}) and pg_has_role('postgres', oid, 'member')
          ) as memberships
        from pg_roles where rolname = current_user`;
      assert.deepEqual({ ...role }, {
        name: "postgres",
        rolsuper: false,
        rolbypassrls: true,
        memberships: [],
      });
    });
    await test.step("refused with 42501, statement by statement", async () => {
      for (const statement of refused) {
        assert.equal(await attempt(project, statement), "42501", statement);
      }
    });
    await test.step("allowed beside it", async () => {
      for (const [place, statement] of allowed.entries()) {
        const policy = statement.startsWith("drop policy") ? allowed[place - 1] : "";
        const told = statement.startsWith("create trigger")
          ? allowed.find((one) => one.includes("public.told()"))
          : "";
        assert.equal(await attempt(project, statement, policy || told), "ok", statement);
      }
    });
    await test.step("the services' own roles and the server's superuser go on as before", async () => {
      assert.equal(
        await attempt(admin, "alter table storage.objects add column ours integer"),
        "ok",
      );
    });
    await test.step("the Data API hears of what is made and dropped, not of what is taken back", async () => {
      const heard: string[] = [];
      const listening = await admin.listen("pgrst", (word) => void heard.push(word));
      await attempt(project, "create table public.taken_back (id integer)");
      await project`create table public.kept (id integer)`;
      await project`drop table public.kept`;
      // Notifications of one channel come in the order of commits.
      await project`notify pgrst, 'the end'`;
      for (let tries = 0; tries < 500 && !heard.includes("the end"); tries++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assert.deepEqual(heard, ["reload schema", "reload schema", "the end"]);
      await listening.unlisten();
    });
  } finally {
    await admin.end();
    await project.end();
    await server.remove();
  }
});
