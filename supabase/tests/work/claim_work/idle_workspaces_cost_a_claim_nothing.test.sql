-- A claim reads the lanes in which something may be due, and so does the job that keeps them. What idle workspaces
-- have, and what is due later, is asleep.
begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(15);

-- On tables that are small here, an index is to be used all the same.
set local enable_seqscan = off;
create function tests.rows_read(statement text) returns bigint language plpgsql as $$
declare
  before bigint;
  tables constant regclass[] := array['private.work_lanes', 'public.chores']::regclass[];
begin
  select sum(s.seq_tup_read + s.idx_tup_fetch) into before from pg_stat_xact_all_tables as s
  where s.relid = any (tables);
  execute statement;
  return (select sum(s.seq_tup_read + s.idx_tup_fetch) from pg_stat_xact_all_tables as s where s.relid = any (tables))
    - before;
end;
$$;
create function tests.tidy_later() returns void language sql as $$
  update private.work_lanes set moved_at = now() - interval '2 minutes' where queue = 'chores';
  select private.tidy_work_lanes(q) from private.work_queues as q where q.name = 'chores';
$$;
create function tests.lane(workspace text, priority integer default 0) returns timestamptz language sql as $$
  select l.wakes_at from private.work_lanes as l
  where l.queue = 'chores' and l.workspace_id = tests.id($1) and l.priority = $2;
$$;

select tests.add('first'), tests.add('second'), tests.add('third');
select ok(tests.rows_read($$select tests.claim('alone')$$) < 25, 'a claim alone reads few rows');

-- 300 workspaces whose work is done, and 300 whose work is due in an hour.
insert into public.chores (workspace_id, title, status, finished_at)
select md5('idle ' || n)::uuid, 'done', 'done', now() from generate_series(1, 300) as n;
insert into private.work_lanes (queue, workspace_id, priority)
select 'chores', md5('idle ' || n)::uuid, 0 from generate_series(1, 300) as n;
insert into public.chores (workspace_id, title, scheduled_for)
select md5('later ' || n)::uuid, 'later', now() + interval '1 hour' from generate_series(1, 300) as n;
select ok(tests.rows_read($$select tests.claim('awake')$$) > 300, 'while their lanes are awake, it reads them');
select tests.tidy_later();
select ok(tests.rows_read($$select tests.claim('asleep')$$) < 25, 'once they sleep, it reads as few as alone');
select is(tests.job('first') ~ '^in_progress' and tests.job('second') ~ '^in_progress'
  and tests.job('third') ~ '^in_progress', true, 'and each claim got something');
select is((select count(*)::integer from private.work_lanes where queue = 'chores' and wakes_at = 'infinity'), 300,
  'a lane without work sleeps until there is some');
select is((select count(*)::integer from private.work_lanes
  where queue = 'chores' and wakes_at = now() + interval '1 hour'), 300, 'one with later work until then');

-- What wakes them.
select tests.add('new');
select is(tests.claim('w'), 'new', 'new work wakes a lane');
select tests.tidy_later();
select tests.add('in a while', due_in => '10 minutes');
select is(tests.lane('north'), now() + interval '10 minutes', 'work for later wakes it then');
select is(tests.claim('w'), '', 'and not before');
update public.chores set scheduled_for = now() where title = 'in a while';
select is(tests.claim('w'), 'in a while', 'work that is due earlier than planned is found at once');
select tests.tidy_later();
select private.snooze_work('chores', tests.token('w'), tests.ids('in a while'), now());
select is(tests.claim('w'), 'in a while', 'so is work that is given back');

-- What was committed while the lane was put to sleep.
select tests.add('late');
update private.work_lanes set wakes_at = 'infinity' where queue = 'chores' and workspace_id = tests.id('north');
select is(tests.claim('w'), '', 'work in a lane that sleeps is not found');
select private.tidy_work_lanes(q) from private.work_queues as q where q.name = 'chores';
select is(tests.claim('w'), 'late', 'until the job wakes it');

-- The job looks into a lane that sleeps when it has slept as long again, and into some by chance.
select is((select count(*)::integer from private.work_lanes
  where queue = 'chores' and checked_at = now() + interval '2 minutes'), 300,
  'a lane that sleeps is looked into again');
create function tests.tidying_reads() returns bigint language sql as $$
  select tests.rows_read('select private.tidy_work_lanes(q) from private.work_queues as q where q.name = ''chores''');
$$;
create temporary table readings as select tests.tidying_reads() as rows;
insert into public.chores (workspace_id, title, scheduled_for)
select md5('much later ' || n)::uuid, 'later', now() + interval '2 hours' from generate_series(1, 5000) as n;
update private.work_lanes set wakes_at = now() + interval '2 hours', checked_at = now() + interval '1 day',
  moved_at = now() - interval '1 day'
where workspace_id in (select md5('much later ' || n)::uuid from generate_series(1, 5000) as n);
analyze public.chores, private.work_lanes;
select cmp_ok(tests.tidying_reads() - (select rows from readings), '<', 2000::bigint,
  'of 5,000 more it reads hundreds');

select * from finish();
rollback;
