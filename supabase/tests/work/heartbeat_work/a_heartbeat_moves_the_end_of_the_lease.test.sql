begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(9);

select tests.add('a'), tests.add('b');
select is(tests.claim('w', 2, '10 seconds'), 'a b', 'claimed for ten seconds');
select is(private.heartbeat_work('chores', tests.token('w'), tests.ids('a'), '1 hour'), now() + interval '1 hour',
  'an hour from now is the new end');
select results_eq(
  'select title, lease_expires_at from public.chores order by title',
  $$values ('a', now() + interval '1 hour'), ('b', now() + interval '10 seconds')$$, 'of what was named'
);
select tests.end_leases();
select is(tests.answer_of($$select private.heartbeat_work('chores', tests.token('w'), tests.ids('a'))$$), 'ok',
  'as long as nobody has taken it back a lease that ended begins again');
select is(private.release_expired_work() -> 'chores', '{"released": 1, "failed": 0}', 'the other is taken back');
select is(tests.answer_of($$select private.heartbeat_work('chores', tests.token('w'), tests.ids('a', 'b'))$$),
  '409 lease_lost', 'and then both are refused together');
select is((select lease_expires_at from public.chores where title = 'a'), now() + interval '30 seconds',
  'and nothing is changed');
select is(tests.answer_of($$select private.heartbeat_work('chores', tests.token('w'), tests.ids('a'), '0 seconds')$$),
  '422 invalid_lease', 'a lease that is none');
select is(tests.answer_of($$select private.heartbeat_work('none', tests.token('w'), tests.ids('a'))$$),
  '404 unknown_queue', 'a queue that is none');

select * from finish();
rollback;
