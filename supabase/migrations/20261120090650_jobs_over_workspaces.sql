-- Jobs over all workspaces: a workspace that fails does not stop the others; it is recorded and logged.
--
-- Touches: private.job_failures, note_job_failure (records), for_all_workspaces (runs a job).
-- Beware:  a job handles all workspaces in one statement. Only when that fails does it handle each one by itself, in
--          its own subtransaction. The function health is degraded while a failure is recorded here; the next success
--          for that workspace removes it.

create table private.job_failures (
  job text not null,
  workspace_id uuid not null,
  error text not null,
  times integer not null default 1,
  failed_at timestamptz not null default now(),
  primary key (job, workspace_id)
);
comment on table private.job_failures is
  'Workspaces that a job could not process: the reason, and how often in a row. The job went on with the others. '
  '`health` is degraded while there is a row.';

create function private.note_job_failure(job text, workspace_id uuid, error text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  raise warning '%: workspace % failed: %', job, workspace_id, error;
  insert into private.job_failures as known (job, workspace_id, error) values ($1, $2, left($3, 500))
  on conflict on constraint job_failures_pkey do update
  set error = excluded.error, failed_at = now(), times = known.times + 1;
end;
$$;
comment on function private.note_job_failure(text, uuid, text) is
  'Records that a job failed for a workspace, and logs it.';

create function private.for_all_workspaces(job text, statement text, places text)
returns bigint[]
language plpgsql
volatile
set search_path = ''
as $$
declare
  place uuid;
  done bigint[];
  total bigint[];
begin
  -- In a cell: rows of a workspace that is not here are skipped (private.refuse_elsewhere).
  perform set_config('groundwork.job', job, true);
  begin
    execute statement into done using null::uuid;
    delete from private.job_failures as f where f.job = for_all_workspaces.job;
    perform set_config('groundwork.job', '', true);
    return done;
  exception when others then
    raise warning '%: all at once failed (%), each workspace by itself', job, sqlerrm;
  end;
  for place in execute places loop
    begin
      execute statement into done using place;
      total := array(select coalesce(was.n, 0) + coalesce(more.n, 0)
        from unnest(total) with ordinality as was (n, i) full join unnest(done) with ordinality as more (n, i) using (i)
        order by i);
      delete from private.job_failures as f where f.job = for_all_workspaces.job and f.workspace_id = place;
    exception when others then
      perform private.note_job_failure(job, place, sqlerrm);
    end;
  end loop;
  perform set_config('groundwork.job', '', true);
  return coalesce(total, '{}');
end;
$$;
comment on function private.for_all_workspaces(text, text, text) is
  'Runs a part of a job for all workspaces: `statement` with $1 null for all of them at once. If that fails, it runs '
  'once for each of `places` (a query of ids); a workspace that fails is recorded, and the others go on. The statement '
  'returns bigint[], counts that are summed. Where a job has several parts, each has its own name: `purge: '
  'invitations`.';
