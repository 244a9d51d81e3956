-- Access: the one place that decides who may use an agent, and the policies that depend on it.
--
-- Touches: private.access_by_person (the decision), usable_agent_ids, the policies and grants of agents and
--          permissions, my_agents, agent_settings.
-- Beware:  the policies, explain_access and the functions' lookups share private.access_by_person, so they cannot
--          disagree.

-- A view, so that it is planned as part of the caller's query, once in a session. A SQL function with its own search
-- path is planned by each statement that calls it.
create view private.access_by_person as
  select
    member.user_id, agent.id as agent_id, agent.workspace_id,
    decision.reason in ('granted', 'administers_workspace') as allowed, decision.reason,
    case
      when decision.reason = 'agent_not_published' then
        jsonb_build_object('table', 'agents', 'id', agent.id, 'status', agent.status)
      when decision.reason in ('denied', 'granted', 'expired') then
        jsonb_build_object(
          'table', 'permissions', 'user_id', permission.user_id, 'agent_id', permission.agent_id,
          'can_use', permission.can_use, 'expires_at', permission.expires_at, 'granted_by', permission.granted_by,
          'reason', permission.reason
        )
      else jsonb_build_object(
        'table', 'members', 'user_id', member.user_id, 'workspace_id', member.workspace_id, 'role', member.role
      )
    end as decided_by,
    case when permission.expires_at > now() then permission.expires_at end as changes_at
  from public.members as member
  join public.workspaces as workspace on workspace.id = member.workspace_id and workspace.deleted_at is null
    and workspace.left_at is null
  join public.agents as agent on agent.workspace_id = member.workspace_id
  left join public.permissions as permission on permission.user_id = member.user_id and permission.agent_id = agent.id
  cross join lateral (
    select case
      when agent.status in ('paused', 'archived') then 'agent_not_published'
      when agent.status = 'draft' and member.role not in ('owner', 'admin') then 'agent_not_published'
      when not permission.can_use and (permission.expires_at is null or permission.expires_at > now()) then 'denied'
      when permission.can_use and (permission.expires_at is null or permission.expires_at > now()) then 'granted'
      when member.role in ('owner', 'admin') then 'administers_workspace'
      when permission.can_use then 'expired'
      else 'not_granted'
    end as reason
  ) as decision;
comment on view private.access_by_person is
  'For each person and each agent of their workspaces: whether they may use it, the reason, the row that decided, and '
  'when that row expires (null: never). The only place where this is decided.';

create function private.access_decisions(for_user uuid, for_agent uuid default null)
returns table (
  agent_id uuid, workspace_id uuid, allowed boolean, reason text, decided_by jsonb, changes_at timestamptz
)
language sql
stable
parallel safe
rows 20
set search_path = ''
as $$
  select decision.agent_id, decision.workspace_id, decision.allowed, decision.reason, decision.decided_by,
    decision.changes_at
  from private.access_by_person as decision
  where decision.user_id = for_user and (for_agent is null or decision.agent_id = for_agent);
$$;
comment on function private.access_decisions(uuid, uuid) is
  'private.access_by_person for one person, optionally for one agent.';

create function private.access_of(for_user uuid, for_agent uuid)
returns table (allowed boolean, reason text, workspace_id uuid, decided_by jsonb)
language sql
stable
rows 1
set search_path = ''
as $$
  select
    coalesce(decision.allowed, false),
    coalesce(decision.reason, case when agent.id is null then 'unknown_agent' else 'not_a_member' end),
    agent.workspace_id,
    decision.decided_by
  from (select for_agent as id) as asked
  left join public.agents as agent on agent.id = asked.id
  left join private.access_decisions(for_user, for_agent) as decision on decision.agent_id = agent.id;
$$;
comment on function private.access_of(uuid, uuid) is
  'Whether a person may use an agent, with the reason. Always one row. reason: granted, administers_workspace, denied, '
  'expired, not_granted, not_a_member, agent_not_published, unknown_agent.';

create function private.usable_agent_ids()
returns uuid[]
language plpgsql
stable
parallel safe
security definer -- reads past RLS: the policy on agents uses it
set search_path = ''
as $$
declare
  person uuid := private.current_user_id();
begin
  return array(
    select decision.agent_id from private.access_by_person as decision
    where decision.user_id = person and decision.allowed
  );
end;
$$;
comment on function private.usable_agent_ids() is
  'The agents that the caller may use now. Empty without a session; never raises.';
grant execute on function private.usable_agent_ids() to authenticated, service_role;

-- agents --------------------------------------------------------------------------------------------------------------
grant select on public.agents to service_role;
grant select (id, workspace_id, slug, name, description, status, created_at, updated_at) on public.agents
  to authenticated;
-- endpoint_url and settings are not granted to people: a user of an agent needs only its name. Admins call
-- agent_settings.
grant insert (workspace_id, slug, name, description, endpoint_url, status, settings) on public.agents to authenticated;
grant update (slug, name, description, endpoint_url, status, settings) on public.agents to authenticated;
grant insert, update, delete on public.agents to service_role;
-- delete is not granted to people, because an archived agent keeps the meaning of what the audit log says about it.

create policy "People read the agents that they may use, admins all" on public.agents
  for select to authenticated
  using (
    workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
    or id = any ((select private.usable_agent_ids())::uuid[])
  );
comment on policy "People read the agents that they may use, admins all" on public.agents is
  'A person does not see agents that they may not use: names of agents reveal much about a company.';
create policy "Admins make agents" on public.agents
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins make agents" on public.agents is 'In their own workspaces.';
create policy "Admins change agents" on public.agents
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change agents" on public.agents is
  'An agent stays in its workspace: workspace_id has no update grant.';

-- permissions ---------------------------------------------------------------------------------------------------------
grant select, delete on public.permissions to authenticated;
grant insert (user_id, agent_id, workspace_id, can_use, reason, expires_at) on public.permissions to authenticated;
grant update (can_use, reason, expires_at) on public.permissions to authenticated;
grant select, insert, update, delete on public.permissions to service_role;
-- granted_by is not granted: a trigger sets it.

create policy "People read their permissions, admins the workspace's" on public.permissions
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
comment on policy "People read their permissions, admins the workspace's" on public.permissions is
  'A person who is refused may see the reason.';
create policy "Admins grant" on public.permissions
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins grant" on public.permissions is
  'Composite foreign keys keep person and agent in that workspace.';
create policy "Admins change grants" on public.permissions
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change grants" on public.permissions is 'Includes revoking: can_use = false.';
create policy "Admins remove grants" on public.permissions
  for delete to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins remove grants" on public.permissions is
  'Removing a row returns the person to the default of their role.';

-- What clients call ---------------------------------------------------------------------------------------------------

create function public.my_agents()
returns table (
  id uuid, workspace_id uuid, slug text, name text, description text, status text, created_at timestamptz,
  updated_at timestamptz, total bigint
)
language sql
stable
security invoker
set search_path = ''
as $$
  select agent.id, agent.workspace_id, agent.slug, agent.name, agent.description, agent.status, agent.created_at,
    agent.updated_at, count(*) over ()
  from public.agents as agent
  where agent.id = any ((select private.usable_agent_ids())::uuid[])
  order by agent.name, agent.id;
$$;
comment on function public.my_agents() is
  'The agents that the caller may use now, by name. Supports filters and ranges like a table. total: how many there '
  'are before filters; the Data API returns 1,000 rows at once. Empty without a session.';

create function private.agent_settings(agent_id uuid)
returns table (endpoint_url text, settings jsonb)
language plpgsql
stable
security definer -- no person has a grant on the columns
rows 1
set search_path = ''
as $$
begin
  return query
    select agent.endpoint_url, agent.settings from public.agents as agent
    where agent.id = agent_settings.agent_id
      and (private.is_service() or agent.workspace_id = any (private.workspace_ids('admin')));
  if not found then
    perform private.raise_error('not_found', 'No such agent in a workspace that you administer.', 404);
  end if;
end;
$$;
comment on function private.agent_settings(uuid) is
  'The body of public.agent_settings. It runs with more rights than its caller has.';

create function public.agent_settings(agent_id uuid)
returns table (endpoint_url text, settings jsonb)
language sql
stable
security invoker
rows 1
set search_path = ''
as $$
  select * from private.agent_settings($1);
$$;
comment on function public.agent_settings(uuid) is
  'The endpoint and settings of an agent, which its ordinary users do not see. Admins and the service. Errors: '
  'not_found 404.';

grant execute on function
  public.my_agents(), private.agent_settings(uuid), public.agent_settings(uuid)
to authenticated, service_role;
