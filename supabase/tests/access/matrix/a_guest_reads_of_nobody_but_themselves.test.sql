-- A guest is often an outsider to the others: no table shows them whom it names, but for the one who invited or
-- admitted them. Every column that names a person (private.personal_columns) of every row of the matrix is looked at;
-- the member beside them reads colleagues.
begin;
\ir ../../world.psql
\ir expectations/all.psql
create temporary table named (who text, what text, person text) on commit drop;
grant insert on named to authenticated;

do $$
declare
  here record;
  reader text;
begin
  foreach reader in array array['guest', 'member'] loop
    for here in
      select c.table_name, c.column_name from private.personal_columns as c
      join pg_catalog.pg_attribute as a on a.attrelid = to_regclass(c.table_name) and a.attname = c.column_name
      where c.table_name like 'public.%' and a.atttypid = 'uuid'::regtype
        and has_column_privilege('authenticated', c.table_name, c.column_name, 'select')
      order by 1, 2
    loop
      perform tests.authenticate_as(reader);
      execute format('insert into named select %L, %L, %I::text from %s where %I is not null',
        reader, here.table_name || '.' || here.column_name, here.column_name, here.table_name, here.column_name);
      perform tests.authenticate_as('database');
    end loop;
  end loop;
end;
$$;
select plan(2);
select is_empty(
  $$select distinct what from named where who = 'guest' and person <> tests.id('guest')::text
    and what not in ('public.members.invited_by', 'public.permissions.granted_by')$$,
  'no row that a guest reads names somebody else'
);
select cmp_ok(
  (select count(distinct what) from named where who = 'member' and person <> tests.id('member')::text), '>=', 2::bigint,
  'a member reads rows that name colleagues'
);
select * from finish();
rollback;
