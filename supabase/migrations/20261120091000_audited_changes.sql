-- Audited changes: triggers that write an audit entry for every change of workspaces, members, invitations, agents,
-- permissions, credentials and consents, whatever made it (Data API, function, psql).
--
-- Touches: private.audit_changes (the trigger function), private.audit_detail (before and after), statement triggers on
--          those tables.
-- Beware:  only the columns named at each trigger are recorded. Addresses, tokens and settings are not: the log is kept
--          for years and never edited.

create function private.audit_changes()
returns trigger
language plpgsql
volatile
security definer -- writes where people may not
set search_path = ''
as $$
declare
  subject text := tg_argv[0];
  key_column text := tg_argv[1];
  recorded text[] := string_to_array(tg_argv[2], ',');
  request text := nullif(current_setting('groundwork.request_id', true), '');
  verb text := case tg_op when 'INSERT' then 'created' when 'UPDATE' then 'changed' else 'removed' end;
begin
  -- Each operation has its own transition tables, and so its own query.
  if tg_op = 'INSERT' then
    insert into public.audit_log (workspace_id, actor_id, agent_id, action, subject_type, subject_id, detail)
    select (r ->> tg_argv[3])::uuid, private.person_of_token(),
      coalesce(private.agent_of_token(), (r ->> 'agent_id')::uuid), subject || '.' || verb, subject, r ->> key_column,
      private.audit_detail(recorded, null, r, request)
    from (select to_jsonb(n) as r from new_rows as n) as rows;
  elsif tg_op = 'DELETE' then
    insert into public.audit_log (workspace_id, actor_id, agent_id, action, subject_type, subject_id, detail)
    select (r ->> tg_argv[3])::uuid, private.person_of_token(),
      coalesce(private.agent_of_token(), (r ->> 'agent_id')::uuid), subject || '.' || verb, subject, r ->> key_column,
      private.audit_detail(recorded, r, null, request)
    from (select to_jsonb(o) as r from old_rows as o) as rows;
  else
    insert into public.audit_log (workspace_id, actor_id, agent_id, action, subject_type, subject_id, detail)
    select (after ->> tg_argv[3])::uuid, private.person_of_token(),
      coalesce(private.agent_of_token(), (after ->> 'agent_id')::uuid), subject || '.' || verb, subject,
      after ->> key_column,
      private.audit_detail(recorded, before, after, request)
    from (
      select to_jsonb(o) as before, to_jsonb(n) as after
      from (select row_number() over () as place, new_rows.* from new_rows) as n
      join (select row_number() over () as place, old_rows.* from old_rows) as o using (place)
    ) as rows
    where exists (select from unnest(recorded) as c where before -> c is distinct from after -> c);
  end if;
  return null;
end;
$$;
comment on function private.audit_changes() is
  'Statement trigger. Arguments: subject type; column of its id; comma-separated columns to record; column of its '
  'workspace. One entry per row whose recorded columns changed: <subject>.created, .changed, .removed, by the person '
  'and the agent of the token; without an agent there, of the agent that the row names.';

create function private.audit_detail(recorded text[], before jsonb, after jsonb, request text)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'before', case when before is not null then (
      select jsonb_object_agg(c, before -> c) from unnest(recorded) as c
      where after is null or before -> c is distinct from after -> c) end,
    'after', case when after is not null then (
      select jsonb_object_agg(c, after -> c) from unnest(recorded) as c
      where before is null or before -> c is distinct from after -> c) end,
    'request_id', request
  ));
$$;
comment on function private.audit_detail(text[], jsonb, jsonb, text) is
  'The detail of an entry about a changed row: the recorded columns before and after; for an update only those that '
  'differ.';

do $$
declare
  audited record;
  operation text;
begin
  for audited in
    select * from (values
      ('workspaces', 'workspace', 'id', 'name,slug,billing_plan,region,k8s_namespace,embeds_messages,deleted_at', 'id'),
      ('members', 'member', 'user_id', 'user_id,role,invited_by', 'workspace_id'),
      ('invitations', 'invitation', 'id', 'role,status,expires_at', 'workspace_id'),
      ('agents', 'agent', 'id', 'slug,name,endpoint_host,status', 'workspace_id'),
      ('permissions', 'permission', 'user_id', 'user_id,agent_id,can_use,reason,expires_at', 'workspace_id'),
      (
        'agent_credentials', 'agent_credential', 'id', 'name,client_id,client_issuer,scopes,expires_at,created_by',
        'workspace_id'
      ),
      ('agent_consents', 'agent_consent', 'user_id', 'user_id,scopes,granted_by', 'workspace_id')
    ) as t (table_name, subject, key_column, recorded, workspace_column)
  loop
    foreach operation in array array['insert', 'update', 'delete'] loop
      execute format(
        'create trigger audit_%1$s after %1$s on public.%2$I referencing %3$s for each statement execute function '
          'private.audit_changes(%4$L, %5$L, %6$L, %7$L)',
        operation, audited.table_name,
        case operation when 'insert' then 'new table as new_rows' when 'delete' then 'old table as old_rows'
          else 'old table as old_rows new table as new_rows' end,
        audited.subject, audited.key_column, audited.recorded, audited.workspace_column
      );
    end loop;
  end loop;
end;
$$;
