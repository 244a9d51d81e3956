-- Grants on tables, columns, sequences and schemas are pinned. Nobody but their owner is in these lists unless a
-- chapter put them there.
begin;
select plan(8);

create temporary table pinned_tables (table_name text, grantee text, privileges text) on commit drop;
create temporary table pinned_columns (table_name text, grantee text, privilege text, columns text) on commit drop;
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
  $$select c.relname::text, grantee::regrole::text, string_agg(lower(privilege_type), ', ' order by privilege_type)
    from pg_catalog.pg_class as c cross join aclexplode(c.relacl) as acl
    where c.relnamespace = 'public'::regnamespace and grantee <> c.relowner group by 1, 2$$,
  'select * from pinned_tables',
  'exactly these tables are granted'
);
select set_eq(
  $$select c.relname::text, grantee::regrole::text, lower(privilege_type), string_agg(a.attname, ', ' order by a.attnum)
    from pg_catalog.pg_attribute as a join pg_catalog.pg_class as c on c.oid = a.attrelid cross
    join aclexplode(a.attacl) as acl
    where c.relnamespace = 'public'::regnamespace group by 1, 2, 3$$,
  'select * from pinned_columns',
  'exactly these columns are granted'
);
select is_empty(
  $$select c.oid::regclass, grantee::regrole from pg_catalog.pg_class as c cross join aclexplode(c.relacl) as acl
    where c.relnamespace = 'private'::regnamespace and grantee <> c.relowner$$,
  'no table, view or sequence of private is granted to anyone, partitions included'
);
select is_empty(
  $$select c.oid::regclass, a.attname from pg_catalog.pg_attribute as a
  join pg_catalog.pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'private'::regnamespace and a.attacl is not null$$,
  'nor any of its columns'
);
select is_empty(
  $$select c.oid::regclass, privilege from pg_catalog.pg_class as c
    cross join unnest(array['select', 'insert', 'update', 'references']) as privilege
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm')
      and (has_any_column_privilege('anon', c.oid, privilege)
        or has_table_privilege('anon', c.oid, 'delete, truncate, trigger'))$$,
  'anon can do nothing with any table, also not through PUBLIC'
);
select is_empty(
  $$select c.oid::regclass, role_name from pg_catalog.pg_class as c cross
  join unnest(array['anon', 'authenticated', 'service_role']) as role_name
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'S'
      and has_sequence_privilege(role_name, c.oid, 'usage, select, update')$$,
  'nobody draws from the sequences'
);
select is_empty(
  $$select c.oid::regclass, role_name from pg_catalog.pg_class as c cross
  join unnest(array['anon', 'authenticated', 'service_role']) as role_name
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p')
      and has_table_privilege(role_name, c.oid, 'truncate, references, trigger')$$,
  'nobody truncates, refers to or hangs triggers on a table'
);
select set_eq(
  $$select role_name, privilege from unnest(array['anon', 'authenticated', 'service_role']) as role_name
    cross join unnest(array['usage', 'create']) as privilege
    where has_schema_privilege(role_name, 'private', privilege)$$,
  $$values ('authenticated', 'usage'), ('service_role', 'usage')$$,
  'private is used by signed-in people and the service, for the helpers of policies, and by no one else'
);

select * from finish();
rollback;
