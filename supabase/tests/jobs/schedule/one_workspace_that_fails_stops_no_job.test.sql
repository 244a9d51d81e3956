-- Every job over all workspaces, with a workspace (north) whose rows cannot be written, and its neighbour (south),
-- whose rows can. What a job has no row of a tenant to write for stands in the second list: a new job belongs to one of
-- the two.
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
create temporary table poisoned (job text, call text, table_name text, place text, rows_of text) on commit drop;
-- rows_of: makes a row that the job has to write, in the workspace $1, whose person is $2.
insert into poisoned values
  ('roll-up-usage', 'private.roll_up_usage()', 'public.usage_daily', 'workspace_id',
    $$insert into public.billing_events (workspace_id, kind, quantity, unit) values ($1, 'message', 1, 'message')$$),
  ('release-reservations', 'private.release_reservations()', 'private.usage_reservations', 'workspace_id',
    $$insert into private.usage_reservations (workspace_id, request_id, budgets, periods, amounts, slot, expires_at)
      values ($1, 'dead', '{}', '{}', '{}', 0, now() - interval '1 hour')$$),
  ('purge', 'private.purge()', 'public.invitations', 'workspace_id',
    $$insert into public.invitations (workspace_id, email, token_hash, status, updated_at)
    values ($1, 'x@y.example', sha256($1::text::bytea), 'revoked', now() - interval '40 days')$$),
  ('purge-conversations', 'private.purge_conversations()', 'public.conversations', 'workspace_id',
    $$insert into public.conversations (workspace_id, user_id, deleted_at)
    values ($1, $2, now() - interval '40 days')$$),
  ('end-abandoned-streams', 'private.end_abandoned_streams()', 'public.streams', 'workspace_id',
    $$insert into public.streams (workspace_id, conversation_id, user_id, created_at)
      select $1, c.id, c.user_id, now() - interval '2 days' from public.conversations as c where c.workspace_id = $1
      limit 1$$),
  ('age-memories', 'private.age_memories()', 'public.memories', 'workspace_id',
    $$insert into public.memories (workspace_id, user_id, kind, content, confirmed_at)
    values ($1, $2, 'fact', 'x', now() - interval '2 days')$$),
  ('count-recalls', 'private.count_recalls()', 'private.recalls', 'workspace_id',
    $$insert into private.recalls (workspace_id, user_id, memory_ids) values ($1, $2, '{}')$$),
  ('release-expired-work', 'private.release_expired_work()', 'public.background_queries', 'workspace_id',
    $$insert into public.background_queries (workspace_id, conversation_id, user_id, type, status, attempts, claimed_by,
      claim_token, lease_expires_at)
      select $1, c.id, c.user_id, 'x', 'in_progress', 1, 'w', gen_random_uuid(), now() - interval '1 minute'
      from public.conversations as c where c.workspace_id = $1 limit 1$$),
  ('purge-finished-work', 'private.purge_finished_work()', 'public.background_queries', 'workspace_id',
    $$insert into public.background_queries (workspace_id, conversation_id, user_id, type, status, created_at,
      finished_at)
      select $1, c.id, c.user_id, 'x', 'cancelled', now() - interval '100 days', now() - interval '100 days'
      from public.conversations as c where c.workspace_id = $1 limit 1$$),
  ('purge-embedding-jobs', 'private.purge_embedding_jobs()', 'public.embedding_jobs', 'workspace_id',
    $$insert into public.embedding_jobs (workspace_id, target_table, target_id, content_hash, status, finished_at)
      values ($1, 'memories', gen_random_uuid(), repeat('a', 64), 'cancelled', now() - interval '2 days')$$),
  ('purge-lead-imports', 'private.purge_lead_imports()', 'public.lead_imports', 'workspace_id',
    $$insert into public.lead_imports (workspace_id, user_id, prefix, path, status, report_path, created_at,
      finished_at)
      values ($1, $2, 'tests_', $1 || '/' || $2 || '/leads.csv', 'done', 'x', now() - interval '100 days',
        now() - interval '100 days')$$),
  ('refresh-connections', 'private.refresh_connections()', 'public.service_connections', 'workspace_id',
    $$with known as (insert into public.connection_providers (name, display_name, authorize_url, token_url, client_id)
        values ('tests', 'Tests', 'https://provider.example/a', 'https://provider.example/t', 'x')
        on conflict do nothing)
      insert into public.service_connections (workspace_id, user_id, provider, status, expires_at, access_secret_id)
      values ($1, $2, 'tests', 'active', now() - interval '1 day', gen_random_uuid())$$),
  ('rescore-leads', 'private.rescore_leads()', 'public.leads', 'workspace_id',
    $$insert into public.leads (workspace_id, state, county, parcel, auction_date, updated_at, distress_score)
      select $1, 'IL', 'Cook', '1', current_date + 20, now() - interval '80 days',
        private.score_lead(null, current_date + 20, null, null, null, null, 0, '{}', current_date - 80)$$),
  ('prune-agent-memory', 'private.prune_agent_memory_history(''1 day'', 0)', 'public.agent_memory_history',
    'workspace_id',
    $$insert into public.agent_memory_history (workspace_id, agent_id, memory_type, key, version, changed_at)
      select $1, a.id, 'policy', 'k', 1, now() - interval '400 days' from public.agents as a where a.workspace_id = $1
      limit 1$$),
  ('forget-number-calls', 'private.forget_number_calls()', 'private.number_calls', 'workspace_id',
    $$insert into private.number_calls (call_key, workspace_id, line, begun_at)
    values ($1::text, $1, '+15550100', now() - interval '3 days')$$),
  ('seal-audit-log', 'private.seal_audit_log()', 'public.audit_seals', 'workspace_id',
    $$insert into public.audit_log (workspace_id, action, xid) select $1, 'tests.done', sealed_to - 1
    from private.audit_horizon$$);
create temporary table harmless (job text, because text) on commit drop;
insert into harmless values
  ('reconcile-function-calls', 'calls of functions are of no tenant'),
    ('dispatch-calls', 'looks, and calls a function'),
  ('embed-pending', 'looks, and calls a function'), ('import-leads', 'looks, and calls a function'),
    ('remove-files', 'looks, and calls a function'), ('erase-people', 'looks, and calls a function'),
  ('publish-articles-daily', 'calls a function'), ('publish-due-content', 'looks, and calls a function'),
  ('maintain-partitions', 'partitions are of no tenant'), ('sweep-scratchpad', 'no trigger, no tenant'),
  ('sweep-chunks', 'no trigger, no tenant'),
  ('purge-erasures', 'receipts of people, of no tenant'),
    ('purge-businesses', 'each prefix by itself: businesses/dropping'),
  ('expire-durable-streams', 'each stream by itself: below');
select plan(2 + 3 * (select count(*)::integer from poisoned));

select set_eq(
  'select jobname::text from cron.job', 'select job from poisoned union all select job from harmless',
  'every job is in one of the two lists'
);
create function pg_temp.refuse_north() returns trigger language plpgsql as $$
begin
  if to_jsonb(coalesce(old, new)) ->> 'workspace_id' = tests.id('north')::text
    or to_jsonb(new) ->> 'workspace_id' = tests.id('north')::text then
    raise exception 'poisoned';
  end if;
  return coalesce(new, old);
end;
$$;
create function pg_temp.run(job poisoned) returns text language plpgsql as $$
declare
  context text;
begin
  if job.rows_of is not null then
    -- as the row was then, whatever its triggers say of it now
    execute format('alter table %s disable trigger user', job.table_name);
    execute job.rows_of using tests.id('north'), tests.id('member');
    execute job.rows_of using tests.id('south'), tests.id('outsider');
    execute format('alter table %s enable trigger user', job.table_name);
  end if;
  execute format('create trigger tests_poison before insert or update or delete on %s for each row execute function '
    'pg_temp.refuse_north()', job.table_name);
  execute 'select ' || job.call;
  execute format('drop trigger tests_poison on %s', job.table_name);
  return 'went on';
exception when others then
  get stacked diagnostics context = pg_exception_context;
  return sqlerrm || ' ' || context;
end;
$$;
create function pg_temp.failed(job text, workspace text) returns boolean language sql as $$
  select exists (select from private.job_failures as f
    where split_part(f.job, ':', 1) = failed.job and f.workspace_id = tests.id(workspace)
      and f.error like '%poisoned%');
$$;
select private.seal_audit_log() is not null as sealed_before;
update private.audit_horizon set sealed_to = sealed_to - 1; -- as if the transaction before this one had come since
update poisoned set rows_of = replace(rows_of, 'sealed_to - 1', 'sealed_to');
select is(pg_temp.run(p), 'went on', p.job || ' goes on past a workspace that fails') from poisoned as p;
select ok(pg_temp.failed(p.job, 'north'), p.job || ' says which it was') from poisoned as p;
select ok(not pg_temp.failed(p.job, 'south'), p.job || ' did the other') from poisoned as p;
-- And when the workspace can be done again, nothing is said of it any more.
do $$ declare p record; begin for p in select * from poisoned loop execute 'select ' || p.call; end loop; end; $$;
select is_empty('select job, workspace_id, error from private.job_failures',
  'what could be done since is not said any more');
select * from finish();
rollback;
