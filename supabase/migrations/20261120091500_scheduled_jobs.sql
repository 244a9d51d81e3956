-- Scheduled jobs: the schedules live in the database. If Postgres is up, they run.
--
-- Touches: cron.job (the schedules), private.purge (removes old rows).
-- Beware:  cron.schedule replaces a job of the same name, so a later chapter changes a schedule by calling it again.
--          Times are UTC.

create function private.purge()
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  counts jsonb := '{}'::jsonb;
  n bigint;
  done bigint[];
begin
  -- The trigger that keeps an owner does not apply to a deleted workspace.
  done := private.for_all_workspaces('purge: workspaces', $each$
    with gone as (delete from public.workspaces as w
      where w.deleted_at < now() - interval '30 days' and ($1 is null or w.id = $1) returning 1)
    select array[count(*)] from gone$each$,
    $places$select w.id from public.workspaces as w where w.deleted_at < now() - interval '30 days' order by 1$places$);
  counts := counts || jsonb_build_object('workspaces', coalesce(done[1], 0));

  done := private.for_all_workspaces('purge: invitations', $each$
    with over as (update public.invitations as i set status = 'expired'
      where i.status = 'pending' and i.expires_at <= now() and ($1 is null or i.workspace_id = $1)),
    gone as (delete from public.invitations as i
      where i.status <> 'pending' and i.updated_at < now() - interval '30 days' and ($1 is null or i.workspace_id = $1)
      returning 1)
    select array[count(*)] from gone$each$,
    $places$select distinct i.workspace_id from public.invitations as i order by 1$places$);
  counts := counts || jsonb_build_object('invitations', coalesce(done[1], 0));

  delete from private.request_claims where claimed_at < now() - interval '1 day';
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('request_claims', n);

  delete from private.function_calls where finished_at < now() - interval '7 days';
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('function_calls', n);

  -- A day is longer than the life of any cached answer or token of a deleted person.
  delete from private.permission_revisions as known
  where known.raised_at < now() - interval '1 day'
    and not exists (select from public.profiles as profile where profile.user_id = known.user_id);
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('permission_revisions', n);

  delete from private.delegations where valid_until < now();
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('delegations', n);

  counts := counts || jsonb_build_object('counters', private.purge_counters());

  delete from cron.job_run_details where end_time < now() - interval '7 days';
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('job_run_details', n);

  return counts || jsonb_build_object('scratch_rows', private.sweep_scratchpad());
end;
$$;
comment on function private.purge() is
  'Removes old rows for good: workspaces deleted 30 days ago, settled invitations after 30 days, finished calls and '
  'job runs after 7, revisions of people who are gone, expired scratchpad rows. Returns the counts.';

select cron.schedule('seal-audit-log', '* * * * *', 'select private.seal_audit_log()');
select cron.schedule('reconcile-function-calls', '10 seconds', 'select private.reconcile_function_calls()');
select cron.schedule('roll-up-usage', '7 * * * *', 'select private.roll_up_usage()');
select cron.schedule('maintain-partitions', '23 2 * * *', 'select private.maintain_partitions()');
select cron.schedule('purge', '41 2 * * *', 'select private.purge()');
select cron.schedule('sweep-scratchpad', '*/5 * * * *', 'select private.sweep_scratchpad()');
