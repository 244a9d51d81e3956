-- The set of policies is pinned, with their commands and roles. A new one is written here first, and in the matrix
-- (access/matrix).
begin;
select plan(7);

create temporary table pinned_policies (table_name text, command text, name text) on commit drop;
\ir pinned/platform.psql
\ir pinned/agents.psql
\ir pinned/limits.psql
\ir pinned/work.psql
\ir pinned/calls.psql
\ir pinned/content.psql
\ir pinned/businesses.psql
\ir pinned/lifecycle.psql
\ir pinned/conversations.psql
\ir pinned/knowledge.psql
\ir pinned/prompt.psql
\ir pinned/connections.psql

select set_eq(
  $$select tablename::text, lower(cmd)::text, policyname::text, roles::text from pg_catalog.pg_policies
    where schemaname in ('public', 'private')$$,
  $$select pinned.*, '{authenticated}' from pinned_policies as pinned$$,
  'exactly these policies exist, each for signed-in people'
);
select is_empty(
  $$select oid::regclass from pg_catalog.pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity$$,
  'row-level security is on for every table of public'
);
select is_empty(
  $$select c.oid::regclass from pg_catalog.pg_class as c
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not exists (
      select from pg_catalog.pg_policy where polrelid = c.oid and polcmd = 'r')$$,
  'every table of public says who reads it'
);
select is_empty(
  $$select polrelid::regclass, polname from pg_catalog.pg_policy as p
    join pg_catalog.pg_class as c on c.oid = p.polrelid
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
      and coalesce(pg_catalog.obj_description(p.oid, 'pg_policy'), '') = ''$$,
  'every policy has a comment that gives its reason'
);
select is_empty(
  $$select tablename, cmd from pg_catalog.pg_policies
  where schemaname = 'public' and (cmd = 'ALL' or permissive <> 'PERMISSIVE')$$,
  'each policy is for one operation and permissive'
);
select is_empty(
  $$select tablename, cmd, unnest(roles) from pg_catalog.pg_policies where schemaname = 'public' group by 1, 2, 3
  having count(*) > 1$$,
  'one policy per table, operation and role'
);
select is_empty(
  $$select tablename, policyname from pg_catalog.pg_policies
    where schemaname = 'public'
      -- a helper called outside of a sub-select runs once per row
      and regexp_replace(concat(qual, with_check), '\( ?SELECT private\.\w+\([^()]*\)( AS \w+)?\)', '',
        'g') ~ 'private\.'$$,
  'every policy calls its helpers in a sub-select: once per statement'
);

select * from finish();
rollback;
