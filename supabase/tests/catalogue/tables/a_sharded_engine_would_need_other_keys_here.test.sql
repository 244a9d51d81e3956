-- An engine that shards by the tenant (Citus) wants the workspace in every unique key of a tenant's table. These have
-- others: their ids are unique over all workspaces. A new table belongs here, or has the workspace in its keys.
begin;
select plan(2);

create temporary view keys_without_tenant as
select distinct c.oid::regclass::text as table_name
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
join pg_catalog.pg_index as i on i.indrelid = c.oid and i.indisunique and not a.attnum = any (i.indkey)
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p');

select set_eq(
  'select table_name from keys_without_tenant',
  $$values
    ('agent_consents'), ('agent_credentials'), ('agent_memory'), ('agent_memory_history'), ('agents'),
    ('ai_team_members'), ('ai_teams'), ('analytics_events'), ('app_settings'), ('artifact_links'),
    ('artifacts'), ('background_queries'), ('billing_events'), ('budgets'), ('build_content_queue'),
    ('businesses'), ('call_outcomes'), ('code_task_queue'), ('content_queue'), ('context_profiles'),
    ('context_records'), ('conversations'), ('dial_queue'), ('document_chunks'), ('documents'),
    ('embedding_jobs'), ('erasure_requests'), ('feedback_signals'), ('folders'), ('invitations'),
    ('lead_imports'), ('leads'), ('memories'), ('memory_sources'), ('message_states'), ('messages'),
    ('permissions'), ('postprocessing_results'), ('preprocessing_logs'), ('service_connections'),
    ('share_links'), ('streams'), ('suggestions'), ('votes')$$,
  'these tables have a key without the workspace'
);
select is_empty(
  $$select k.conrelid::regclass, k.conname from pg_catalog.pg_constraint as k
  join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attname = 'workspace_id' and not a.attisdropped
  where k.contype = 'p' and k.connamespace = 'public'::regnamespace and a.attnum = any (k.conkey)
    and k.conkey[1] <> a.attnum$$,
  'where a primary key has the workspace, it begins with it'
);

select * from finish();
rollback;
