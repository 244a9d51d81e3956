begin;
\ir ../../world.psql
select plan(14);

select tests.authenticate_as('guest');
select is(tests.answer_of(format($$insert into public.analytics_events (workspace_id, name, properties)
  values (%L, 'report.opened', '{"page": 3}')$$, tests.id('north'))), 'ok', 'a person tells what they did');
select is(tests.answer_of(format($$insert into public.analytics_events (workspace_id, user_id, name)
  values (%L, %L, 'report.opened')$$, tests.id('north'), tests.id('member'))), '42501', 'not what another did');
select is(tests.answer_of(format($$insert into public.analytics_events (workspace_id, user_id, name)
  values (%L, null, 'report.opened')$$, tests.id('north'))), '42501', 'nor nobody');
select is(tests.answer_of(format($$insert into public.analytics_events (workspace_id, name)
  values (%L, 'report.opened')$$, tests.id('south'))), '42501', 'nor elsewhere');
select is(tests.answer_of(format($$insert into public.analytics_events (workspace_id, name, occurred_at)
  values (%L, 'report.opened', '2000-01-01')$$, tests.id('north'))), '42501', 'nor at another time');
select is(tests.answer_of(format($$insert into public.analytics_events (workspace_id, name)
  values (%L, 'Opened')$$, tests.id('north'))), '422 invalid_value', 'a name is a dotted word');
select tests.authenticate_as('database');
select is((select array[user_id, workspace_id] from public.analytics_events where name = 'report.opened'),
  array[tests.id('guest'), tests.id('north')], 'it is theirs');

select is(tests.answer_of($$delete from public.analytics_events$$), '403 append_only', 'nothing is removed');
select is(tests.answer_of($$update public.analytics_events set name = 'a.b', user_id = null, properties = '{}'$$),
  '403 append_only', 'nothing is changed');
select is(tests.answer_of($$update public.analytics_events set properties = '{}'$$), '403 append_only', 'nor emptied');
select is(tests.answer_of($$truncate public.analytics_events$$), '403 append_only', 'all at once neither');
select is(tests.answer_of($$update public.analytics_events set user_id = null where user_id = tests.id('guest')$$),
  'ok', 'forgetting the person is the one change');
select is((select array[user_id::text, properties::text] from public.analytics_events where name = 'report.opened'),
  array[null, '{}'], 'that it happened stays, and nothing about whom');
select is(
  (select array_agg(am.amname::text order by am.amname) from pg_catalog.pg_index as i
    join pg_catalog.pg_class as c on c.oid = i.indexrelid join pg_catalog.pg_am as am on am.oid = c.relam
   where i.indrelid = 'public.analytics_events'::regclass), array['brin', 'btree', 'btree', 'btree'],
     'a block-range index on the time'
);

select * from finish();
rollback;
