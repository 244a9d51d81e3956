-- A column that names a person and that erasure does not know of is a person who is not forgotten.
begin;
select plan(7);

create temporary view suspects as
select t.table_name, a.attname::text as column_name
from (
  -- A table under a business's prefix is its template's business.
  select c.oid, n.nspname || '.' || coalesce((
    select substr(c.relname, length(b.prefix) + 1) from public.businesses as b
    where b.prefix <> '' and starts_with(c.relname, b.prefix) order by length(b.prefix) desc limit 1),
      c.relname) as table_name
  from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
) as t
join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
where a.atttypid in ('uuid'::regtype, 'uuid[]'::regtype)
  and a.attname ~ ('^(user|actor|owner|person|profile|author|creator|member|sender|recipient|assignee)(_id|_ids|s)?$'
    || '|_by$|_user_id$|_user$')
  or a.atttypid in ('text'::regtype, 'varchar'::regtype) and a.attname ~ '^(.*_)?email$'
  or exists (
    select from pg_catalog.pg_constraint as k
    where k.conrelid = t.oid and k.contype = 'f'
      and k.confrelid in ('public.profiles'::regclass, 'auth.users'::regclass) and a.attnum = any (k.conkey));

select is_empty(
  $$select * from suspects except select table_name, column_name from private.personal_columns$$,
  'every column that looks like a person is declared in private.personal_columns'
);
select is_empty(
  $$select p.table_name, p.column_name from private.personal_columns as p
    where not exists (
      select from pg_catalog.pg_attribute as a
      where a.attrelid = to_regclass(p.table_name) and a.attname = p.column_name and not a.attisdropped)$$,
  'and every declared column exists'
);
select is_empty(
  $$select p.table_name, p.workspace_column from private.personal_columns as p
    where p.workspace_column is not null and not exists (
      select from pg_catalog.pg_attribute as a
      where a.attrelid = to_regclass(p.table_name) and a.attname = p.workspace_column
        and a.atttypid = 'uuid'::regtype)$$,
  'as does the column that says its workspace'
);
select is_empty(
  $$select p.table_name, p.column_name from private.personal_columns as p
    join pg_catalog.pg_attribute as a on a.attrelid = to_regclass(p.table_name) and a.attname = 'workspace_id'
    where p.workspace_column is null and p.on_erasure <> 'elsewhere'$$,
  'a table of tenants says so: erasing in one workspace must find its rows'
);
select is_empty(
  $$select p.table_name, p.column_name from private.personal_columns as p
    join pg_catalog.pg_attribute as a on a.attrelid = to_regclass(p.table_name) and a.attname = p.column_name
    join pg_catalog.pg_constraint as k on k.conrelid = a.attrelid and k.contype = 'f' and a.attnum = any (k.conkey)
      and k.confrelid in ('public.profiles'::regclass, 'auth.users'::regclass)
    where p.on_erasure in ('pseudonymise', 'redact') or p.on_erasure = 'null' and a.attnotnull$$,
  'no foreign key is to hold a name that is nobody''s, and nothing is emptied that may not be empty'
);
-- Small test of the test: a column that nobody declared.
create table public.undeclared (id uuid primary key, approved_by uuid, mentor uuid
  references public.profiles (user_id), contact_email text, workspace_id uuid);
select set_eq(
  $$select column_name
  from (select * from suspects except select table_name, column_name from private.personal_columns) as s
  where table_name = 'public.undeclared'$$,
  $$values ('approved_by'), ('mentor'), ('contact_email')$$, 'this test sees one'
);
-- A stamped table follows its template.
insert into private.personal_columns (table_name, column_name, on_erasure)
values ('public.undeclared', 'approved_by', 'null');
insert into public.workspaces (id, name, slug) values (gen_random_uuid(), 'Tests', 'tests-personal-columns');
insert into public.businesses (workspace_id, name, prefix) select id, 'Tests', 'zz_' from public.workspaces
where slug = 'tests-personal-columns';
create table public.zz_undeclared (like public.undeclared);
select set_eq(
  $$select of_table::text from private.personal_columns_now()
  where column_name = 'approved_by' and of_table::text ~ 'undeclared'$$,
  $$values ('undeclared'), ('zz_undeclared')$$, 'a business''s table is treated as its template is'
);

select * from finish();
rollback;
