-- Granting and revoking for the edge function `agents`, which has verified the caller.
--
-- Touches: private.set_access (grant or deny), private.remove_access (back to the role's default).
-- Beware:  they act as the named person. No role may call them; the functions use their own connection.

create function private.access_after_change(for_user uuid, for_agent uuid)
returns table (revision bigint, allowed boolean, access_reason text, workspace_id uuid)
language sql
stable
rows 1
set search_path = ''
as $$
  select
    coalesce((select known.revision from private.permission_revisions as known where known.user_id = for_user), 0),
    access.allowed, access.reason, access.workspace_id
  from private.access_of(for_user, for_agent) as access;
$$;
comment on function private.access_after_change(uuid, uuid) is
  'The current access of a person to an agent, with the person''s revision.';

create function private.require_agent_admin(actor uuid, for_agent uuid)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
  in_workspace uuid := (select agent.workspace_id from public.agents as agent where agent.id = for_agent);
begin
  if in_workspace is null or not private.belongs_to(actor, in_workspace) then
    perform private.raise_error('not_found', 'No such agent.', 404);
  end if;
  if not private.administers(actor, in_workspace) then
    perform private.raise_error('forbidden', 'Only an admin of the workspace may do this.', 403);
  end if;
  return in_workspace;
end;
$$;
comment on function private.require_agent_admin(uuid, uuid) is
  'The agent''s workspace if the actor administers it; not_found (404) outside, forbidden (403) inside.';

create function private.set_access(
  actor uuid, for_agent uuid, for_user uuid, can_use boolean, expires_at timestamptz, reason text, request_id text
)
returns table (revision bigint, allowed boolean, access_reason text, workspace_id uuid)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
declare
  in_workspace uuid := private.require_agent_admin(actor, for_agent);
begin
  if set_access.expires_at <= now() then
    perform private.raise_error('invalid_expiry', 'expires_at must lie in the future.', 400);
  end if;
  if not private.belongs_to(for_user, in_workspace) then
    perform private.raise_error('not_a_member', 'This person is not in the workspace.', 409, 'Invite them first.');
  end if;
  perform private.act_as(actor);
  perform set_config('groundwork.request_id', coalesce(set_access.request_id, ''), true);
  insert into public.permissions as known (user_id, agent_id, workspace_id, can_use, reason, expires_at)
  values (for_user, for_agent, in_workspace, set_access.can_use, set_access.reason, set_access.expires_at)
  on conflict (user_id, agent_id) do update
    set can_use = excluded.can_use, reason = excluded.reason, expires_at = excluded.expires_at
    where (known.can_use, known.reason, known.expires_at) is distinct from (excluded.can_use, excluded.reason,
      excluded.expires_at);
  return query select * from private.access_after_change(for_user, for_agent);
end;
$$;
comment on function private.set_access(uuid, uuid, uuid, boolean, timestamptz, text, text) is
  'Grants (can_use) or denies a person the use of an agent, as `actor`. Idempotent. Returns the resulting access and '
  'the revision from which it holds. Errors: invalid_expiry 400, forbidden 403, not_found 404, not_a_member 409.';

create function private.remove_access(actor uuid, for_agent uuid, for_user uuid, request_id text)
returns table (revision bigint, allowed boolean, access_reason text, workspace_id uuid)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
begin
  perform private.require_agent_admin(actor, for_agent);
  perform private.act_as(actor);
  perform set_config('groundwork.request_id', coalesce(remove_access.request_id, ''), true);
  delete from public.permissions as known where known.user_id = for_user and known.agent_id = for_agent;
  return query select * from private.access_after_change(for_user, for_agent);
end;
$$;
comment on function private.remove_access(uuid, uuid, uuid, text) is
  'Removes the row, as `actor`: members and guests lose the agent, admins fall back to their role. Idempotent. Errors: '
  'forbidden 403, not_found 404.';
