-- What a client writes and a table refuses is told by a code of ours that names the field: each check ends with
-- private.refuse, each table has the trigger for what is missing, and no column that clients write has a domain that
-- could not name it. A new table or check fails here until its chapter calls private.name_refusals.
begin;
\ir ../../world.psql
\ir ../../calls/dialling.psql
select plan(9);
select tests.add_lead('lead', '+15125550100');

create temporary view our_tables as
select c.oid, c.relname from pg_catalog.pg_class as c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p');
select is_empty(
  $$select k.conrelid::regclass, k.conname from pg_catalog.pg_constraint as k join our_tables as t on t.oid = k.conrelid
    where k.contype = 'c' and pg_get_expr(k.conbin, k.conrelid) not like format(
      '(COALESCE(%%, true) OR private.refuse(%L::text, %L::text))', (
        select string_agg(a.attname, ', ' order by a.attnum) from pg_catalog.pg_attribute as a
        where a.attrelid = k.conrelid and a.attnum = any (k.conkey)), k.conname)$$,
  'each check says which columns it refuses, and by which rule'
);
select is_empty(
  $$select t.relname, missing.attname from our_tables as t join pg_catalog.pg_attribute as missing
      on missing.attrelid = t.oid and missing.attnum > 0 and missing.attnotnull and missing.attgenerated = ''
    where not exists (
      select from pg_catalog.pg_trigger as g
      where g.tgrelid = t.oid and g.tgfoid = 'private.refuse_missing()'::regprocedure and g.tgenabled = 'O'
        and pg_get_triggerdef(g.oid) ~ format('\mnew\.%s IS NULL', quote_ident(missing.attname)))$$,
  'each column that must have a value is watched'
);
select is_empty(
  $$select g.tgrelid::regclass, g.tgname from pg_catalog.pg_trigger as g join our_tables as t on t.oid = g.tgrelid
    where not g.tgisinternal and g.tgtype & 2 = 2 and g.tgname > 'values_are_given'$$,
  'after all that fills values in'
);
select is_empty(
  $$select t.relname, a.attname from our_tables as t join pg_catalog.pg_attribute as a on a.attrelid = t.oid
    join pg_catalog.pg_constraint as k on k.contypid = a.atttypid
    where a.attnum > 0 and (has_column_privilege('authenticated', t.oid, a.attnum, 'insert, update')
        or has_column_privilege('service_role', t.oid, a.attnum, 'insert, update'))
      and pg_get_constraintdef(k.oid) not like format('%% OR private.refuse(%L::text, %L::text)))', a.attname,
        k.conname)$$,
  'a domain of a column that clients write names that column'
);

-- What each sees who writes it.
create function pg_temp.refusal(who text, statement text) returns text language plpgsql as $$
declare
  said text;
  detail text;
begin
  perform tests.authenticate_as(who);
  begin
    execute statement;
  exception when others then
    get stacked diagnostics said = message_text, detail = pg_exception_detail;
    said := case when sqlstate = 'PGRST' then concat_ws(' ', detail::jsonb ->> 'status', said::jsonb ->> 'code',
      said::jsonb ->> 'message', said::jsonb ->> 'details') else concat_ws(' ', sqlstate, nullif(detail, '')) end;
  end;
  perform tests.authenticate_as('database');
  return said;
end;
$$;
select is(pg_temp.refusal(who, 'update public.leads set year_built = 3000'),
  '422 invalid_value year_built: breaks the rule "year built is a year" '
    || '{"rule": "year_built_is_a_year", "fields": ["year_built"]}',
  'a wrong value, to the ' || who)
from unnest(array['admin', 'service']) as who;
select is(pg_temp.refusal(who, 'update public.leads set tags = null'),
  '422 missing_value tags: is missing {"fields": ["tags"]}', 'a missing value, to the ' || who)
from unnest(array['admin', 'service']) as who;
-- Keys keep the codes of Postgres; people are not told whose they are.
select is(pg_temp.refusal('admin', format('update public.leads set assigned_agent_id = %L', tests.id('desk'))),
  '23503 Key is not present in table "agents".', 'a key, to the admin');

select * from finish();
rollback;
