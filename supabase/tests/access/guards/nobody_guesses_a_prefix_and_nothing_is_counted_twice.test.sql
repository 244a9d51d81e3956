-- Two guards, each with the attack, what is lawful beside it, and what happens without the guard.
begin;
\ir ../../world.psql
select plan(14);

-- Prefixes: south has a business, north has none ----------------------------------------------------------------------
insert into public.businesses (workspace_id, name, prefix) values (tests.id('south'), 'Two', 'tw_');
create table public.tw_agent_memory (like public.agent_memory including all);
create table public.tw_leads (like public.leads including all);
grant select, insert, update on public.tw_agent_memory, public.tw_leads to authenticated, service_role;

-- All that an error tells: its code, its words, its hint.
create function pg_temp.told(who text, statement text) returns text language plpgsql as $$
declare
  message text;
begin
  perform tests.authenticate_as(who);
  execute statement;
  perform tests.authenticate_as('database');
  return 'done';
exception when others then
  get stacked diagnostics message = message_text;
  perform tests.authenticate_as('database');
  return sqlstate || ' ' || message;
end;
$$;
create temporary table asked (name text, statement text) on commit drop;
insert into asked values
  ('loading memory', $$select public.load_agent_memory(%L, null, null, %L)$$),
  ('saving memory',
    $$select public.save_agent_memory(%L, '[{"memory_type": "state", "key": "k", "value": 1}]', null, %L)$$),
  ('importing leads', $$select public.import_leads(%2$L, %1$L, '[{"state": "TX"}]')$$);

select is(
  pg_temp.told(who, format(statement, tests.id(place), 'tw_')),
  pg_temp.told(who, format(statement, tests.id(place), 'no_')),
  format('%s: %s in %s is told of the prefix of others what they are told of none', name, who, place)
)
from asked cross join (values ('admin', 'north'), ('newcomer', 'south')) as attack (who, place)
order by name, who;
select isnt(
  pg_temp.told(who, format(statement, tests.id('south'), 'tw_')),
  pg_temp.told(who, format(statement, tests.id('south'), 'no_')),
  name || ': whose business it is, is told more'
)
from asked cross join lateral (
  -- What an agent believes no person writes.
  select case name when 'saving memory' then 'service' else 'outsider' end as who
) as twin
order by name;

create function pg_temp.without_the_guard() returns text language plpgsql as $$
declare
  told text;
begin
  execute replace(pg_get_functiondef('private.business_table(uuid, text, text)'::regprocedure),
    'b.workspace_id = $1 and', '');
  execute format($swap$
    create or replace function pg_temp.same() returns boolean language sql as %L$swap$,
    format('select pg_temp.told(%1$L, %2$L) = pg_temp.told(%1$L, %3$L)', 'admin',
      format((select statement from asked where name = 'importing leads'), tests.id('north'), 'tw_'),
      format((select statement from asked where name = 'importing leads'), tests.id('north'), 'no_')));
  told := pg_temp.same()::text;
  raise exception using errcode = 'UNDO1', message = told;
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end;
$$;
select is(pg_temp.without_the_guard(), 'false', 'without the guard the two answers differ');

-- Counters: each limit is counted by one trigger for each table and event --------------------------------------------
create temporary view counted as
select t.tgrelid::regclass::text as table_name, t.tgtype & 28 as event,
  split_part(encode(t.tgargs, 'escape'), '\000', 1) as limit_name, count(*) as n
from pg_catalog.pg_trigger as t
where t.tgfoid in ('private.count_rows()'::regprocedure, 'private.count_acts()'::regprocedure)
group by 1, 2, 3;
select is_empty('select * from counted where n > 1', 'no limit is counted twice for one event of a table');
select cmp_ok((select count(*) from counted), '>', 10::bigint, 'there are such counters');

create function pg_temp.used_by_one_document(slug text) returns bigint language plpgsql as $$
declare
  before bigint := coalesce((select sum(used) from private.counters where name = 'documents'), 0);
begin
  insert into public.documents (workspace_id, path, name) values (tests.id('north'), slug::extensions.ltree, 'A');
  return coalesce((select sum(used) from private.counters where name = 'documents'), 0) - before;
end;
$$;
select is(pg_temp.used_by_one_document('one'), 1::bigint, 'a document counts as one');
create trigger count_added_once_more after insert on public.documents referencing new table as new_rows
  for each statement execute function private.count_rows('documents');
select is(pg_temp.used_by_one_document('two'), 2::bigint, 'with the trigger a second time it would count as two');
select * from finish();
rollback;
