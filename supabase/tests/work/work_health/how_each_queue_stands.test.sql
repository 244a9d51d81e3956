begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(7);

create function tests.health() returns text language sql as $$
  select concat_ws(' ', pending, due, in_progress, lease_ended, failed, oldest_due_seconds, last_failure)
  from private.work_health_rows() where queue = 'chores';
$$;
select is(tests.health(), '0 0 0 0 0 0', 'nothing waits');
select tests.add('due', due_in => '-90 seconds'), tests.add('later', due_in => '1 hour'),
  tests.add('held', priority => -1), tests.add('left', priority => -1),
  tests.add('dead', priority => -1), tests.add('dead too', priority => -1);
select tests.claim('w', 4);
select private.fail_work('chores', tests.token('w'), tests.ids('dead'), 'first', retry => false),
  private.fail_work('chores', tests.token('w'), tests.ids('dead too'), 'second', retry => false);
update public.chores set finished_at = now() - interval '1 minute' where title = 'dead';
update public.chores set lease_expires_at = now() where title = 'left';
select is(tests.health(), '2 1 2 1 2 90 second',
  'what waits, what is due, what is held, by whom it was left, and why the latest was given up');
select is(private.work_abandoned(), 0::bigint, 'nothing is abandoned as long as the job may still come');
update public.chores set lease_expires_at = now() - interval '61 seconds' where title = 'left';
select is(private.work_abandoned(), 1::bigint, 'after a minute it does not');
select results_eq(
  $$select queue, pending from public.work_health
  where queue = 'chores'$$, $$values ('chores', 2::bigint)$$, 'the view says the same'
);
delete from private.function_calls;
insert into private.function_calls (job, function, status, request_id, deadline, next_attempt_at, finished_at,
  last_error) values
  ('t', 'a', 'sent', 1, now(), null, null, null), ('t', 'a', 'sent', 1, now() + interval '1 minute', null, null, null),
  ('t', 'a', 'retrying', 1, null, now() - interval '5 seconds', null, 'x'),
    ('t', 'a', 'retrying', 1, null, now() + interval '5 seconds', null, 'x'),
  ('t', 'a', 'failed', 1, null, null, now() - interval '1 minute', 'answered 500'),
    ('t', 'a', 'lost', 1, null, null, now(), 'no answer'),
  ('t', 'a', 'succeeded', 1, null, null, now(), null);
select is(
  (select concat_ws(' ', pending, due, in_progress, lease_ended, failed, oldest_due_seconds, last_failure)
    from private.work_health_rows() where queue = 'function_calls'),
  '2 1 2 1 2 5 no answer', 'the ledger of function calls stands among the queues'
);
select is((select array_agg(queue) from private.work_health_rows()),
  (select array_agg(name order by name) || array['function_calls'] from private.work_queues), 'all queues are there');

select * from finish();
rollback;
