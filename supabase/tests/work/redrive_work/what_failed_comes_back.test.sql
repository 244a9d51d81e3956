begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(19);

create function tests.break_it(variadic titles text[]) returns void language sql as $$
  update public.chores
  set status = 'failed', attempts = 5, last_error = 'boom', finished_at = now(), lease_expires_at = null,
    claim_token = null where title = any (titles);
$$;
select tests.add('a'), tests.add('b'), tests.add('c'), tests.add('d');
select tests.break_it('a', 'b');
select private.cancel_work('chores', tests.ids('c'));
select is(private.redrive_work('chores'), 2, 'all that failed');
select is(tests.job('a'), 'pending 0 boom', 'comes back with all its attempts and its last cause');
select ok((select scheduled_for = now() and finished_at is null and claim_token is null from public.chores
  where title = 'a'), 'at once');
select is(tests.job('c'), 'cancelled 0', 'what was cancelled does not');
select is(private.redrive_work('chores', tests.ids('c', 'd')), 1, 'unless it is named');
select is(tests.job('c'), 'pending 0', 'then it does');
select is(tests.job('d'), 'pending 0', 'what waits goes on waiting');
select is(tests.claim('w', 10), 'a b c d', 'all of them are found');
select is(private.redrive_work('chores', tests.ids('a', 'b', 'c', 'd')), 0, 'what is held stays so');

select tests.break_it('a', 'b', 'c', 'd');
select is(private.redrive_work('chores', most => 3), 3, 'a part of it');
select is(private.redrive_work('chores', most => 3), 1, 'and the rest');
select is(tests.answer_of($$select private.redrive_work('none')$$), '404 unknown_queue', 'a queue that is none');

-- At most one open row of a dedupe key.
select tests.add('old', dedupe => 'k'); select tests.break_it('old');
select tests.add('new', dedupe => 'k'); select tests.break_it('new');
select tests.add('other', 'south', dedupe => 'k'); select tests.break_it('other');
select is(private.redrive_work('chores'), 2, 'of the dead letters of a key');
select is(tests.job('new'), 'pending 0 boom', 'the newest comes back');
select is(tests.job('other'), 'pending 0 boom', 'in each workspace');
select is(tests.job('old'), 'failed 5 boom', 'and the older stays');
select is(private.redrive_work('chores', tests.ids('old')), 0, 'also when it is named, while one of the key is open');
select private.cancel_work('chores', tests.ids('new'));
select is(private.redrive_work('chores', tests.ids('old')), 1, 'no longer when it is not');
select is(tests.job('old'), 'pending 0 boom', 'then it comes back');

select * from finish();
rollback;
