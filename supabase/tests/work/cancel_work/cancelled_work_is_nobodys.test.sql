begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(12);

select tests.add('held', priority => -1), tests.add('waiting', due_in => '1 hour'), tests.add('done', priority => -2);
select is(tests.claim('w', 2), 'done held', 'two are claimed');
select is(private.complete_work('chores', tests.token('w'), tests.ids('done')), 1, 'one is done');
select is(private.cancel_work('chores', tests.ids('held', 'waiting', 'done'), 'not wanted'), 2,
  'what is open is cancelled');
select is(tests.job('held'), 'cancelled 1 not wanted', 'what somebody holds');
select is(tests.job('waiting'), 'cancelled 0 not wanted', 'and what waits');
select is(tests.job('done'), 'done 1', 'what is done stays done');
select is(tests.answer_of($$select private.complete_work('chores', tests.token('w'), tests.ids('held'))$$),
  '409 lease_lost', 'its worker is refused when it answers');
select is(tests.answer_of($$select private.heartbeat_work('chores', tests.token('w'), tests.ids('held'))$$),
  '409 lease_lost', 'and told when it says that it lives');
select is(tests.job('held'), 'cancelled 1 not wanted', 'it stays cancelled');
select is(private.cancel_work('chores', tests.ids('held')), 0, 'once');

-- A dead letter that nobody wants back.
select tests.add('dead', priority => -9);
select tests.claim('w');
select private.fail_work('chores', tests.token('w'), tests.ids('dead'), 'boom', retry => false);
select is(private.cancel_work('chores', tests.ids('dead')), 1, 'a dead letter may be cancelled');
select is(tests.job('dead'), 'cancelled 1 boom', 'its cause stays');

select * from finish();
rollback;
