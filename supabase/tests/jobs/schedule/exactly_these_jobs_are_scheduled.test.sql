begin;
select plan(3);

create temporary table pinned_jobs (name text, schedule text, command text, active boolean) on commit drop;
\ir pinned/platform.psql
\ir pinned/operations.psql
\ir pinned/assistant.psql

select set_eq(
  $$select jobname, schedule, command, active from cron.job where command ~ '(private|public)\.'$$,
  'select * from pinned_jobs',
  'exactly these jobs are scheduled'
);
-- Each does what it says when it runs as it is written; what it changes is undone.
create function pg_temp.answer_of(command text) returns text language plpgsql as $$
begin
  execute command;
  return 'ok';
exception when others then
  return sqlerrm;
end;
$$;
select is_empty(
  $$select jobname, pg_temp.answer_of(command) from cron.job
  where command ~ '(private|public)\.' and pg_temp.answer_of(command) <> 'ok'$$,
  'every job runs'
);
select is_empty(
  $$select jobname from cron.job
  where command ~ '(private|public)\.'
    and username <> (select nspowner::regrole::text from pg_catalog.pg_namespace where nspname = 'private')$$,
  'as the owner of what it works on'
);

select * from finish();
rollback;
