begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(8);

select tests.add('a');
update public.chores set max_attempts = 1;
select is(tests.claim('w'), 'a', 'its only attempt');
select is(private.snooze_work('chores', tests.token('w'), tests.ids('a'), now() + interval '2 hours',
  'not before noon'), 1, 'is given back');
select is(tests.job('a'), 'pending 0 not before noon', 'and does not count');
select is((select scheduled_for from public.chores), now() + interval '2 hours', 'it waits until then');
select is(tests.claim('w'), '', 'not before');
update public.chores set scheduled_for = now();
select is(tests.claim('w'), 'a', 'then it is claimed');
select is(private.snooze_work('chores', tests.token('w'), tests.ids('a'), now() - interval '1 hour'), 1,
  'a time that has passed');
select is((select scheduled_for from public.chores), now(), 'is now');

select * from finish();
rollback;
