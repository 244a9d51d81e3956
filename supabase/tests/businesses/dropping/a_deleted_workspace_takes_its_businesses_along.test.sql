begin;
\ir ../../world.psql
\ir ../trial.psql
select plan(15);

select is(tests.answer_of($$select private.create_business(tests.id('north'), 'pn_', 'Petroleum Noir')$$), 'ok',
  'north has a business');
select is(tests.answer_of($$select private.create_business(tests.id('south'), 'sc_', 'StructCalc')$$), 'ok',
  'and south another');
insert into public.pn_trial_leads (workspace_id, name) values (tests.id('north'), 'goes');
insert into public.sc_trial_leads (workspace_id, name) values (tests.id('south'), 'stays');
select private.export_business('pn_') is not null as exported;

update public.workspaces set deleted_at = now() - interval '29 days' where id = tests.id('north');
select private.purge() is not null as purged;
select is(private.purge_businesses(), '{"businesses": 0, "waiting": 0, "exports": 0}',
  'of a workspace that can come back nothing is dropped');
select is((select count(*) from public.pn_trial_leads), 1::bigint, 'nor deleted');

update public.workspaces set deleted_at = now() - interval '31 days' where id = tests.id('north');
select private.purge() is not null as purged;
select is((select count(*) from public.pn_trial_leads), 0::bigint, 'when it is purged, its rows go at once');
select is_empty('select from private.business_export_rows', 'and what was exported of them');
select is(tests.answer_of($$select private.create_business(tests.id('south'), 'pn_', 'New')$$), '409 prefix_taken',
  'the tables are there until the job comes');
create view public.in_the_way as select name from public.pn_trial_leads;
select is(private.purge_businesses(), '{"businesses": 0, "waiting": 1, "exports": 0}',
  'what somebody made to depend on them is not dropped along');
drop view public.in_the_way;
select is(private.purge_businesses(), '{"businesses": 1, "waiting": 0, "exports": 0}', 'the job drops them');
select is_empty($$select relname from pg_class
  where relname ~ '^pn_' and relnamespace in ('public'::regnamespace, 'private'::regnamespace)$$,
  'tables, indexes, sequences');
select is_empty($$select proname from pg_proc where proname ~ '^claim_pn_'$$, 'claim functions');
select is_empty($$select name from private.work_queues where name ~ '^pn_'$$, 'and queues');
select is((select count(*) from public.sc_trial_leads), 1::bigint, 'the other workspace''s business is untouched');
select is(tests.answer_of($$select private.create_business(tests.id('south'), 'pn_', 'New')$$), 'ok',
  'and the prefix is free');
select is(private.purge_businesses(), '{"businesses": 0, "waiting": 0, "exports": 0}', 'a second run finds nothing');

select * from finish();
rollback;
