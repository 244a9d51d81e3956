-- An engine that shards by the tenant (Citus) wants the workspace in every unique key of a tenant's table. These keys
-- are without it, each for the reason that stands over it (docs/scale.md says what the others cost). A new key belongs
-- here with its reason, or has the workspace in it.
begin;
select plan(2);

create temporary view keys_without_tenant as
select c.relname || ' (' || string_agg(k.name, ', ' order by k.place) || ')' as key
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
join pg_catalog.pg_index as i on i.indrelid = c.oid and i.indisunique and not a.attnum = any (i.indkey)
cross join lateral (
  select place, pg_catalog.pg_get_indexdef(i.indexrelid, place, true) as name
  from generate_series(1, i.indnkeyatts) as place
) as k
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
group by c.relname, i.indexrelid;

select set_eq(
  'select key from keys_without_tenant',
  array[
    -- A row is named by its id alone: in addresses, in other tables, in `.eq('id', …)`. Where a foreign key repeats the
    -- workspace, there is a second key that begins with it.
    'agent_consents (id)', 'agent_credentials (id)', 'agent_memory (id)', 'agents (id)', 'ai_team_members (id)',
    'ai_teams (id)', 'app_settings (id)', 'artifacts (id, created_at)', 'budgets (id)', 'businesses (id)',
    'call_outcomes (id)', 'conversations (id)', 'document_chunks (id)', 'documents (id)', 'folders (id)',
    'invitations (id)', 'lead_imports (id)', 'leads (id)', 'memories (id)', 'messages (id)',
    'service_connections (id)', 'share_links (id)', 'streams (id)', 'suggestions (id)',
    -- A queue is worked off over all workspaces, and its template has the id.
    'background_queries (id)', 'build_content_queue (id)', 'code_task_queue (id)', 'content_queue (id)',
    'dial_queue (id)', 'embedding_jobs (id)', 'erasure_requests (id)',
    -- Rows that are only added: a rising number costs the least. Begun with the workspace it takes 2.4 times the bytes.
    'agent_memory_history (id)', 'analytics_events (id, occurred_on)', 'billing_events (id, occurred_on)',
    'context_profiles (id)', 'context_records (id)', 'feedback_signals (id)', 'memory_sources (id)',
    'postprocessing_results (id)', 'preprocessing_logs (id)',
    -- Found by the row to which they belong, whose workspace the question does not name: a chunk's document, a vote's
    -- message, a permission's person. Begun with the workspace they would need another index, or read everything.
    'agent_consents (agent_id, user_id)', 'ai_team_members (team_id, agent_id, role)',
    'ai_team_members (team_id, "position")', 'artifact_links (from_id, to_id, kind)',
    'document_chunks (document_id, ordinal)', 'message_states (message_id, version)', 'permissions (user_id, agent_id)',
    'streams (conversation_id, message_id)', 'votes (message_id, user_id)',
    -- Unique over all workspaces, because who brings it does not know the workspace; a prefix names tables.
    'agent_credentials (secret_hash)', 'businesses (prefix)', 'call_outcomes (provider_call_id)',
    'erasure_requests (receipt)', 'invitations (token_hash)', 'share_links (token_hash)'
  ],
  'these keys are without the workspace'
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
