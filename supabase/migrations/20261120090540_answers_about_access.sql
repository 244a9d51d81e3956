-- Answers about access: whether a person, an agent, or a person through an agent may do something, if the caller may
-- know it.
--
-- Touches: private.decide_access (the answer), access_answer (only what the caller may know), explain_access.
-- Beware:  makes no decision of its own: access_of decides who may use an agent, scope_decision what a scope allows,
--          scopes() what it opens. Anything the caller may not know has one reason, not_found, whether it exists or
--          not.
--
--          A question: {"subject": {"type": "user" | "agent", "id"}, "act": {"sub": agent, "act"?} (who acts for the
--          person), "action", "resource": {"type": "agent" | "workspace" | "table" | "function" | "route", "id",
--          "workspace_id"?}}.

create function private.uuid_or_null(value text)
returns uuid
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case when pg_catalog.pg_input_is_valid(value, 'uuid') then value::uuid end;
$$;
comment on function private.uuid_or_null(text) is 'The text as a uuid; null if it is not one.';

create function private.scopes_that_open(resource jsonb, action text)
returns text[]
language sql
immutable
parallel safe
set search_path = ''
as $$
  select case resource ->> 'type'
    when 'workspace' then array(
      select action
      where action ~ '^work:[a-z][a-z0-9_]{0,50}$'
        or action in (select name from private.scopes() where name <> 'work:*')
    )
    else array(
      select case when scope.name = 'work:*' then 'work:' || split_part(resource ->> 'id', '/', 3) else scope.name end
      from private.scopes() as scope
      where exists (
        select from unnest(scope.opens) as opened
        where split_part(opened, ' ', 1) = action
          and case resource ->> 'type'
            when 'table' then action in ('select', 'insert', 'update', 'delete')
              and split_part(opened, ' ', 2) = resource ->> 'id'
            when 'function' then action = 'rpc' and split_part(opened, ' ', 2) = resource ->> 'id'
            -- A route is named by its path, either the called one or its pattern.
            when 'route' then split_part(opened, ' ', 2) like '/%'
              and resource ->> 'id'
                ~ ('^' || replace(regexp_replace(split_part(opened, ' ', 2), ':[a-z]+', '[^/]+', 'g'), '*', '.+') ||
                  '$')
            else false
          end
      )
    )
  end;
$$;
comment on function private.scopes_that_open(jsonb, text) is
  'The scopes that an action needs, all of them. On a workspace it is the action itself; on a table, a function or a '
  'route, the scopes that name it in private.scopes(). Empty: no scope allows it.';

create function private.decide_access(question jsonb, by_token boolean)
returns table (allowed boolean, reason text, workspace_id uuid, decided_by jsonb)
language plpgsql
stable
rows 1
set search_path = ''
as $$
declare
  subject constant text := question #>> '{subject,type}';
  person constant uuid := case when subject = 'user' then private.uuid_or_null(question #>> '{subject,id}') end;
  actor constant jsonb := case subject
    when 'agent' then coalesce(question -> 'actor', jsonb_build_object('sub', question #> '{subject,id}'))
    else question -> 'act' end;
  resource constant jsonb := question -> 'resource';
  action constant text := question ->> 'action';
  place constant uuid := private.uuid_or_null(
    case resource ->> 'type' when 'workspace' then resource ->> 'id' else resource ->> 'workspace_id' end
  );
  needed text[];
  decision record;
begin
  if subject is distinct from 'agent' and person is null or subject = 'agent' and question ? 'act' then
    return query select false, 'unknown_subject', null::uuid, null::jsonb;
  elsif resource ->> 'type' = 'agent' then
    return query
      select access.allowed, access.reason, access.workspace_id, access.decided_by
      from private.access_of(person, private.uuid_or_null(resource ->> 'id')) as access
      where action = 'use' and actor is null
      union all select false, 'not_for_this_actor', null::uuid, null::jsonb where action = 'use' and actor is not null
      union all select false, 'unknown_action', null::uuid, null::jsonb where action is distinct from 'use';
  else
    needed := private.scopes_that_open(resource, action);
    if cardinality(needed) = 0 then
      return query select false, 'unknown_action', null::uuid, null::jsonb;
    elsif place is null and (actor is null or resource ->> 'type' = 'workspace') then
      return query select false, 'workspace_required', null::uuid, null::jsonb;
    elsif actor is null then
      return query
        select role is not null and open,
          case
            when role is null then 'not_a_member' when open then 'belongs_to_workspace' else 'not_for_this_actor'
          end,
          place, jsonb_build_object('table', 'members', 'user_id', person, 'workspace_id', place, 'role', role)
        from private.member_role(person, place) as role,
          (select bool_and(private.opens_for(scope, 'person')) as open from unnest(needed) as scope) as opened;
    else
      select one.* into decision
      from unnest(needed) as scope cross join lateral private.scope_decision(person, actor, scope, by_token) as one
      order by one.allowed limit 1;
      if place <> decision.workspace_id then
        return query select false, 'other_workspace', null::uuid, null::jsonb;
      else
        return query select decision.allowed, decision.reason, decision.workspace_id, decision.decided_by;
      end if;
    end if;
  end if;
end;
$$;
comment on function private.decide_access(jsonb, boolean) is
  'The answer to a question (see the head of this chapter), without checking the caller. Always one row. workspace_id: '
  'the workspace that the question is about; null: none. by_token: the actor comes from a token, whose credentials '
  'count. reason: those of access_of and scope_decision, belongs_to_workspace, not_for_this_actor, unknown_subject, '
  'unknown_action (no scope opens it), workspace_required, other_workspace. Never raises.';

create function private.access_answer(question jsonb)
returns table (allowed boolean, reason text, decided_by jsonb)
language plpgsql
stable
security definer -- admins ask about others, agents about themselves; it checks what the caller may know
rows 1
set search_path = ''
as $$
declare
  agent constant uuid := private.agent_of_token();
  caller constant uuid := case when agent is null then private.current_user_id() end;
  actor jsonb;
  answer record;
begin
  if agent is not null and not private.is_service() then
    -- Only about itself: as itself, or for the person of its token, through every agent in the token's chain.
    actor := private.actor_of_token();
    if actor ->> 'sub' is distinct from agent::text or not coalesce(case question #>> '{subject,type}'
      when 'agent' then lower(question #>> '{subject,id}') = agent::text and not question ? 'act'
      when 'user' then lower(question #>> '{subject,id}') = private.person_of_token()::text
        and coalesce(lower(question #>> '{act,sub}'), agent::text) = agent::text
    end, false) then
      return query select false, 'not_found', null::jsonb;
      return;
    end if;
    question := question || case question #>> '{subject,type}'
      when 'agent' then jsonb_build_object('actor', actor - 'act') else jsonb_build_object('act', actor) end;
  else
    question := question - 'actor';
  end if;
  select * into answer from private.decide_access(question, actor is not null);
  if answer.workspace_id is null
    and answer.reason in ('unknown_subject', 'unknown_action', 'workspace_required', 'not_for_this_actor')
  then
    return query select false, answer.reason, null::jsonb;
  elsif private.is_service() then
    return query select answer.allowed, answer.reason, answer.decided_by;
  elsif actor is not null and answer.workspace_id is not null then
    if answer.allowed and not (
      select bool_and(private.token_has_scope(scope))
      from unnest(private.scopes_that_open(question -> 'resource', question ->> 'action')) as scope
    ) then
      return query select false, 'insufficient_scope', null::jsonb;
    else
      return query select answer.allowed, answer.reason, jsonb_build_object('table', answer.decided_by -> 'table');
    end if;
  elsif private.administers(caller, answer.workspace_id) or (
    private.belongs_to(caller, answer.workspace_id)
    and question #>> '{subject,type}' = 'user' and lower(question #>> '{subject,id}') = caller::text
  ) then
    return query select answer.allowed, answer.reason, answer.decided_by;
  else
    return query select false, 'not_found', null::jsonb;
  end if;
end;
$$;
comment on function private.access_answer(jsonb) is
  'The answer to a question (see the head of this chapter), if the caller may know it. The service may know all; '
  'admins, about people and agents of their workspaces; a person, about themselves; an agent, about itself and its '
  'person. An agent''s answer is narrowed to its token (insufficient_scope) and names only the table of the row that '
  'decided. All other questions get not_found, whether the subject exists or not. Always one row. Never raises.';

create function private.explain_access(agent_id uuid, user_id uuid, scope text, as_itself boolean)
returns table (allowed boolean, reason text, decided_by jsonb)
language plpgsql
stable
security definer -- reads the agent's workspace; access_answer checks what the caller may know
set search_path = ''
as $$
declare
  person constant uuid := coalesce(explain_access.user_id, private.current_user_id(), private.person_of_token());
  home uuid;
  answer record;
begin
  if explain_access.scope is null and private.agent_of_token() = explain_access.agent_id
    and person = private.person_of_token() and not private.is_service()
  then
    -- An agent learns whether its person may use it when it requests a token, too.
    return query
      select access.allowed, access.reason, jsonb_build_object('table', access.decided_by -> 'table')
      from private.access_of(person, explain_access.agent_id) as access;
    return;
  end if;
  select agent.workspace_id into home from public.agents as agent where agent.id = explain_access.agent_id;
  select * into answer from private.access_answer(case
    when explain_access.scope is null then jsonb_build_object(
      'subject',
      jsonb_build_object('type', 'user', 'id', coalesce(person, '00000000-0000-0000-0000-000000000000')),
      'action', 'use', 'resource', jsonb_build_object('type', 'agent', 'id', explain_access.agent_id))
    else jsonb_build_object(
      'action', explain_access.scope, 'resource', jsonb_build_object('type', 'workspace', 'id', home)
    ) || case
      when explain_access.as_itself or person is null then
        jsonb_build_object('subject', jsonb_build_object('type', 'agent', 'id', explain_access.agent_id))
      else jsonb_build_object(
        'subject', jsonb_build_object('type', 'user', 'id', person),
        'act', jsonb_build_object('sub', explain_access.agent_id))
    end
  end);
  if answer.reason = 'unknown_action' then
    perform private.raise_error(
      'invalid_scope', 'scope: there is none of this name.', 422, 'rpc/scopes tells which there are.'
    );
  elsif answer.reason in ('not_found', 'workspace_required') then
    perform private.raise_error('not_found', 'No such agent in a workspace of yours, or not yours to ask about.', 404);
  end if;
  return query select answer.allowed, answer.reason, answer.decided_by;
end;
$$;
comment on function private.explain_access(uuid, uuid, text, boolean) is
  'The body of public.explain_access. It runs with more rights than its caller has.';

grant execute on function private.access_answer(jsonb), private.explain_access(uuid, uuid, text, boolean)
to authenticated, service_role;
