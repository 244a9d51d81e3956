begin;
\ir ../../world.psql
select plan(6);

select throws_ok($$insert into public.billing_events (workspace_id, kind, quantity, unit)
  values (tests.id('north'), 'tokens', 9.9e13, 'token')$$, '23514', null,
  'no single use is so large that two of them overflow a sum');
select throws_ok($$insert into public.billing_events (workspace_id, kind, quantity, unit, amount_minor)
  values (tests.id('north'), 'tokens', 1, 'token', 9e18)$$, '23514', null, 'nor its price');
insert into public.billing_events (workspace_id, kind, quantity, unit)
values (tests.id('north'), 'tokens', 1e9, 'token'), (tests.id('south'), 'tokens', 7, 'token');
-- Something that only north's sum breaks.
alter table public.usage_daily add constraint tests_breaks check (quantity < 1e9);
select is(private.roll_up_usage(), 1, 'the others are summed');
select is((select quantity from public.usage_daily where workspace_id = tests.id('south')), 7::numeric,
  'as they should be');
select results_eq($$select job, workspace_id
  from private.job_failures$$, $$values ('roll-up-usage', tests.id('north'))$$, 'which one failed is written down');
alter table public.usage_daily drop constraint tests_breaks;
select is(private.roll_up_usage(), 1, 'and it is made up for when it can be');

select * from finish();
rollback;
