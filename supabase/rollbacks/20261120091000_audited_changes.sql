-- Back from: audited changes. Existing entries stay in the log.
do $$
declare
  audited text;
begin
  foreach audited in array array['workspaces', 'members', 'invitations', 'agents', 'permissions', 'agent_credentials',
    'agent_consents'] loop
    execute format('drop trigger audit_insert on public.%I', audited);
    execute format('drop trigger audit_update on public.%I', audited);
    execute format('drop trigger audit_delete on public.%I', audited);
  end loop;
end;
$$;
drop function private.audit_changes();
drop function private.audit_detail(text[], jsonb, jsonb, text);
