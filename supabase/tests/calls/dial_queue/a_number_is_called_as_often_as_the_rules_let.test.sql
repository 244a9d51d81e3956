begin;
\ir ../../world.psql
\ir ../dialling.psql
select plan(18);

-- Three leads, three businesses' worth of dials, one telephone.
select tests.add_lead('one', '+15125550100');
select tests.add_lead('two', '+15125550100;ext=2');
select tests.add_lead('three', '+15125550100;ext=3');
select tests.add_lead('other', '+15125550199');
create temporary table d on commit drop as
select tests.add_dial('one') as one, tests.add_dial('two') as two, tests.add_dial('three') as three,
  tests.add_dial('other') as other;
select count(*) from tests.claim();
select is((select tests.begin_call(one) from d), 'dial', 'the first call to a number is made');
select is((select tests.begin_call(two) from d), 'wait',
  'another within the hour is not, though its lead and extension differ');
select is((select tests.dial(two) from d), 'pending 0 not started the number was called lately',
  'it waits, without an attempt');
select is((select tests.begin_call(other) from d), 'dial', 'another number is called');
select is((select scheduled_for from public.dial_queue where id = (select two from d)), now() + interval '1 hour',
  'for an hour');

-- Three in a day.
update private.number_calls set begun_at = now() - interval '61 minutes';
insert into private.number_calls (call_key, workspace_id, line, begun_at)
select 'earlier ' || n, tests.id('north'), '+15125550100', now() - n * interval '5 hours'
from generate_series(1, 2) as n;
select is((select private.may_be_called_at(tests.id('north'), '+15125550100', 'TX')), now() + interval '14 hours',
  'after three the oldest has to be a day old');
select is((select private.may_be_called_at(tests.id('south'), '+15125550100', 'TX')), now(), 'of this workspace');
select is((select private.may_be_called_at(tests.id('north'), '+15125550100;ext=9', 'TX')), now() + interval '14 hours',
  'whatever the extension');

-- The rules are the workspace's.
select tests.authenticate_as('admin');
insert into public.dial_rules (workspace_id, calls_per_day, minutes_between) values (tests.id('north'), 5, 30);
insert into public.dial_rules (workspace_id, state, calls_per_day) values (tests.id('north'), 'FL', 2);
select throws_ok($$insert into public.dial_rules (workspace_id, state, calls_per_day)
  values (tests.id('north'), 'NY', 100)$$, 'PGRST', null, 'within bounds');
select tests.authenticate_as('member');
select throws_ok($$insert into public.dial_rules (workspace_id, state)
  values (tests.id('north'), 'NY')$$, '42501', null, 'an admin''s to make');
select results_eq('select count(*)::integer from public.dial_rules', 'values (2)', 'and everybody''s to know');
select tests.authenticate_as('database');
select is(private.may_be_called_at(tests.id('north'), '+15125550100', 'TX'), now(), 'five a day let a fourth through');
select is(private.may_be_called_at(tests.id('north'), '+15125550100', 'FL'), now() + interval '19 hours',
  'the strictest of those that fit holds');

-- What the provider refused was no call, and what nobody asks for is forgotten.
delete from private.number_calls;
select is((select count(*)::integer from tests.claim()), 0, 'what waits for its hour is not claimed');
update public.dial_queue set scheduled_for = now() where id = (select two from d);
select count(*) from tests.claim();
select is((select tests.begin_call(two) from d), 'dial', 'begun');
select private.fail_call('dial_queue', (select claim_token from public.dial_queue where id = (select two from d)),
  (select two from d), 'provider answered 429', false);
select is_empty('select from private.number_calls', 'refused: nobody''s telephone rang');
insert into private.number_calls (call_key, workspace_id, line, begun_at)
values ('old', tests.id('north'), '+15125550100', now() - interval '49 hours');
select is(private.forget_number_calls(), 1, 'after two days it is forgotten');

-- A person who asked not to be called is not called through another lead, extension or spelling.
select tests.authenticate_as('admin');
insert into public.do_not_call_numbers (workspace_id, phone) values (tests.id('north'), '(512) 555-0100 ext 4');
select tests.authenticate_as('database');
select is(
  (select string_agg(tests.answer_of(format('select tests.add_dial(%L)', lead)), ', ')
    from unnest(array['one', 'two', 'three']) as lead),
  '409 do_not_call, 409 do_not_call, 409 do_not_call',
  'whoever is listed is not called through another lead, extension or spelling');

select * from finish();
rollback;
