-- Remembered delegations: what an agent may do for a person, decided once, so that a statement with the agent's token
-- reads three rows by their keys instead of deciding again.
--
-- Touches: private.delegations, remember_delegation (called where a token is issued), delegation_of_token (read by
--          workspace_ids and person_behind_agent, the helpers of policies), a trigger on agent_consents.
-- Beware:  a row counts only while the person's revision is the one at which it was decided. So whatever the decision
--          depends on must raise that revision in its own transaction: members, permissions, agents, workspaces and
--          consents do. Credentials do not: they are read each time. A row only ever allows; without one, or with one
--          that does not allow, private.scope_decision decides.

create table private.delegations (
  agent_id uuid not null,
  user_id uuid not null,
  workspace_id uuid not null,
  role text not null,
  scopes text[] not null,
  revision bigint not null,
  valid_until timestamptz not null,
  primary key (agent_id, user_id),
  constraint role_is_known check (role in ('owner', 'admin', 'member', 'guest')),
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint person_is_a_member foreign key (user_id, workspace_id)
    references public.members (user_id, workspace_id) on delete cascade
);
comment on table private.delegations is
  'What an agent may do for a person, as last decided: the person''s role in the agent''s workspace, and the consented '
  'scopes. Valid for the person''s revision (private.permission_revisions), for an hour at most. Rows can be deleted '
  'at any time: then each statement decides.';
create index delegations_agent on private.delegations (workspace_id, agent_id);
create index delegations_person on private.delegations (user_id, workspace_id);
create index delegations_valid_until on private.delegations (valid_until);

create function private.remember_delegation(agent uuid, person uuid)
returns void
language sql
volatile
set search_path = ''
as $$
  -- One statement, one snapshot: the revision belongs to the decision beside it.
  insert into private.delegations as known (agent_id, user_id, workspace_id, role, scopes, revision, valid_until)
  select agent, person, access.workspace_id, member.role, consented.scopes, current.revision,
    least(access.changes_at, now() + interval '1 hour')
  from private.access_by_person as access
  join public.members as member on member.workspace_id = access.workspace_id and member.user_id = person
  join private.permission_revisions as current on current.user_id = person
  cross join lateral (
    select array_agg(distinct scope) as scopes
    from public.agent_consents as given cross join unnest(given.scopes) as scope
    where given.agent_id = agent and (given.user_id = person or given.user_id is null)
      and private.opens_for(scope, 'delegate')
  ) as consented
  where access.agent_id = agent and access.user_id = person and access.allowed and consented.scopes is not null
    -- An agent that requests a token each second must not write a row each second.
    and not exists (
      select from private.delegations as written
      where written.agent_id = agent and written.user_id = person and written.revision = current.revision
        and written.valid_until > now() + interval '15 minutes' and written.scopes @> consented.scopes
    )
  on conflict (agent_id, user_id) do update set workspace_id = excluded.workspace_id, role = excluded.role,
    scopes = excluded.scopes, revision = excluded.revision, valid_until = excluded.valid_until;
$$;
comment on function private.remember_delegation(uuid, uuid) is
  'Decides what an agent may do for a person and remembers it, if it is anything. Call it when a token is issued: it '
  'writes nothing while the remembered row is valid.';

create function private.delegation_of_token(
  for_scope text, out agent_id uuid, out workspace_id uuid, out user_id uuid, out role text
)
language plpgsql
stable
parallel safe
security definer -- reads delegations and credentials past RLS
set search_path = ''
as $$
#variable_conflict use_column
declare
  claims text := pg_catalog.current_setting('request.jwt.claims', true);
  token jsonb;
  actor jsonb;
begin
  if not coalesce(pg_catalog.pg_input_is_valid(claims, 'jsonb'), false) then
    return;
  end if;
  token := claims::jsonb;
  actor := token -> 'act';
  -- Only what a token of POST /agents/token claims, and no agent before this one.
  if actor is null or actor ? 'act' or actor ->> 'sub' is distinct from token ->> 'client_id'
    or not coalesce(token -> 'aud' ? 'authenticated', false)
    or not coalesce(for_scope = any (string_to_array(token ->> 'scope', ' ')), false)
    or not coalesce(pg_catalog.pg_input_is_valid(token ->> 'sub', 'uuid'), false)
    or not coalesce(pg_catalog.pg_input_is_valid(actor ->> 'sub', 'uuid'), false)
    or not coalesce(pg_catalog.pg_input_is_valid(actor ->> 'credential_id', 'uuid'), false)
  then
    return;
  end if;
  select delegation.agent_id, delegation.workspace_id, delegation.user_id, delegation.role
  into agent_id, workspace_id, user_id, role
  from private.delegations as delegation
  join private.permission_revisions as current
    on current.user_id = delegation.user_id and current.revision = delegation.revision
  join public.agent_credentials as held
    on held.id = (actor ->> 'credential_id')::uuid and held.agent_id = delegation.agent_id
  where delegation.agent_id = (actor ->> 'sub')::uuid and delegation.user_id = (token ->> 'sub')::uuid
    and for_scope = any (delegation.scopes) and delegation.valid_until > now()
    and for_scope = any (held.scopes) and held.expires_at > now();
end;
$$;
comment on function private.delegation_of_token(text) is
  'The remembered delegation of the request''s token, if it allows this scope now; otherwise nulls, and '
  'private.scope_decision decides. Never raises.';
grant execute on function private.delegation_of_token(text) to authenticated, service_role;

create function private.raise_revisions_of_consents()
returns trigger
language plpgsql
volatile
security definer -- called by triggers of people's writes
set search_path = ''
as $$
declare
  changed public.agent_consents[];
  people uuid[];
begin
  if tg_op = 'DELETE' then
    changed := array(select o from old_rows as o);
  else
    changed := array(select o from old_rows as o join new_rows as n on n.id = o.id
      where (o.workspace_id, o.agent_id) <> (n.workspace_id, n.agent_id) or o.user_id is distinct from n.user_id
        or not n.scopes @> o.scopes);
  end if;
  perform private.queue_changes_of(array(select distinct c.workspace_id from unnest(changed) as c));
  select array_agg(distinct member.user_id) into people
  from unnest(changed) as c
  join public.members as member
    on member.workspace_id = c.workspace_id and member.user_id = coalesce(c.user_id, member.user_id);
  perform private.raise_revisions(people) where people is not null;
  return null;
end;
$$;
comment on function private.raise_revisions_of_consents() is
  'Statement trigger on agent_consents: a narrowed or withdrawn consent ends the remembered delegations of its person, '
  'or of all members. A new consent, or one with more scopes, only allows more, which needs no revision.';
create trigger raise_revisions_on_update after update on public.agent_consents
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.raise_revisions_of_consents();
create trigger raise_revisions_on_delete after delete on public.agent_consents
  referencing old table as old_rows for each statement execute function private.raise_revisions_of_consents();
