begin;
\ir ../../world.psql
select plan(15);

create function tests.history() returns text language sql stable as $$
  select coalesce(string_agg(concat_ws(' ', key, version, value), ', ' order by id), 'nothing')
  from public.agent_memory_history where workspace_id = tests.id('north');
$$;
insert into public.agent_memory (workspace_id, memory_type, key, value, version)
values (tests.id('north'), 'state', 'k', '1', 99);
update public.agent_memory set value = '2', version = 1 where key = 'k' and workspace_id = tests.id('north');
update public.agent_memory set created_at = now() where key = 'k' and workspace_id = tests.id('north');
select is(tests.history(), 'k 1 1, k 2 2', 'plain writes are versions too, counted by the trigger');
select is((select version from public.agent_memory where workspace_id = tests.id('north')), 2,
  'as is the memory''s own');
update public.agent_memory set key = 'l' where workspace_id = tests.id('north');
select is(tests.history(), 'k 1 1, k 2 2, l 1 2', 'under another key it begins anew');
delete from public.agent_memory where workspace_id = tests.id('north');
select is(tests.history(), 'k 1 1, k 2 2, l 1 2, l 2', 'that it was forgotten is kept');
do $$ begin perform private.act_as(tests.id('owner')); end; $$;
insert into public.agent_memory (workspace_id, memory_type, key, value, agent_id)
values (tests.id('north'), 'state', 'm', '1', tests.id('hr'));
select is((select changed_by from public.agent_memory_history where key = 'm' and workspace_id = tests.id('north')),
  tests.id('owner'), 'a person is written down');
select tests.authenticate_as('database');

-- Pruning: 30 versions of one key, 5 of another, all old
delete from public.agent_memory_history where workspace_id = tests.id('north');
insert into public.agent_memory_history (workspace_id, memory_type, key, value, confidence, version, changed_at)
  select tests.id('north'), 'state', key, '1', 1, n, now() - make_interval(days => 400 - n)
  from (values ('many', 30), ('few', 5), ('young', 36)) as made (key, most), generate_series(1, most) as n;
select is(private.prune_agent_memory_history('366 days', 20) ->> 'agent_memory_history', '26', 'old versions go');
select is(
  (select string_agg(format('%s %s–%s', key, least, greatest), ', ' order by key) from (
    select key, min(version) as least, max(version) as greatest from public.agent_memory_history
    where workspace_id = tests.id('north') group by key) as kept),
  'few 1–5, many 11–30, young 17–36', 'but the newest twenty of a key stay'
);
insert into public.agent_memory_history (workspace_id, memory_type, key, value, confidence,
  version) select tests.id('north'), 'state', 'young', '1', 1, n from generate_series(37, 70) as n;
select is(private.prune_agent_memory_history() ->> 'agent_memory_history', '18', 'and what is young');
select is((select array_agg(distinct version) from public.agent_memory_history
  where key = 'young' and workspace_id = tests.id('north') and version < 37), array[35, 36],
  'exactly 365 days old is kept');
select is((select count(*) from public.agent_memory_history where key = 'young' and workspace_id = tests.id('north')),
  36::bigint, 'however many there are');

-- A memory goes with its agent and its workspace, without a trace and without trouble
insert into public.agent_memory (workspace_id, memory_type, key, value) values (tests.id('south'), 'state', 'k', '1');
insert into public.agent_memory (workspace_id, memory_type, key, value, agent_id)
values (tests.id('south'), 'state', 'k', '1', tests.id('desk'));
delete from public.agents where id = tests.id('desk');
select is((select count(*) from public.agent_memory_history where workspace_id = tests.id('south')), 1::bigint,
  'an agent''s memory goes with it');
select lives_ok($$delete from public.workspaces where id = tests.id('south')$$, 'a workspace is purged');
select is((select count(*) from public.agent_memory where workspace_id = tests.id('south')), 0::bigint,
  'with its memory');
select is((select count(*) from public.agent_memory_history where workspace_id = tests.id('south')), 0::bigint,
  'and its history');

-- A business of its own: the same triggers on other tables
create table public.tst_agent_memory (like public.agent_memory including all);
create table public.tst_agent_memory_history (like public.agent_memory_history including all);
create trigger count_version before insert or update on public.tst_agent_memory for each row
  execute function private.count_agent_memory_version();
create trigger keep_history after insert or update or delete on public.tst_agent_memory for each row
  execute function private.keep_agent_memory_history();
insert into public.businesses (workspace_id, name, prefix) values (tests.id('north'), 'T', 'tst_');
select version
from public.save_agent_memory(tests.id('north'), '[{"memory_type": "state", "key": "k", "value": 1}]', null, 'tst_');
select results_eq(
  'select key::text, version, value from public.tst_agent_memory_history', $$values ('k', 1, '1'::jsonb)$$,
  'a business with tables of its own has a history of its own'
);
select * from finish();
rollback;
