begin;
\ir ../../world.psql
\ir ../../work/chores.psql
select plan(14);

create function tests.figures(most integer default 10000) returns jsonb language sql as $$
  select private.metric_figures(most);
$$;
create function tests.chores(most integer default 10000) returns jsonb language sql as $$
  select one - 'kind' from jsonb_array_elements(tests.figures(most) -> 'work') as one where one ->> 'kind' = 'chores';
$$;

-- What isolates have counted ----------------------------------------------------------------------------------------
delete from private.metric_counters;
select private.add_metrics(0::smallint, '{"a{x=\"1\"}": 2, "b": 0.5}');
select private.add_metrics(7::smallint, '{"a{x=\"1\"}": 3}');
select private.add_metrics(7::smallint, '{"a{x=\"1\"}": 1}');
select is(tests.figures() -> 'counters', '{"a{x=\"1\"}": 6, "b": 0.5}', 'counters of all isolates are added up');
select private.add_metrics(0::smallint, '{}');
select is((select count(*) from private.metric_counters), 3::bigint, 'and nothing adds nothing');

-- Queues ------------------------------------------------------------------------------------------------------------
select is(
  tests.chores(), '{"failed": 0, "pending": 0, "in_progress": 0, "oldest_due_seconds": 0}', 'nothing waits'
);
select tests.add('due', due_in => '-90 seconds'), tests.add('due too', due_in => '-30 seconds'),
  tests.add('later', due_in => '1 hour'), tests.add('held', priority => -1), tests.add('dead', priority => -1);
select tests.claim('w', 2);
select private.fail_work('chores', tests.token('w'), tests.ids('dead'), 'why', retry => false);
select is(
  tests.chores(), '{"failed": 1, "pending": 3, "in_progress": 1, "oldest_due_seconds": 90}',
  'states are counted, and the age is that of the oldest due work'
);
insert into public.chores (workspace_id, title, scheduled_for)
select tests.id('north'), 'one of many', now() - make_interval(secs => n) from generate_series(100, 1099) as n;
select is(tests.chores() -> 'pending', '1003', 'a thousand more are counted');
select is(tests.chores(100) -> 'pending', '100', 'up to the bound, and no further');
select is(tests.chores(100) -> 'oldest_due_seconds', '1099', 'the age is true whatever waits before it');
update public.chores set lease_expires_at = now() - interval '61 seconds' where title = 'held';
select is(tests.figures() -> 'work_abandoned', '1', 'a lease that ended a minute ago is seen');

-- The ledger --------------------------------------------------------------------------------------------------------
delete from private.function_calls;
insert into private.function_calls
  (job, function, status, request_id, deadline, next_attempt_at, finished_at, last_error) values
  ('t', 'a', 'sent', 1, now() - interval '40 seconds', null, null, null),
  ('t', 'a', 'retrying', 1, null, now(), null, 'x'),
  ('t', 'a', 'failed', 1, null, null, now() - interval '23 hours', 'x'),
  ('t', 'a', 'failed', 1, null, null, now() - interval '25 hours', 'x'),
  ('t', 'a', 'lost', 1, null, null, now(), 'x');
select is(
  tests.figures() -> 'calls', '{"lost": 1, "sent": 1, "failed": 1, "retrying": 1, "overdue_seconds": 40}',
  'calls that are open, and those given up within a day'
);

-- Jobs --------------------------------------------------------------------------------------------------------------
delete from private.job_failures;
delete from cron.job_run_details;
select is(tests.figures() -> 'jobs' -> 'purge', 'false', 'a job that never ran does not fail');
insert into private.job_failures (job, workspace_id, error) values ('purge: workspaces', tests.id('north'), 'x');
select is(tests.figures() -> 'jobs' -> 'purge', 'true', 'a workspace that a job cannot do is seen');
insert into cron.job_run_details (jobid, runid, status, start_time, end_time)
select jobid, n, case n when 2 then 'failed' else 'succeeded' end, now(), now()
from cron.job, generate_series(1, 2) as n where jobname = 'seal-audit-log';
select is(tests.figures() -> 'jobs' -> 'seal-audit-log', 'true', 'as is a latest run that failed');

-- Budgets, and the log ----------------------------------------------------------------------------------------------
insert into public.budgets (id, workspace_id, period, amount) values (tests.id('budget'), tests.id('north'), 'day', 1);
insert into private.budget_pools (budget_id, period_start, left_over, warned_at) values
  (tests.id('budget'), private.budget_period('day'), 0, now()),
  (tests.id('budget'), private.budget_period('day') - 1, 0, now());
select is(tests.figures() -> 'budgets_used_up', '{"day": 1, "month": 0}', 'budgets that this period has used up');
select private.seal_audit_log();
select is(
  (tests.figures() ->> 'audit_entries')::bigint, (select max(id) from public.audit_log),
  'entries are counted by their ids'
);

select * from finish();
rollback;
