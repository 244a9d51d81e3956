begin;
select plan(3);

select set_eq(
  $$select jobname, schedule, command, active from cron.job where command ~ '(private|public)\.'$$,
  $$values
    ('seal-audit-log', '* * * * *', 'select private.seal_audit_log()', true),
    ('reconcile-function-calls', '10 seconds', 'select private.reconcile_function_calls()', true),
    ('roll-up-usage', '7 * * * *', 'select private.roll_up_usage()', true),
    ('maintain-partitions', '23 2 * * *', 'select private.maintain_partitions()', true),
    ('purge', '41 2 * * *', 'select private.purge()', true),
    ('sweep-scratchpad', '*/5 * * * *', 'select private.sweep_scratchpad()', true)$$,
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
  $$select jobname, pg_temp.answer_of(command) from cron.job where command ~ '(private|public)\.' and pg_temp.answer_of(command) <> 'ok'$$,
  'every job runs'
);
select is_empty(
  $$select jobname from cron.job where command ~ '(private|public)\.' and username <> (select nspowner::regrole::text from pg_catalog.pg_namespace where nspname = 'private')$$,
  'as the owner of what it works on'
);

select * from finish();
rollback;
