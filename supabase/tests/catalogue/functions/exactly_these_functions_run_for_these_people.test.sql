-- Every function of public and private is pinned: its volatility, with whose rights it runs, and who may execute it
-- (its owner aside).
begin;
select plan(8);

create temporary view functions as
select p.oid, n.nspname::text as schema,
  format('%s.%s(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
  case when p.prosecdef then 'definer' else 'invoker' end as rights,
  coalesce((
    select string_agg(case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end, ', '
      order by acl.grantee::regrole::text)
    from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as acl where acl.grantee <> p.proowner
  ), '') as executed_by,
  p.proconfig, p.prosecdef
from pg_catalog.pg_proc as p join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where n.nspname in ('public', 'private');

create temporary table pinned_functions (signature text, volatility text, rights text, executed_by text) on commit drop;
-- Those that others than their owner execute with its rights, and why they must have them.
create temporary table definers (signature text, reason text) on commit drop;
\ir pinned/platform.psql
\ir pinned/agents.psql
\ir pinned/cells.psql
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
  'select signature, volatility, rights, executed_by from functions',
  'select * from pinned_functions',
  'exactly these functions exist, and run for these people'
);
select set_eq(
  $$select signature from functions where rights = 'definer' and executed_by <> ''$$,
  'select signature from definers',
  'exactly these functions run for others with their owner''s rights'
);
select is_empty(
  $$select signature from functions
  where schema = 'public' and rights = 'definer' and executed_by ~ '\m(anon|authenticated|public)\M'$$,
  'none of them is exposed to people by the Data API'
);
select is_empty(
  $$select signature from functions where has_function_privilege('anon', oid, 'execute')$$,
  'anon executes nothing'
);
select is_empty(
  $$select signature from functions where executed_by ~ '\mpublic\M'$$,
  'nothing is executable by PUBLIC'
);
select is_empty(
  $$select signature from functions where coalesce(obj_description(oid, 'pg_proc'), '') = ''$$,
  'every function has a comment'
);
select is_empty(
  $$select signature from functions where ('search_path=""' = any (proconfig)) is not true$$,
  'every function has an empty search_path'
);
select is_empty(
  $$select name from (
      select proname as name from pg_catalog.pg_proc where pronamespace = 'public'::regnamespace group by 1
      having count(*) > 1
    ) as overloaded$$,
  'no function of public is overloaded: the Data API could not tell them apart'
);

select * from finish();
rollback;
