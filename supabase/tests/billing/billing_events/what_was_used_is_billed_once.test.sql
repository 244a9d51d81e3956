begin;
\ir ../../world.psql
select plan(28);

create function tests.recording(kind text, quantity text, request_id text default null, workspace text default 'north',
  rest text default '') returns text language plpgsql as $$
declare
  answer boolean;
  state text;
begin
  execute format('select public.record_usage(tests.id(%L), %L, %L, %L, request_id => %L %s)', workspace, kind, quantity,
    'unit', request_id, rest) into answer;
  return answer;
exception when others then
  get stacked diagnostics state = returned_sqlstate;
  return state;
end;
$$;

select is(
  (select string_agg(tests.try_as(who, $$select public.record_usage(tests.id('north'), 'tokens', 1, 'token')$$), ' '
    order by place)
   from unnest(array['anonymous', 'outsider', 'member', 'admin', 'owner', 'service']) with ordinality as actors (who,
     place)),
  'no no no no no yes', 'anonymous, outsider, member, admin, owner, service: who records'
);
select tests.authenticate_as('service');
select is(tests.recording('tokens', '850.5', 'tests-1', rest => $$, amount_minor => 3, currency => 'EUR',
  agent_id => tests.id('hr'), user_id => tests.id('member')$$), 'true', 'use is recorded');
select is(tests.recording('tokens', '850.5', 'tests-1', rest => $$, amount_minor => 3, currency => 'EUR',
  agent_id => tests.id('hr'), user_id => tests.id('member')$$), 'false', 'the same request again is not');
select is(tests.recording('tokens', '1', 'tests-1'), 'PGRST', 'and one that says something else is refused');
select is(tests.recording('message', '1', 'tests-1'), 'true', 'another kind of the same request is another use');
select is(public.record_usage(tests.id('north'), 'tokens', 1, 'output token', request_id => 'tests-1'), true,
  'so is another unit of the same kind');
select is(tests.recording('tokens', '1', 'tests-1', 'south'), 'true', 'another workspace has its own request ids');
select is(tests.recording('tokens', '1'), 'true', 'without a request id each is one');
select is(tests.recording('tokens', '1'), 'true', 'and another');
select is(tests.recording('favours', '1'), 'PGRST', 'a kind that there is not');
select is(tests.recording('tokens', '-1'), 'PGRST', 'less than nothing');
select is(tests.recording('tokens', '1', rest => $$, currency => 'euro'$$), 'PGRST', 'a currency that is none');
select is(tests.recording('tokens', '1', repeat('x', 201)), 'PGRST', 'a request id that is too long');
select is(tests.recording(null, '1', 'tests-2'), 'PGRST', 'no kind');
select tests.authenticate_as('database');
select results_eq(
  $$select quantity, unit, amount_minor, currency, agent_id, user_id from public.billing_events
  where request_id = 'tests-1' and kind = 'tokens' and unit = 'unit' and workspace_id = tests.id('north')$$,
  $$values (850.5::numeric, 'unit', 3::bigint, 'EUR', tests.id('hr'), tests.id('member'))$$, 'the first is what counts'
);
select is((select count(*)::integer from public.billing_events
  where workspace_id in (tests.id('north'), tests.id('south'))), 6, 'six uses in all');

-- Rolled up by day
create function tests.daily() returns text language sql as $$
  select string_agg(concat_ws(' ', day - (now() at time zone 'utc')::date, kind, currency, trim_scale(quantity),
    amount_minor), ', ' order by day, kind, currency)
  from public.usage_daily where workspace_id = tests.id('north');
$$;
create temporary table rolled (name text, changed integer) on commit drop;
insert into rolled select 'first', private.roll_up_usage();
select is(tests.daily(), '0 message USD 1 0, 0 tokens EUR 850.5 3, 0 tokens USD 3 0', 'by kind and currency');
select is(private.roll_up_usage(), 0, 'rolling up twice changes nothing');
select is(tests.daily(), '0 message USD 1 0, 0 tokens EUR 850.5 3, 0 tokens USD 3 0', 'and adds nothing');
insert into public.billing_events (workspace_id, kind, quantity, unit, amount_minor)
values (tests.id('north'), 'message', 2, 'message', 5);
select is(private.roll_up_usage(), 1, 'later use changes its row');
select is(tests.daily(), '0 message USD 3 5, 0 tokens EUR 850.5 3, 0 tokens USD 3 0', 'to the sum');
insert into public.billing_events (workspace_id, kind, quantity, unit, occurred_on)
values (tests.id('north'), 'minutes', 7, 'minute', (now() at time zone 'utc')::date + 1);
select is(private.roll_up_usage(), 0, 'a day that has not come is left alone');
select is(private.roll_up_usage(2, (now() at time zone 'utc')::date + 1), 1,
  'on its day it is rolled up, with the day before');
insert into public.billing_events (workspace_id, kind, quantity, unit, occurred_on)
values (tests.id('north'), 'minutes', 9, 'minute', (now() at time zone 'utc')::date + 1);
select is(private.roll_up_usage(1, (now() at time zone 'utc')::date + 2), 0, 'and not after its days');
select is(tests.daily(), '0 message USD 3 5, 0 tokens EUR 850.5 3, 0 tokens USD 3 0, 1 minutes USD 7 0',
  'each day by itself');
select tests.authenticate_as('outsider');
select is((select count(*)::integer from public.usage_daily), 1, 'an owner reads what their own workspace used');
select tests.authenticate_as('member');
select is_empty('select from public.usage_daily', 'a member does not');
select is_empty('select from public.billing_events', 'nor the single uses');

select * from finish();
rollback;
