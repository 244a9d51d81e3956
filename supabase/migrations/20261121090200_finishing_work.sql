-- Finishing work: complete, fail, snooze, cancel, redrive; and release work whose worker went silent.
--
-- Touches: private.complete_work (done), fail_work (retry or dead letter), snooze_work (later), cancel_work (never),
--          redrive_work (again), release_expired_work (the lease ended).
-- Beware:  a worker's answer counts only with the claim's token. One id that is not held refuses the whole call and
--          changes nothing. Repeating an answer (the response was lost) is fine as long as no other worker has claimed
--          the work since. Statements find held work by id and `lease_expires_at is not null`, never by status. With
--          the status Postgres could choose the index of leases, whose dead entries made completing five times as slow
--          within 30 s of another transaction being held open.

create function private.require_held_or_said(queue private.work_queues, claim_token uuid, ids bigint[], said text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  lost bigint[];
begin
  execute format(
    'select array_agg(asked.id) from unnest($2) as asked (id)
     where not exists (select from %s as job where job.id = asked.id and job.claim_token = $1 and job.status = $3)',
       queue.work_table
  ) into lost using claim_token, ids, said;
  if lost is not null then
    perform private.refuse_lost_lease(lost);
  end if;
end;
$$;
comment on function private.require_held_or_said(private.work_queues, uuid, bigint[], text) is
  'After an update: refuses (lease_lost 409) unless every id was held under the token, or already has this status from '
  'it.';

create function private.complete_work(queue text, claim_token uuid, ids bigint[], outcome jsonb default '{}')
returns integer
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
as $$
declare
  known private.work_queues := private.work_queue(complete_work.queue);
  named text[] := array(select jsonb_object_keys(coalesce(outcome, '{}')) order by 1);
  completed integer;
begin
  if not named <@ known.outcome_columns then
    perform private.raise_error('unknown_outcome', 'The outcome names what this queue does not keep.', 422,
      'It keeps: ' || coalesce(nullif(array_to_string(known.outcome_columns, ', '), ''), 'nothing'));
  end if;
  execute format(
    'update %1$s as job set status = %2$L, finished_at = now(), lease_expires_at = null, last_error = null%3$s
     where job.id = any ($2) and job.claim_token = $1 and job.lease_expires_at is not null',
    known.work_table, 'done',
    (select string_agg(format(', %1$I = (jsonb_populate_record(null::%2$s, $3)).%1$I', c, known.work_table), '')
      from unnest(named) as c)
  ) using claim_token, ids, outcome;
  get diagnostics completed = row_count;
  if completed < cardinality(ids) then
    perform private.require_held_or_said(known, claim_token, ids, 'done');
  end if;
  return completed;
end;
$$;
comment on function private.complete_work(text, uuid, bigint[], jsonb) is
  'Marks claimed work as done. outcome: outcome columns of the queue to set, the same for all ids. Idempotent. Returns '
  'how many items this call completed. All or nothing. Errors: unknown_queue 404, lease_lost 409 (the lost ids in the '
  'hint), unknown_outcome 422.';
grant execute on function private.complete_work(text, uuid, bigint[], jsonb) to service_role;

create function private.fail_work(queue text, claim_token uuid, ids bigint[], error text,
  retry_in interval default null, retry boolean default true)
returns integer
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
as $$
declare
  known private.work_queues := private.work_queue(fail_work.queue);
  cause text := left(coalesce(nullif(error, ''), 'no cause was given'), 2000);
  touched integer;
begin
  execute format($update$
    update %s as job set
      status = case when again then 'pending' else 'failed' end,
      scheduled_for = case
        when again then now() + greatest(coalesce($4, private.work_backoff(job.attempts)), interval '0')
      else job.scheduled_for end,
      finished_at = case when again then null else now() end,
      lease_expires_at = null, last_error = $3
    from (select id, $5 and attempts < max_attempts as again from %1$s where id = any ($2) for update) as held
    where job.id = held.id and job.claim_token = $1 and job.lease_expires_at is not null
  $update$, known.work_table) using claim_token, ids, cause, retry_in, coalesce(retry, true);
  get diagnostics touched = row_count;
  if touched < cardinality(ids) then
    execute format($lost$
      select array_agg(asked.id) from unnest($2) as asked (id) where not exists (
        select from %s as job
        where job.id = asked.id and job.claim_token = $1 and job.status in ('pending', 'failed')
          and job.last_error = $3)
    $lost$, known.work_table) into ids using claim_token, ids, cause;
    if ids is not null then
      perform private.refuse_lost_lease(ids);
    end if;
  end if;
  return touched;
end;
$$;
comment on function private.fail_work(text, uuid, bigint[], text, interval, boolean) is
  'Records that an attempt failed, and the cause (the first 2,000 characters). Work is retried after retry_in; by '
  'default after 2, 4, 8 … 3,600 s plus up to half as jitter. After the last attempt, or with retry false, it becomes '
  'a dead letter (failed). Returns how many were changed. All or nothing. Errors: unknown_queue 404, lease_lost 409.';
grant execute on function private.fail_work(text, uuid, bigint[], text, interval, boolean) to service_role;

create function private.snooze_work(queue text, claim_token uuid, ids bigint[], until timestamptz,
  reason text default null)
returns integer
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
as $$
declare
  known private.work_queues := private.work_queue(snooze_work.queue);
  touched integer;
begin
  execute format($update$
    update %s as job set
      status = 'pending', attempts = job.attempts - 1, scheduled_for = greatest($3, now()), lease_expires_at = null,
      last_error = left($4, 2000)
    where job.id = any ($2) and job.claim_token = $1 and job.lease_expires_at is not null
  $update$, known.work_table) using claim_token, ids, until, reason;
  get diagnostics touched = row_count;
  if touched < cardinality(ids) then
    perform private.require_held_or_said(known, claim_token, ids, 'pending');
  end if;
  return touched;
end;
$$;
comment on function private.snooze_work(text, uuid, bigint[], timestamptz, text) is
  'Returns claimed work to the queue until a given time; the attempt does not count. Returns how many were returned. '
  'All or nothing. Errors: unknown_queue 404, lease_lost 409.';
grant execute on function private.snooze_work(text, uuid, bigint[], timestamptz, text) to service_role;

create function private.cancel_work(queue text, ids bigint[], reason text default null)
returns integer
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
as $$
declare
  known private.work_queues := private.work_queue(cancel_work.queue);
  touched integer;
begin
  execute format($update$
    update %s as job
    set status = 'cancelled', finished_at = now(), lease_expires_at = null,
      last_error = coalesce(left($2, 2000), job.last_error)
    where job.id = any ($1) and job.status in ('pending', 'in_progress', 'failed')
  $update$, known.work_table) using ids, reason;
  get diagnostics touched = row_count;
  return touched;
end;
$$;
comment on function private.cancel_work(text, bigint[], text) is
  'Cancels open work, and dead letters. A worker that holds a cancelled item is refused when it answers. Returns how '
  'many were cancelled. Errors: unknown_queue 404.';
grant execute on function private.cancel_work(text, bigint[], text) to service_role;

create function private.redrive_work(queue text, ids bigint[] default null, most integer default 1000)
returns integer
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
as $$
declare
  known private.work_queues := private.work_queue(redrive_work.queue);
  touched integer;
begin
  -- With a dedupe key, only the newest item is redriven, and none while an item with the key is open.
  execute format($update$
    update %s as job set status = 'pending', attempts = 0, scheduled_for = now(), finished_at = null, claim_token = null
    where job.id in (
      select dead.id from %1$s as dead
      where (case when $1 is null then dead.status = 'failed'
        else dead.id = any ($1) and dead.status in ('failed', 'cancelled') end)
        and (dead.dedupe_key is null or not exists (
          select from %1$s as other
          where other.workspace_id = dead.workspace_id and other.dedupe_key = dead.dedupe_key and other.id <> dead.id
            and (other.status in ('pending', 'in_progress')
              or other.id > dead.id and (case when $1 is null then other.status = 'failed'
                else other.id = any ($1) and other.status in ('failed', 'cancelled') end))
        ))
      order by dead.id limit $2
      for update skip locked
    )
  $update$, known.work_table) using ids, most;
  get diagnostics touched = row_count;
  return touched;
end;
$$;
comment on function private.redrive_work(text, bigint[], integer) is
  'Redrives dead letters (by ids also cancelled work) with all their attempts, at most `most`. Items whose dedupe key '
  'is open again stay. Returns how many were redriven. Errors: unknown_queue 404.';
grant execute on function private.redrive_work(text, bigint[], integer) to service_role;

create function private.release_expired_work(batch integer default 10000)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.work_queues;
  done bigint[]; -- given back, failed
  tally jsonb := '{}'::jsonb;
begin
  -- A table that was dropped without its queue must not block the other queues.
  for known in
    select q.* from private.work_queues as q join pg_catalog.pg_class as c on c.oid = q.work_table order by q.name
  loop
    done := private.for_all_workspaces('release-expired-work: ' || known.name, format($update$
      with ended as (
        select job.id, job.attempts < job.max_attempts as again from %1$s as job
        where job.status = 'in_progress' and job.lease_expires_at <= now() and ($1 is null or job.workspace_id = $1)
        order by job.lease_expires_at limit %2$s for update skip locked
      ), given_back as (
        update %1$s as job set
          status = case when again then 'pending' else 'failed' end,
          scheduled_for = case when again then now() else job.scheduled_for end,
          finished_at = case when again then null else now() end,
          lease_expires_at = null,
          claim_token = null, -- its worker's answers are late from now on
          last_error = left(format('the lease of %%s ended', job.claimed_by), 2000)
        from ended where job.id = ended.id
        returning again
      )
      select array[count(*) filter (where again), count(*) filter (where not again)] from given_back
    $update$, known.work_table, batch),
      format('select distinct job.workspace_id from %s as job where job.status = %L and job.lease_expires_at <= now() '
        'order by 1',
        known.work_table, 'in_progress'));
    if coalesce(done[1], 0) + coalesce(done[2], 0) > 0 then
      tally := tally || jsonb_build_object(known.name, jsonb_build_object('released', done[1], 'failed', done[2]));
    end if;
    perform private.tidy_work_lanes(known);
  end loop;
  return tally;
end;
$$;
comment on function private.release_expired_work(integer) is
  'Returns work with an expired lease to its queue, at most `batch` of each queue; after the last attempt it is '
  'failed. Corrects the lanes. Returns how many, by queue. Safe to run concurrently.';
