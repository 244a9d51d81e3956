-- Work jobs: release expired leases, and purge old finished work.
--
-- Touches: private.purge_finished_work, private.work_abandoned (for health), cron.job.
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

select cron.schedule('release-expired-work', '10 seconds', 'select private.release_expired_work()');
select cron.schedule('purge-finished-work', '53 2 * * *', 'select private.purge_finished_work()');
