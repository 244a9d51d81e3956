begin;
\ir ../../world.psql
select plan(26);

insert into public.budgets (id, workspace_id, period, amount, per_call)
values (tests.id('all'), tests.id('north'), 'month', 1000, 100);
insert into public.budgets (id, workspace_id, user_id, period, amount)
values (tests.id('hers'), tests.id('north'), tests.id('member'), 'day', 300);
insert into public.budgets (id, workspace_id, user_id, agent_id, period, amount)
values (tests.id('through hr'), tests.id('north'), tests.id('member'), tests.id('hr'), 'day', 200);
create function tests.left_of(budget text) returns bigint language sql as $$
  select private.budget_left(tests.id(budget),
    private.budget_period((select period from public.budgets where id = tests.id(budget))));
$$;
create function tests.balanced() returns boolean language sql as $$
  select bool_and(pool.left_over + slots.n = b.amount) from private.budget_pools as pool
  join public.budgets as b on b.id = pool.budget_id
  cross join lateral (select sum(free + reserved + spent) as n from private.budget_slots
    where budget_id = b.id and period_start = pool.period_start) as slots;
$$;
create function tests.reserving(request text, tokens bigint, who text default null,
  agent text default null) returns text language sql as $$
  select tests.answer_of(format('select public.reserve_usage(%L, %L, %L, %L, %L)', tests.id('north'), request,
    tests.id(who), tests.id(agent), tokens));
$$;

select is(tests.reserving('a', 150, 'member', 'hr'), 'ok', 'what all three budgets have is reserved');
select is(array[tests.left_of('all'), tests.left_of('hers'), tests.left_of('through hr')],
  array[850, 150, 50]::bigint[], 'in each of them');
select is(tests.reserving('b', 60, 'member', 'hr'), '402 budget_exhausted', 'what one of them lacks is refused');
select is(array[tests.left_of('all'), tests.left_of('hers'), tests.left_of('through hr')],
  array[850, 150, 50]::bigint[], 'and taken from none');
select is(array[tests.reserving('', 1), tests.reserving(null, 1), tests.reserving(repeat('x', 151), 1),
  tests.reserving('x', -1)], array_fill('400 invalid_body'::text, array[4]), 'a bad request id or amount is refused');
select is(tests.reserving('c', 60, 'member', 'payroll'), 'ok', 'another agent is not bound by it');
select is(tests.reserving('d', 500, 'admin'), 'ok', 'nor another person');
select is(tests.reserving('a', 150, 'member', 'hr'), 'ok', 'the same request again');
select is(tests.left_of('all'), 290::bigint, 'reserves nothing more');
select is(public.settle_usage(tests.id('north'), 'a', 40), true, 'less was used than reserved');
select is(array[tests.left_of('all'), tests.left_of('hers'), tests.left_of('through hr')],
  array[400, 200, 160]::bigint[], 'the rest comes back');
select is(public.settle_usage(tests.id('north'), 'a', 150), false, 'settling again changes nothing');
select is(public.settle_usage(tests.id('north'), 'nobody', 1), false, 'what was never reserved is not settled');
select is(tests.reserving('e', null), 'ok', 'who does not say how much reserves what a call is worth');
select is(tests.left_of('all'), 300::bigint, 'a hundred here');
update private.usage_reservations set expires_at = now() - interval '1 second' where request_id in ('d', 'e');
select is(private.release_reservations(), 2, 'what the dead reserved');
select is(tests.left_of('all'), 900::bigint, 'comes back');
select is(public.settle_usage(tests.id('north'), 'd', 500), true, 'one who was only late');
select is(tests.left_of('all'), 400::bigint, 'has used it all the same');
select ok(tests.balanced(), 'the books balance');
select is(public.settle_usage(tests.id('north'), 'c', 700), true, 'more was used than there is');
select is(tests.reserving('f', 1), '402 budget_exhausted', 'then nothing more is to be had');
select is(tests.reserving('f', 1, 'clerk', 'desk'), '402 budget_exhausted', 'by anyone');
update public.budgets set amount = 2000 where id = tests.id('all');
select is(tests.reserving('f', 1), 'ok', 'more is given, and it goes on at once');
insert into public.budgets (id, workspace_id, period, amount, is_hard)
values (tests.id('soft'), tests.id('south'), 'day', 10, false);
do $$ begin perform public.reserve_usage(tests.id('south'), n::text, tokens => 50)
from generate_series(1, 3) as n; end; $$;
select is((select count(*)::integer from public.audit_log
  where workspace_id = tests.id('south') and action = 'billing.budget_exceeded'), 1,
  'a soft one lets through, and says so once');
select ok(tests.balanced(), 'the books balance to the end');

select * from finish();
rollback;
