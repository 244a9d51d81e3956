-- Metrics: the counters of all isolates, and the state of the database's own work, for a scraper.
--
-- Touches: private.metric_counters, add_metrics: the counters, and how isolates add to them.
--          private.metric_figures: all figures of one scrape.
--          An index on private.function_calls and one on private.budget_pools: keep a scrape cheap.
-- Beware:  Isolates are many and live for minutes, so a scraper cannot scrape them. Each adds its counters here every
--          few seconds. The table is unlogged: after a crash the counters restart at 0, which Prometheus treats as a
--          restart. No figure costs more with a million rows than with ten thousand: a depth is counted up to `most`,
--          an age is read from an index. Alternatives: docs/decisions/0035-counters-in-one-table.md.

create unlogged table private.metric_counters (
  series text not null,
  slot smallint not null,
  value double precision not null default 0,
  primary key (series, slot),
  constraint series_is_short check (length(series) between 1 and 300)
) with (fillfactor = 50);
comment on table private.metric_counters is
  'Counters of all isolates together, by series in Prometheus'' notation. A counter is the sum of its slots.';
comment on column private.metric_counters.slot is 'One of eight, so that isolates seldom wait for each other.';

-- Each scrape counts failed and lost calls.
create index function_calls_given_up on private.function_calls (finished_at, status)
  where status in ('failed', 'lost');
create index budget_pools_warned on private.budget_pools (period_start) where warned_at is not null;

create function private.add_metrics(slot smallint, increments jsonb)
returns void
language sql
volatile
set search_path = ''
as $$
  -- In the order of their names, so that two isolates that share a slot cannot deadlock.
  insert into private.metric_counters as known (series, slot, value)
  select given.key, $1, given.value::double precision
  from jsonb_each_text($2) as given order by given.key
  on conflict on constraint metric_counters_pkey do update set value = known.value + excluded.value;
$$;
comment on function private.add_metrics(smallint, jsonb) is
  'Adds an isolate''s counts since its last call. increments: an object of numbers by series.';

create function private.work_figures(most integer)
returns table (kind text, pending bigint, in_progress bigint, failed bigint, oldest_due_seconds double precision)
language plpgsql
stable
set search_path = ''
as $$
declare
  known private.work_queues;
begin
  for known in
    select q.* from private.work_queues as q join pg_catalog.pg_class as c on c.oid = q.work_table order by q.name
  loop
    kind := known.kind;
    execute format($figures$
      select
        (select count(*) from (select from %1$s where status = 'pending' limit %2$s) as one),
        (select count(*) from (select from %1$s where status = 'in_progress' limit %2$s) as one),
        (select count(*) from (select from %1$s where status = 'failed' limit %2$s) as one),
        -- The first row of each lane: one index lookup each, however long the queue is.
        (select coalesce(extract(epoch from now() - min(waiting.scheduled_for)), 0)::double precision
         from (select l.workspace_id, l.priority from private.work_lanes as l where l.queue = %3$L limit %2$s) as lane
         cross join lateral (
           select one.scheduled_for from %1$s as one
           where one.status = 'pending' and one.workspace_id = lane.workspace_id and one.priority = lane.priority
           order by one.scheduled_for limit 1
         ) as waiting
         where waiting.scheduled_for <= now())
    $figures$, known.work_table, most, known.name)
      into pending, in_progress, failed, oldest_due_seconds;
    return next;
  end loop;
end;
$$;
comment on function private.work_figures(integer) is
  'The state of each queue, one row each: counts up to `most`, and for how many seconds the oldest due work has '
  'waited.';

create function private.metric_figures(most integer default 10000)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'counters', (
      select coalesce(jsonb_object_agg(c.series, c.total), '{}')
      from (select series, sum(value) as total from private.metric_counters group by series) as c
    ),
    'work', (
      select coalesce(jsonb_agg(to_jsonb(w)), '[]') from (
        select q.kind, sum(q.pending) as pending, sum(q.in_progress) as in_progress, sum(q.failed) as failed,
          max(q.oldest_due_seconds) as oldest_due_seconds
        from private.work_figures(most) as q group by q.kind order by q.kind
      ) as w
    ),
    'work_abandoned', private.work_abandoned(),
    'calls', jsonb_build_object(
      'sent', (select count(*) from (select from private.function_calls where status = 'sent' limit most) as one),
      'retrying', (
        select count(*) from (select from private.function_calls where status = 'retrying' limit most) as one
      ),
      'failed', (select count(*) from (select from private.function_calls
        where status = 'failed' and finished_at > now() - interval '1 day' limit most) as one),
      'lost', (select count(*) from (select from private.function_calls
        where status = 'lost' and finished_at > now() - interval '1 day' limit most) as one),
      'overdue_seconds', (
        select coalesce(extract(epoch from now() - min(deadline)), 0)::double precision from private.function_calls
        where status = 'sent' and deadline < now()
      )
    ),
    'jobs', (
      -- About a day's runs, so that daily jobs are included.
      with latest as (
        select run.jobid, max(run.runid) as runid
        from (
          select jobid, runid from cron.job_run_details where end_time is not null order by runid desc limit 60000
        ) as run group by run.jobid
      )
      select coalesce(jsonb_object_agg(job.jobname, run.status is not distinct from 'failed' or exists (
        select from private.job_failures as one where split_part(one.job, ':', 1) = job.jobname
      )), '{}')
      from cron.job as job
      left join latest using (jobid)
      left join cron.job_run_details as run on run.runid = latest.runid
      where job.active and job.jobname is not null
    ),
    'sealing_lag_seconds', (
      select coalesce(extract(epoch from now() - min(entry.occurred_at)), 0)::double precision
      from public.audit_log as entry
      where entry.xid >= (select sealed_to from private.audit_horizon) and entry.id >> 40 = private.own_id_range()
        and entry.occurred_on >= (now() - interval '7 days')::date
    ),
    -- The high bits say which database gave the ids.
    'audit_entries', coalesce(pg_sequence_last_value(pg_get_serial_sequence('public.audit_log', 'id')::regclass)
      & ((1::bigint << 40) - 1), 0),
    'billing_events', coalesce(pg_sequence_last_value(pg_get_serial_sequence('public.billing_events', 'id')::regclass)
      & ((1::bigint << 40) - 1), 0),
    'budgets_used_up', (
      select jsonb_object_agg(period, (
        select count(*) from (
          select from private.budget_pools as pool join public.budgets as budget on budget.id = pool.budget_id
          where pool.warned_at is not null and pool.period_start = private.budget_period(period)
            and budget.period = known.period
          limit most
        ) as one
      ))
      from unnest(array['day', 'month']) as known (period)
    )
  );
$$;
comment on function private.metric_figures(integer) is
  'All figures of one scrape: counters of isolates, queues by kind, the ledger of calls, jobs, sealing, exhausted '
  'budgets. A depth is counted up to `most`.';
