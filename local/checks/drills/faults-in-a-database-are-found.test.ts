import assert from "node:assert/strict";
import postgres from "postgres";
import { startTestPostgres } from "../../services/postgres.ts";
import { lintDatabase } from "../database-lints.ts";

const PLATFORM = `
  create role postgres login;
  create role anon;
  create role authenticated;
  create role service_role;
  create schema private;
  create schema extensions;
  create schema storage;
  create table storage.buckets (id text primary key, public boolean);
  create table storage.objects (id int primary key, bucket_id text);
  alter table storage.objects enable row level security;
  grant usage on schema public, private, extensions to anon, authenticated, postgres;`;

const FAULTS = [
  {
    what: "a function that calls one that does not exist",
    sql: `create function private.broken() returns int language plpgsql set search_path = ''
          as $$ begin return private.no_such_function(); end $$`,
    finding: /private\.broken.*no_such_function/,
  },
  {
    what: "a variable that is never used",
    sql: `create function private.careless() returns int language plpgsql set search_path = ''
          as $$ declare spare int; begin return 1; end $$`,
    finding: /private\.careless warning: unused variable "spare"/,
  },
  {
    what: "a table that the API shows without row level security",
    sql: "create table public.open (id int primary key); grant select on public.open to anon",
    finding: /rls_disabled_in_public.*public\.open/,
  },
  {
    what: "a function whose search path can be changed",
    sql: "create function public.loose() returns int language sql as 'select 1'",
    finding: /function_search_path_mutable.*public\.loose/,
  },
  {
    what: "a foreign key without an index",
    sql: `create table private.a (id int primary key);
          create table private.b (id int primary key, a_id int references private.a)`,
    finding: /unindexed_foreign_keys.*private\.b/,
  },
  {
    what: "a function of the API that runs as its owner and that signed-in people may call",
    sql: `create function public.mighty() returns int language sql security definer
          set search_path = '' as 'select 1';
          revoke execute on function public.mighty() from public;
          grant execute on function public.mighty() to authenticated`,
    finding: /authenticated_security_definer_function_executable.*mighty/,
  },
  {
    what: "a public bucket that can be listed",
    sql: `insert into storage.buckets values ('avatars', true);
          create policy "All see avatars" on storage.objects for select to anon
          using (bucket_id = 'avatars')`,
    finding: /public_bucket_allows_listing.*avatars/,
  },
];

Deno.test("an empty database is clean, and each planted fault is found", async (t) => {
  const server = await startTestPostgres();
  const sql = postgres(server.adminUrl, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(PLATFORM);
    // The platform's own table has no policy yet; what the project adds is what counts.
    const beforehand = await lintDatabase(server.adminUrl);
    assert.deepEqual(beforehand.filter((finding) => !/storage\.objects/.test(finding)), []);
    for (const { sql: fault } of FAULTS) await sql.unsafe(fault);
    const problems = (await lintDatabase(server.adminUrl)).join("\n");
    for (const { what, finding } of FAULTS) {
      await t.step(what, () => assert.match(problems, finding));
    }
  } finally {
    await sql.end();
    await server.remove();
  }
});
