-- Work jobs: keep the lanes, release expired leases, and purge old finished work.
--
-- Touches: private.tidy_work_lanes (release_expired_work calls it), private.purge_finished_work,
--          private.work_abandoned (for health), cron.job.
-- Beware:  rows that reference finished work define their own cleanup (on delete cascade or set null).

create function private.purge_finished_work_of(in_queue regclass, in_workspace uuid, batch integer, most integer)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  last_id bigint := 0;
  is_over boolean;
  removed bigint;
  gone bigint := 0;
begin
  loop
    -- Old finished work has small ids, so this needs no index on the time, which every completion would have to update.
    execute format($delete$
      with old as (
        select job.id, job.status, job.finished_at, job.created_at from %1$s as job
        where job.id > $1 and ($3 is null or job.workspace_id = $3) order by job.id limit $2
      ), deleted as (
        delete from %1$s as job using old
        where job.id = old.id and (
          old.status in ('done', 'cancelled') and old.finished_at < now() - interval '90 days'
          or old.status = 'failed' and old.finished_at < now() - interval '365 days')
          and job.status = old.status and job.finished_at = old.finished_at -- not redriven meanwhile
        returning 1
      )
      select (select max(id) from old), (select count(*) from deleted),
        not exists (select from old where created_at < now() - interval '90 days')
    $delete$, in_queue) into last_id, removed, is_over using last_id, batch, in_workspace;
    gone := gone + removed;
    exit when is_over or gone >= most;
  end loop;
  return gone;
end;
$$;
comment on function private.purge_finished_work_of(regclass, uuid, integer, integer) is
  'Removes old finished work of a queue, of one workspace or (null) of all. Returns how many.';

create function private.purge_finished_work(batch integer default 5000, most integer default 1000000)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.work_queues;
  done bigint[];
  tally jsonb := '{}'::jsonb;
begin
  for known in
    select q.* from private.work_queues as q join pg_catalog.pg_class as c on c.oid = q.work_table order by q.name
  loop
    done := private.for_all_workspaces('purge-finished-work: ' || known.name,
      format('select array[private.purge_finished_work_of(%L, $1, %s, %s)]', known.work_table, batch, most),
      format('select distinct job.workspace_id from %s as job order by 1', known.work_table));
    if done[1] > 0 then
      tally := tally || jsonb_build_object(known.name, done[1]);
    end if;
  end loop;
  return tally;
end;
$$;
comment on function private.purge_finished_work(integer, integer) is
  'Removes work that was done or cancelled 90 days ago, or failed 365 days ago, from every queue. Reads `batch` rows '
  'at a time from the oldest on and removes about `most` per queue and run. Returns how many, by queue.';

create function private.work_abandoned(grace interval default '1 minute')
returns bigint
language plpgsql
stable
set search_path = ''
as $$
declare
  known private.work_queues;
  n bigint;
  total bigint := 0;
begin
  for known in
    select q.* from private.work_queues as q join pg_catalog.pg_class as c on c.oid = q.work_table
  loop
    execute format('select count(*) from %s where status = %L and lease_expires_at < now() - $1', known.work_table,
      'in_progress') into n using grace;
    total := total + n;
  end loop;
  return total;
end;
$$;
comment on function private.work_abandoned(interval) is
  'How many work items, in all queues, have a lease that ended longer ago than `grace`. More than none means that '
  'release-expired-work does not run. For health.';

create function private.tidy_work_lanes(queue private.work_queues)
returns void
language plpgsql
volatile
set search_path = ''
-- Each lane by its key: their number is estimated badly, and there may be one for each workspace. `is true` keeps the
-- planner from looking for those that sleep instead.
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  -- Lanes of a workspace that is not in this cell are skipped (private.refuse_elsewhere).
  perform set_config('groundwork.job', 'tidy_work_lanes', true);
  -- The lanes that are awake, those that were lately, and those whose time to be checked has come. Lanes that sleep are
  -- not read: there may be one for each workspace.
  execute format($tidy$
    with recursive looked_into as materialized (
      select l.workspace_id, l.priority from private.work_lanes as l
      where l.queue = %2$L and l.wakes_at <= now() + interval '10 seconds'
      union
      select l.workspace_id, l.priority from private.work_lanes as l where l.queue = %2$L and l.wakes_at = 'infinity'
      union
      select l.workspace_id, l.priority from private.work_lanes as l
      where l.queue = %2$L and l.checked_at <= now() and l.checked_at < 'infinity'
    ), sampled as (
      -- Of all lanes with work some hundreds, from one by chance on and without reading the rows between: so work
      -- without a lane is found, too.
      select place.start as workspace_id, (-32768)::smallint as priority, null::timestamptz as scheduled_for,
        null::bigint as id, 0 as n, place.start, false as is_second_half
      from (select gen_random_uuid() as start) as place
      union all
      select coalesce(following.workspace_id, '00000000-0000-0000-0000-000000000000'),
        coalesce(following.priority, (-32768)::smallint), following.scheduled_for, following.id, sampled.n + 1,
        sampled.start, sampled.is_second_half or following.id is null
      from sampled left join lateral (
        select job.workspace_id, job.priority::smallint as priority, job.scheduled_for, job.id from %1$s as job
        where job.status = 'pending'
          and (job.workspace_id, job.priority) > (sampled.workspace_id, sampled.priority)
        order by job.workspace_id, job.priority, job.scheduled_for, job.id limit 1
      ) as following on true
      where sampled.n < 500
        and case when sampled.is_second_half then following.workspace_id < sampled.start else true end
    ), lane as materialized (
      select l.workspace_id, l.priority, first.scheduled_for, first.id
      from looked_into as l
      left join lateral (
        select job.scheduled_for, job.id from %1$s as job
        where job.status = 'pending' and job.workspace_id = l.workspace_id and job.priority = l.priority
        order by job.scheduled_for, job.id limit 1
      ) as first on true
      union
      select sampled.workspace_id, sampled.priority, sampled.scheduled_for, sampled.id from sampled
      where sampled.id is not null
    ), opened as (
      insert into private.work_lanes (queue, workspace_id, priority)
      select %2$L, lane.workspace_id, lane.priority from lane
      where lane.id is not null and not exists (select from private.work_lanes as l
        where l.queue = %2$L and l.workspace_id = lane.workspace_id and l.priority = lane.priority)
      on conflict do nothing
    ), corrected as (
      update private.work_lanes as l set
        low_id = case when (l.low_at, l.low_id) >= (lane.scheduled_for, lane.id) then lane.id - 1 else l.low_id end,
        low_at = least(l.low_at, lane.scheduled_for),
        wakes_at = case
          when l.wakes_at > lane.scheduled_for or l.moved_at < now() - interval '1 minute' then lane.scheduled_for
          else l.wakes_at end,
        checked_at = case
          when lane.scheduled_for > now() + interval '10 seconds' and l.moved_at < now() - interval '1 minute'
          then now() + (now() - l.moved_at) else 'infinity' end
      from lane
      where l.queue = %2$L and l.workspace_id = lane.workspace_id and l.priority = lane.priority
        and ((l.low_at, l.low_id) >= (lane.scheduled_for, lane.id) or l.wakes_at > lane.scheduled_for
          or l.checked_at <= now() and lane.id is not null
          or l.wakes_at < lane.scheduled_for and lane.scheduled_for > now() + interval '10 seconds'
            and l.moved_at < now() - interval '1 minute')
    ), put_to_sleep as (
      -- A lane that nobody claimed from for long is empty only now: its hour begins.
      update private.work_lanes as l set wakes_at = 'infinity', checked_at = 'infinity',
        moved_at = case when l.moved_at < now() - interval '1 hour' then now() else l.moved_at end
      from lane
      where lane.id is null and l.queue = %2$L and l.workspace_id = lane.workspace_id and l.priority = lane.priority
        and (l.wakes_at < 'infinity') is true and l.moved_at < now() - interval '1 minute'
    )
    delete from private.work_lanes as l using lane
    where lane.id is null and l.queue = %2$L and l.workspace_id = lane.workspace_id and l.priority = lane.priority
      and (l.wakes_at = 'infinity') is true and l.moved_at < now() - interval '1 hour'
  $tidy$, queue.work_table, queue.name);
  perform set_config('groundwork.job', '', true);
end;
$$;
comment on function private.tidy_work_lanes(private.work_queues) is
  'Finds work that claims would miss: behind a lane''s low-water mark (committed late, or after a claim rolled back) '
  'and without a lane. Puts lanes to sleep in which nothing is due, and removes those that were empty for an hour.';

select cron.schedule('release-expired-work', '10 seconds', 'select private.release_expired_work()');
select cron.schedule('purge-finished-work', '53 2 * * *', 'select private.purge_finished_work()');
