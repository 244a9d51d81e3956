begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(20);

-- 2, 4, 8 … 3,600 seconds, and up to half longer.
select is_empty(
  $$select n, wait
  from generate_series(1, 100) as n,
    lateral (select private.work_backoff(n::integer) as wait from generate_series(1, 20)) as tried
    where wait not between least(2 ^ least(n, 20), 3600) * interval '1 second' and least(2 ^ least(n, 20),
      3600) * interval '1.5 seconds'$$,
  'the backoff doubles up to an hour, and is up to half longer'
);
select ok((select count(distinct private.work_backoff(5)) > 90 from generate_series(1, 100)),
  'what failed together does not come back together');

select tests.add('a'), tests.add('b');
update public.chores set max_attempts = 3 where title = 'a';
select is(tests.claim('w', 2), 'a b', 'first attempt');
select is(private.fail_work('chores', tests.token('w'), tests.ids('a'), 'boom'), 1, 'fails');
select is(tests.job('a'), 'pending 1 boom', 'it waits, with its cause');
select ok((select scheduled_for - now() between interval '2 seconds' and interval '3 seconds' from public.chores
  where title = 'a'), 'two to three seconds');
select ok((select lease_expires_at is null and finished_at is null from public.chores where title = 'a'),
  'without a lease');
update public.chores set scheduled_for = now() where title = 'a';
select is(tests.claim('w'), 'a', 'second attempt');
select is(private.fail_work('chores', tests.token('w'), tests.ids('a'), 'again', '1 hour'), 1, 'fails');
select is((select scheduled_for from public.chores where title = 'a'), now() + interval '1 hour',
  'the worker may say when');
update public.chores set scheduled_for = now() where title = 'a';
select is(tests.claim('w'), 'a', 'third attempt');
select is(private.fail_work('chores', tests.token('w'), tests.ids('a'), 'at last'), 1, 'fails');
select is(tests.job('a'), 'failed 3 at last', 'it is given up, with the cause of the last one');
select ok((select finished_at = now() and lease_expires_at is null from public.chores where title = 'a'), 'and a time');
select is(tests.claim('w', 10), '', 'nobody gets it any more');

select tests.add('c'), tests.add('d'), tests.add('e');
select is(tests.claim('w', 3), 'c d e', 'another three');
select is(private.fail_work('chores', tests.token('w'), tests.ids('c'), 'no such number', retry => false), 1,
  'what cannot succeed');
select is(tests.job('c'), 'failed 1 no such number', 'is given up at once');
select private.fail_work('chores', tests.token('w'), tests.ids('d'), repeat('x', 5000)),
  private.fail_work('chores', tests.token('w'), tests.ids('e'), null, '-1 hour');
select is((select length(last_error) from public.chores where title = 'd'), 2000, 'a long cause is cut');
select results_eq(
  $$select last_error, scheduled_for from public.chores where title = 'e'$$, $$values ('no cause was given', now())$$,
  'no cause is said as one, and nothing is scheduled for the past'
);

select * from finish();
rollback;
