-- Jobs over all workspaces: one of them that cannot be done stops none of the others, is named, and is loud.
--
-- Touches: private.job_failures, note_job_failure, for_all_workspaces.
-- Beware:  all of them are done in one statement, as long as that works; only when it fails is each done by itself, in
--          a subtransaction of its own. The function health is degraded as long as a failure stands here; it goes when
--          the job could do that workspace again.

create table private.job_failures (
  job text not null,
  workspace_id uuid not null,
  error text not null,
  times integer not null default 1,
  failed_at timestamptz not null default now(),
  primary key (job, workspace_id)
);
comment on table private.job_failures is
  'Which workspace a job over all of them could not do, why, and how often in a row: the job went on with the others. '
  '`health` is degraded while one stands here.';

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
  'Writes down that a job could not do a workspace, and says so in the log.';

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
  begin
    execute statement into done using null::uuid;
    delete from private.job_failures as f where f.job = for_all_workspaces.job;
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
  return coalesce(total, '{}');
end;
$$;
comment on function private.for_all_workspaces(text, text, text) is
  'Does a part of a job for all workspaces: `statement` with $1 null for all of them at once, or, when that fails, for '
  'each of `places` (a query of ids) by itself; a workspace that fails is written down, and the others are done. The '
  'statement returns bigint[], counts that are summed. A part has a name of its own where a job has several: `purge: '
  'invitations`.';
