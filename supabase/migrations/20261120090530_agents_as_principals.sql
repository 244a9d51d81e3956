-- Agents as principals: what an agent may do with its token, as itself or for a person.
--
-- Touches: private.agent_rights, person_behind_agent, workspaces_of_agent, delegation_of.
-- Beware:  whatever a policy or a function does not open by naming a scope is closed to agents: private.current_user_id() is null and
--          private.workspace_ids() is empty with their tokens (docs/decisions/0030-agents-are-closed-out-by-default.md). The token says who
--          asks for what; whether they may is looked up for each statement, so that what is taken back is gone at once.
--
--          A token's claims: sub (the person, or the agent as itself), client_id (the agent), scope ("memory:read knowledge:read"),
--          credential_id, and, for a person, act: {sub: agent, credential_id, act?: who acted before it}.

create function private.agent_rights(for_scope text)
returns table (agent_id uuid, workspace_id uuid, user_id uuid)
language plpgsql
stable
parallel safe
security definer -- reads credentials, consents and permissions past RLS
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  claims jsonb := private.jwt_claims();
  person uuid := private.person_of_token();
  actor jsonb := coalesce(claims -> 'act', jsonb_build_object('sub', claims -> 'client_id', 'credential_id', claims -> 'credential_id'));
  home uuid;
  place uuid;
begin
  -- A token for another audience is not for the database; `aud` is a text or a list of texts.
  if for_scope is null or not coalesce(for_scope = any (string_to_array(claims ->> 'scope', ' ')), false)
    or not coalesce(claims -> 'aud' ? 'authenticated', false)
    or actor ->> 'sub' is distinct from claims ->> 'client_id' or (claims ? 'act' and person is null)
  then
    return;
  end if;
  -- Each of the chain must be allowed it, today.
  for depth in 1..4 loop
    if not pg_catalog.pg_input_is_valid(actor ->> 'sub', 'uuid') or not pg_catalog.pg_input_is_valid(actor ->> 'credential_id', 'uuid') then
      return;
    end if;
    place := (
      select agent.workspace_id
      from public.agent_credentials as credential
      join public.agents as agent on agent.id = credential.agent_id
      join public.workspaces as workspace on workspace.id = agent.workspace_id and workspace.deleted_at is null
      where credential.id = (actor ->> 'credential_id')::uuid and credential.agent_id = (actor ->> 'sub')::uuid
        and credential.expires_at > now() and for_scope = any (credential.scopes)
        and (person is not null or agent.status = 'published')
    );
    if place is null or place <> coalesce(home, place) or (
      person is not null and not private.is_allowed_for(person, (actor ->> 'sub')::uuid, for_scope)
    ) then
      return;
    end if;
    home := place;
    actor := actor -> 'act';
    exit when actor is null;
  end loop;
  if actor is null then
    return query select (claims ->> 'client_id')::uuid, home, person;
  end if;
end;
$$;
comment on function private.agent_rights(text) is
  'For the request''s token: the agent, its workspace and the person it acts for (null: as itself), if all of them allow this scope now; '
  'otherwise no row. A chain has at most four agents, of one workspace. Never raises.';

create function private.is_allowed_for(for_user uuid, for_agent uuid, for_scope text)
returns boolean
language sql
stable
parallel safe
set search_path = ''
as $$
  select exists (select from private.access_decisions(for_user, for_agent) as decision where decision.allowed)
    and exists (
      select from public.agent_consents as consent
      where consent.agent_id = for_agent and (consent.user_id = for_user or consent.user_id is null) and for_scope = any (consent.scopes)
    );
$$;
comment on function private.is_allowed_for(uuid, uuid, text) is
  'Whether a person may use an agent, and allowed it this scope by themselves or by their workspace.';

create function private.person_behind_agent(for_scope text)
returns uuid
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
  return (select rights.user_id from private.agent_rights(for_scope) as rights);
end;
$$;
comment on function private.person_behind_agent(text) is 'The person for whom an agent may use this scope now, else null. Never raises.';

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
    -- As itself an agent is what a member is; for a person it is what they are.
    where case when rights.user_id is null then 'member' else private.member_role(rights.user_id, rights.workspace_id) end
      = any (private.roles_from(minimum_role))
  );
end;
$$;
comment on function private.workspaces_of_agent(text, text) is 'The agent''s workspace, where it may use this scope now with at least this role, else none. Never raises.';

create function private.delegation_of(credential uuid, person uuid, asked jsonb)
returns table (reason text, allowed jsonb, missing jsonb)
language sql
stable
rows 1
set search_path = ''
as $$
  select
    (select access.reason from private.access_of(person, held.agent_id) as access where not access.allowed),
    coalesce(jsonb_agg(scope) filter (where private.is_allowed_for(person, held.agent_id, scope)), '[]'),
    coalesce(jsonb_agg(scope) filter (where not private.is_allowed_for(person, held.agent_id, scope)), '[]')
  from public.agent_credentials as held
  left join jsonb_array_elements_text(coalesce(asked, to_jsonb(held.scopes))) as scope on scope = any (held.scopes)
  where held.id = credential and held.expires_at > now()
  group by held.agent_id;
$$;
comment on function private.delegation_of(uuid, uuid, jsonb) is
  'What a credential''s agent may do for a person, of what is asked (null: of all that the credential has): why the person may not use '
  'the agent (null: they may), what is consented to, and what is missing. No row: the credential has ended.';

grant execute on function
  private.agent_rights(text), private.person_behind_agent(text), private.workspaces_of_agent(text, text)
to authenticated, service_role;
