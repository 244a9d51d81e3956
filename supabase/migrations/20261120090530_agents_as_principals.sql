-- Agents as principals: what an agent may do with its token, as itself or for a person.
--
-- Touches: private.actor_decision and scope_decision (may this agent use this scope), agent_rights,
--          person_behind_agent, workspaces_of_agent (for policies), delegation_of (for tokens).
-- Beware:  agents are closed out by default. With their tokens private.current_user_id() is null and
--          private.workspace_ids() is empty, unless a policy or function names a scope
--          (docs/decisions/0030-agents-are-closed-out-by-default.md). The token only claims who asks and for what. Each
--          statement looks up whether they may, so a revoked right is gone at once.
--
--          A token's claims: sub (the person, or the agent as itself), client_id (the agent), scope ("memory:read
--          knowledge:read"), credential_id, and, for a person, act: {sub: agent, credential_id, act?: who
--          acted before it}.

create function private.actor_of_token()
returns jsonb
language plpgsql -- a SQL function that is not inlined is planned by each call
stable
parallel safe
set search_path = ''
as $$
declare
  claims jsonb := private.jwt_claims();
begin
  return coalesce(
    claims -> 'act', jsonb_build_object('sub', claims -> 'client_id', 'credential_id', claims -> 'credential_id')
  );
end;
$$;
comment on function private.actor_of_token() is
  'The actor that the request''s token claims: {sub: agent, credential_id, act?}. The claim is not checked here.';

create function private.token_has_scope(for_scope text)
returns boolean
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
  return coalesce(for_scope = any (string_to_array(private.jwt_claims() ->> 'scope', ' ')), false);
end;
$$;
comment on function private.token_has_scope(text) is 'Whether the request''s token names the scope.';

create function private.opens_for(for_scope text, actor text)
returns boolean
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  return exists (
    select from private.scopes() as known
    where known.name = case when for_scope like 'work:_%' then 'work:*' else for_scope end
      and actor = any (known.actors)
  );
end;
$$;
comment on function private.opens_for(text, text) is
  'Whether a scope is open to this kind of caller: a person, a delegate (an agent for a person) or an agent as itself. '
  'Follows private.scopes().';

create function private.actor_decision(for_user uuid, for_agent uuid, for_credential uuid, for_scope text)
returns table (allowed boolean, reason text, agent_id uuid, workspace_id uuid, decided_by jsonb)
language plpgsql
stable
parallel safe
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  agent public.agents;
  access private.access_by_person;
  consent public.agent_consents;
  credential public.agent_credentials;
begin
  -- One lookup after the other: each is planned once in a session, and one query over all the tables takes twice as
  -- long to start.
  select known.* into agent from public.agents as known where known.id = for_agent
    and exists (select from public.workspaces as workspace
      where workspace.id = known.workspace_id and workspace.deleted_at is null and workspace.left_at is null);
  if for_user is not null then
    select decision.* into access from private.access_by_person as decision
    where decision.user_id = for_user and decision.agent_id = for_agent;
    select given.* into consent from public.agent_consents as given
    where given.agent_id = for_agent and (given.user_id = for_user or given.user_id is null)
    order by for_scope = any (given.scopes) desc, given.user_id nulls last limit 1;
  end if;
  -- Prefer, among the valid ones, a credential that has the scope.
  select held.* into credential from public.agent_credentials as held
  where held.agent_id = for_agent and held.expires_at > now() and (for_credential is null or held.id = for_credential)
  order by for_scope = any (held.scopes) desc, held.expires_at desc, held.id limit 1;

  agent_id := for_agent;
  workspace_id := agent.workspace_id;
  reason := case
    when agent.id is null then 'unknown_agent'
    when for_user is not null and access.reason is null then 'not_a_member'
    when not access.allowed then access.reason
    when for_user is null and agent.status <> 'published' then 'agent_not_published'
    when not coalesce(for_scope = any (credential.scopes), false) then 'credential_required'
    when for_user is not null and not coalesce(for_scope = any (consent.scopes), false) then 'consent_required'
    when not private.opens_for(for_scope, case when for_user is null then 'agent' else 'delegate' end)
      then 'not_for_this_actor'
    when for_user is null then 'credential'
    else 'consented'
  end;
  allowed := reason in ('consented', 'credential');
  decided_by := case
    when reason in ('unknown_agent', 'not_a_member', 'not_for_this_actor') then null
    when reason in ('consented', 'consent_required') and consent.id is not null then jsonb_build_object(
      'table', 'agent_consents', 'id', consent.id, 'user_id', consent.user_id, 'scopes', consent.scopes,
      'granted_by', consent.granted_by)
    when reason in ('credential', 'credential_required') and credential.id is not null then jsonb_build_object(
      'table', 'agent_credentials', 'id', credential.id, 'name', credential.name, 'scopes', credential.scopes,
      'expires_at', credential.expires_at)
    when reason in ('consent_required', 'credential_required') then null
    when access.reason is null then jsonb_build_object('table', 'agents', 'id', agent.id, 'status', agent.status)
    else access.decided_by
  end;
  return next;
end;
$$;
comment on function private.actor_decision(uuid, uuid, uuid, text) is
  'Whether an agent may use a scope now, for a person or (null) as itself, the reason, and the row that decided. '
  'for_credential: the credential of its token; null: any valid one. Always one row. reason: consented, credential; or '
  'the first obstacle: unknown_agent, not_a_member and the reasons of access_of, agent_not_published, '
  'credential_required, consent_required, not_for_this_actor.';

create function private.scope_decision(for_user uuid, actor jsonb, for_scope text, by_token boolean)
returns table (allowed boolean, reason text, agent_id uuid, workspace_id uuid, decided_by jsonb)
language plpgsql
stable
parallel safe
rows 1
set search_path = ''
as $$
declare
  acting jsonb := actor;
  first record;
  decision record;
begin
  -- Each agent of the chain must be allowed now, in one workspace.
  for depth in 1..4 loop
    if not coalesce(pg_catalog.pg_input_is_valid(acting ->> 'sub', 'uuid'), false)
      or by_token and not coalesce(pg_catalog.pg_input_is_valid(acting ->> 'credential_id', 'uuid'), false)
    then
      return query select false, 'unknown_agent', null::uuid, null::uuid, null::jsonb;
      return;
    end if;
    select * into decision from private.actor_decision(
      for_user, (acting ->> 'sub')::uuid, case when by_token then (acting ->> 'credential_id')::uuid end, for_scope
    );
    if depth = 1 then
      first := decision;
    elsif decision.workspace_id is distinct from first.workspace_id then
      return query select false, 'unknown_agent', null::uuid, null::uuid, null::jsonb;
      return;
    end if;
    if not decision.allowed then
      return query
        select decision.allowed, decision.reason, decision.agent_id, decision.workspace_id, decision.decided_by;
      return;
    end if;
    acting := acting -> 'act';
    if acting is null then
      return query select first.allowed, first.reason, first.agent_id, first.workspace_id, first.decided_by;
      return;
    end if;
  end loop;
  return query select false, 'chain_too_long', first.agent_id, first.workspace_id, null::jsonb;
end;
$$;
comment on function private.scope_decision(uuid, jsonb, text, boolean) is
  'Whether an actor may use a scope now, for a person or (null) as itself. actor: {sub: agent, credential_id?, act?: '
  'the previous actor}, at most four agents of one workspace. by_token: each must name its credential. Always one row: '
  'the first actor that is refused, else the first actor. Never raises.';

create function private.agent_rights(for_scope text)
returns table (agent_id uuid, workspace_id uuid, user_id uuid)
language plpgsql
stable
parallel safe
security definer -- reads credentials, consents and permissions past RLS
rows 1
set search_path = ''
as $$
declare
  claims jsonb := private.jwt_claims();
  person uuid := private.person_of_token();
  actor jsonb := private.actor_of_token();
begin
  -- Ignore a token for another audience; `aud` is a text or a list of texts.
  if for_scope is null or not private.token_has_scope(for_scope)
    or not coalesce(claims -> 'aud' ? 'authenticated', false)
    or actor ->> 'sub' is distinct from claims ->> 'client_id' or (claims ? 'act' and person is null)
  then
    return;
  end if;
  return query
    select decision.agent_id, decision.workspace_id, person
    from private.scope_decision(person, actor, for_scope, true) as decision where decision.allowed;
end;
$$;
comment on function private.agent_rights(text) is
  'For the request''s token: the agent, its workspace and the person for whom it acts (null: as itself), if the whole '
  'chain has this scope now; otherwise no row. A chain has at most four agents of one workspace. It decides anew; '
  'policies ask private.delegation_of_token first. Never raises.';

create function private.person_behind_agent(for_scope text)
returns uuid
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  known record := private.delegation_of_token(for_scope);
begin
  return coalesce(known.user_id, (select rights.user_id from private.agent_rights(for_scope) as rights));
end;
$$;
comment on function private.person_behind_agent(text) is
  'The person for whom an agent may use this scope now, else null. Never raises.';

create function private.workspaces_of_agent(minimum_role text, for_scope text)
returns uuid[]
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
  return array(
    select rights.workspace_id from private.agent_rights(for_scope) as rights
    -- As itself an agent has the role of a member; for a person, the person's role.
    where case
      when rights.user_id is null then 'member' else private.member_role(rights.user_id, rights.workspace_id) end
      = any (private.roles_from(minimum_role))
  );
end;
$$;
comment on function private.workspaces_of_agent(text, text) is
  'The agent''s workspace, if the agent may use this scope there now with at least this role; otherwise none. Never '
  'raises.';

create function private.delegation_of(credential uuid, person uuid, asked jsonb)
returns table (reason text, allowed jsonb, missing jsonb)
language sql
stable
rows 1
set search_path = ''
as $$
  select
    (select access.reason from private.access_of(person, held.agent_id) as access where not access.allowed),
    coalesce(jsonb_agg(scope) filter (where decision.allowed), '[]'),
    coalesce(jsonb_agg(scope) filter (where not decision.allowed), '[]')
  from public.agent_credentials as held
  left join jsonb_array_elements_text(coalesce(asked, to_jsonb(held.scopes))) as scope on scope = any (held.scopes)
  left join lateral private.actor_decision(person, held.agent_id, held.id, scope) as decision on scope is not null
  where held.id = credential and held.expires_at > now()
  group by held.agent_id;
$$;
comment on function private.delegation_of(uuid, uuid, jsonb) is
  'Which of the requested scopes (null: all of the credential''s) its agent may use for a person: the reason why the '
  'person may not use the agent (null: they may), the consented scopes, and the missing ones. No row: the credential '
  'has ended.';

grant execute on function
  private.agent_rights(text), private.person_behind_agent(text), private.workspaces_of_agent(text, text)
to authenticated, service_role;
