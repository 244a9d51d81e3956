-- The fencing token: what a worker says counts as long as nobody else has had the work.
begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(23);

create function tests.answer_hint(statement text) returns text language plpgsql as $$
declare
  message text;
begin
  execute statement;
  return null;
exception when sqlstate 'PGRST' then
  get stacked diagnostics message = message_text;
  return message::jsonb ->> 'hint';
end;
$$;

select tests.add('x'), tests.add('y'), tests.add('z');
select is(tests.claim('slow', 2), 'x y', 'a worker claims, and is silent');
select tests.end_leases();
select is(private.release_expired_work() -> 'chores', '{"released": 2, "failed": 0}', 'its lease ends');
create temporary table late (said text) on commit drop;
insert into late values
  ($$select private.complete_work('chores', tests.token('slow'), tests.ids('x'))$$),
  ($$select private.fail_work('chores', tests.token('slow'), tests.ids('x'), 'boom')$$),
  ($$select private.fail_work('chores', tests.token('slow'), tests.ids('x'), 'the lease of slow ended')$$),
  ($$select private.snooze_work('chores', tests.token('slow'), tests.ids('x'), now())$$),
  ($$select private.heartbeat_work('chores', tests.token('slow'), tests.ids('x'))$$);
select is((select array_agg(distinct tests.answer_of(said)) from late), array['409 lease_lost'],
  'whatever it says then is refused, also before anybody else has the work');
select is(tests.job('x'), 'pending 1 the lease of slow ended', 'and changes nothing');
select is(tests.claim('quick', 3), 'x y z', 'another one claims it');
select is((select array_agg(distinct tests.answer_of(said)) from late), array['409 lease_lost'],
  'the late one is refused');
select is(tests.job('x'), 'in_progress 2 the lease of slow ended', 'and changes nothing');
select is(
  tests.answer_hint($$select private.complete_work('chores', tests.token('slow'), tests.ids('x', 'y'))$$),
  'Lost: ' || array_to_string(tests.ids('x', 'y'), ','), 'the hint names what is lost'
);
select is(private.complete_work('chores', tests.token('quick'), tests.ids('x')), 1,
  'the one who holds it says that it is done');
select is((select array_agg(distinct tests.answer_of(said)) from late), array['409 lease_lost'],
  'done is done: the late one is still refused');
select is(tests.job('x'), 'done 2', 'and the error of before is gone');

-- All or nothing.
update public.chores set claim_token = gen_random_uuid() where title = 'y';
select is(
  tests.answer_hint($$select private.complete_work('chores', tests.token('quick'), tests.ids('y', 'z'))$$),
  'Lost: ' || (tests.ids('y'))[1], 'of two one is lost: the hint names that one'
);
select is(tests.job('z'), 'in_progress 1', 'the other is not done either');
select is(tests.answer_of($$select private.complete_work('chores', tests.token('quick'), array[-1])$$),
  '409 lease_lost', 'work that never was is not held');
select is(tests.answer_of($$select private.complete_work('chores', null, tests.ids('z'))$$), '409 lease_lost',
  'nothing is held without a token');

-- The answer was lost on its way: saying it again is fine.
select is(private.complete_work('chores', tests.token('quick'), tests.ids('z')), 1, 'said once');
select is(private.complete_work('chores', tests.token('quick'), tests.ids('z')), 0,
  'said again, nothing is left to change');
select is(private.complete_work('chores', tests.token('quick'), '{}'), 0, 'nothing said of nothing is nothing');
select tests.add('f'), tests.add('s');
select is(tests.claim('quick', 2), 'f s', 'the same');
select is(
  array[private.fail_work('chores', tests.token('quick'), tests.ids('f'), 'boom'),
    private.fail_work('chores', tests.token('quick'), tests.ids('f'), 'boom')],
  array[1, 0], 'for failing'
);
select is(
  array[private.snooze_work('chores', tests.token('quick'), tests.ids('s'), now() + interval '1 day'),
    private.snooze_work('chores', tests.token('quick'), tests.ids('s'), now() + interval '1 day')],
  array[1, 0], 'and for snoozing'
);
select is(
  tests.answer_of($$select private.complete_work('chores', tests.token('quick'), tests.ids('f'))$$), '409 lease_lost',
  'what failed is not done afterwards'
);
select is(tests.job('f'), 'pending 1 boom', 'nor changed');

select * from finish();
rollback;
