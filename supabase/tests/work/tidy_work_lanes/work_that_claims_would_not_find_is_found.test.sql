begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(13);

create function tests.tidy() returns void language sql as $$ select private.tidy_work_lanes(q)
  from private.work_queues as q where q.name = 'chores'; $$;
create function tests.raise_low_water() returns void language sql as $$
  update private.work_lanes set low_at = now() - interval '1 second', low_id = 0 where queue = 'chores';
$$;

-- What was committed late: the lane's low water has passed it.
select tests.add('late', due_in => '-1 minute');
select tests.raise_low_water();
select is(tests.claim('w'), '', 'work behind the low water is not found');
select tests.tidy();
select is(tests.claim('w'), 'late', 'until the lanes are set right');

-- What lost its lane.
select tests.add('laneless', 'south');
delete from private.work_lanes where workspace_id = tests.id('south');
select is(tests.claim('w'), '', 'nor is work without a lane');
select is(private.release_expired_work() -> 'chores', null, 'the job that gives back leases');
select is(tests.claim('w'), 'laneless', 'makes it one');

-- New work, and work that goes back, says so itself.
select tests.raise_low_water();
select tests.add('scheduled in the past', due_in => '-1 hour');
select is(tests.claim('w'), 'scheduled in the past', 'new work lowers the water');
select tests.raise_low_water();
select private.snooze_work('chores', tests.token('w'), tests.ids('scheduled in the past'), now() - interval '1 day');
select is(tests.claim('w'), 'scheduled in the past', 'so does work that is given back');
select tests.raise_low_water();
select tests.add('moved', due_in => '1 day', priority => 3);
update public.chores set scheduled_for = now() - interval '1 day', priority = 4 where title = 'moved';
select is(tests.claim('w'), 'moved', 'and work whose schedule or priority is changed');

-- The low water follows the claims, a second behind, and never beyond what waits.
select tests.add('one', due_in => '-1 hour'), tests.add('two', due_in => '-30 minutes');
update private.work_lanes set moved_at = now() - interval '1 minute';
select tests.claim('w');
select is((select low_at from private.work_lanes where workspace_id = tests.id('north') and priority = 0),
  now() - interval '1 hour', 'it is set before what a claim began with');
select is((select moved_at from private.work_lanes where workspace_id = tests.id('north') and priority = 0), now(),
  'and the lane says when');

update private.work_lanes set moved_at = now() - interval '59 minutes' where queue = 'chores';
select tests.tidy();
select is((select count(*) from private.work_lanes where queue = 'chores'), 4::bigint,
  'a lane that has been idle for less than an hour stays');
update private.work_lanes set moved_at = now() - interval '61 minutes' where queue = 'chores';
select tests.tidy();
select results_eq(
  $$select workspace_id, priority::integer from private.work_lanes
  where queue = 'chores'$$, $$values (tests.id('north'), 0)$$,
  'then it goes, except where work waits'
);
select is(tests.claim('w'), 'two', 'which is found');

select * from finish();
rollback;
