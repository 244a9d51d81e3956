-- Permission revisions: a number per person, raised in the transaction that may change their access, so that a cached
-- answer can be compared with a newer one.
--
-- Touches: private.permission_revisions, statement triggers on permissions, members, agents and workspaces (raise
--          them), private.read_agents (what the cache stores).
-- Beware:  changes of one workspace queue on its row until they commit. A bulk change raises its revisions in one
--          statement and makes one call to agents/invalidate, not thousands (statement triggers with transition
--          tables). Rows are locked in order of user_id, so two bulk changes queue and do not deadlock.

create table private.permission_revisions (
  user_id uuid primary key,
  revision bigint not null default 1,
  raised_at timestamptz not null default now()
);
comment on table private.permission_revisions is
  'A number that rises when a person''s access changes. No foreign key: the revision of a deleted person must still '
  'rise, to end their cached answers; the purge removes it later.';

create function private.raise_revisions(user_ids uuid[], agent_ids uuid[] default '{}')
returns void
language plpgsql
volatile
security definer -- called by triggers of people's writes
set search_path = ''
as $$
declare
  floors jsonb;
begin
  with raised as (
    insert into private.permission_revisions as known (user_id)
    select distinct person from unnest(user_ids) as person order by person
    on conflict (user_id) do update set revision = known.revision + 1, raised_at = now()
    returning known.user_id, known.revision
  )
  select jsonb_object_agg(raised.user_id, raised.revision) into floors from raised;
  if floors is not null or agent_ids <> '{}' then
    perform private.call_function(
      'invalidate-answers', 'agents/invalidate',
      jsonb_build_object('floors', coalesce(floors, '{}'), 'agents', to_jsonb(agent_ids))
    );
  end if;
end;
$$;
comment on function private.raise_revisions(uuid[], uuid[]) is
  'Raises the revision of each person and tells the cache, through the ledger, to drop older answers. agent_ids: '
  'agents whose endpoint or status changed. One call for any number of people.';

create function private.queue_changes_of(places uuid[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform from public.workspaces as workspace where workspace.id = any (places) order by workspace.id for no key update;
end;
$$;
comment on function private.queue_changes_of(uuid[]) is
  'Serializes changes of access within a workspace. Without it a concurrent grant and pause of the same agent would '
  'not see each other, and a list would change under a revision that was already announced. Upserts, which raise '
  'twice, would deadlock.';

create function private.raise_revisions_of_permissions()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  people uuid[];
begin
  if tg_op = 'INSERT' then
    perform private.queue_changes_of(array(select distinct n.workspace_id from new_rows as n));
    select array_agg(distinct n.user_id) into people from new_rows as n;
  elsif tg_op = 'DELETE' then
    perform private.queue_changes_of(array(select distinct o.workspace_id from old_rows as o));
    select array_agg(distinct o.user_id) into people from old_rows as o;
  else
    perform private.queue_changes_of(array(select distinct n.workspace_id from new_rows as n));
    select array_agg(distinct changed.user_id) into people
    from (
      (select n.user_id, n.agent_id, n.can_use, n.expires_at from new_rows as n
        except select o.user_id, o.agent_id, o.can_use, o.expires_at from old_rows as o)
      union all
      (select o.user_id, o.agent_id, o.can_use, o.expires_at from old_rows as o
        except select n.user_id, n.agent_id, n.can_use, n.expires_at from new_rows as n)
    ) as changed;
  end if;
  perform private.raise_revisions(people) where people is not null;
  return null;
end;
$$;
comment on function private.raise_revisions_of_permissions() is
  'Statement trigger on permissions. A change of only the reason raises nothing.';
create trigger raise_revisions_on_insert after insert on public.permissions
  referencing new table as new_rows for each statement execute function private.raise_revisions_of_permissions();
create trigger raise_revisions_on_update after update on public.permissions
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.raise_revisions_of_permissions();
create trigger raise_revisions_on_delete after delete on public.permissions
  referencing old table as old_rows for each statement execute function private.raise_revisions_of_permissions();

create function private.raise_revisions_of_members()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  people uuid[];
begin
  if tg_op = 'INSERT' then
    perform private.queue_changes_of(array(select distinct n.workspace_id from new_rows as n));
    select array_agg(distinct n.user_id) into people from new_rows as n;
  elsif tg_op = 'DELETE' then
    perform private.queue_changes_of(array(select distinct o.workspace_id from old_rows as o));
    select array_agg(distinct o.user_id) into people from old_rows as o;
  else
    perform private.queue_changes_of(array(select distinct n.workspace_id from new_rows as n));
    select array_agg(distinct changed.user_id) into people
    from (
      (select n.workspace_id, n.user_id, n.role from new_rows as n except select o.workspace_id, o.user_id, o.role
        from old_rows as o)
      union all
      (select o.workspace_id, o.user_id, o.role from old_rows as o except select n.workspace_id, n.user_id, n.role
        from new_rows as n)
    ) as changed;
  end if;
  perform private.raise_revisions(people) where people is not null;
  return null;
end;
$$;
comment on function private.raise_revisions_of_members() is
  'Statement trigger on members: joining, leaving and a changed role change a person''s access.';
create trigger raise_revisions_on_insert after insert on public.members
  referencing new table as new_rows for each statement execute function private.raise_revisions_of_members();
create trigger raise_revisions_on_update after update on public.members
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.raise_revisions_of_members();
create trigger raise_revisions_on_delete after delete on public.members
  referencing old table as old_rows for each statement execute function private.raise_revisions_of_members();

create function private.raise_revisions_of_agents()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  changed uuid[];
  places uuid[];
  people uuid[];
begin
  if tg_op = 'INSERT' then
    select array_agg(n.id), array_agg(n.workspace_id) into changed, places from new_rows as n;
  elsif tg_op = 'DELETE' then
    select array_agg(o.id), array_agg(o.workspace_id) into changed, places from old_rows as o;
  else
    select array_agg(n.id), array_agg(n.workspace_id) || array_agg(o.workspace_id) into changed, places
    from new_rows as n join old_rows as o on o.id = n.id
    where (o.slug, o.name, o.description, o.endpoint_url, o.status, o.workspace_id)
      is distinct from (n.slug, n.name, n.description, n.endpoint_url, n.status, n.workspace_id);
  end if;
  if changed is null then
    return null;
  end if;
  perform private.queue_changes_of(places);
  -- People whose cached answers may contain the agent: the admins (of its old and new workspace) and people with a
  -- permission. A deleted agent's permissions raise revisions through their own trigger.
  select array_agg(holder.user_id) into people
  from (
    select member.user_id from public.members as member
    where member.workspace_id = any (places) and member.role in ('owner', 'admin')
    union
    select permission.user_id from public.permissions as permission
    where permission.workspace_id = any (places) and permission.agent_id = any (changed)
  ) as holder;
  perform private.raise_revisions(coalesce(people, '{}'), changed);
  return null;
end;
$$;
comment on function private.raise_revisions_of_agents() is
  'Statement trigger on agents: a changed name, endpoint or status changes the cached answers that contain the agent.';
create trigger raise_revisions_on_insert after insert on public.agents
  referencing new table as new_rows for each statement execute function private.raise_revisions_of_agents();
create trigger raise_revisions_on_update after update on public.agents
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.raise_revisions_of_agents();
create trigger raise_revisions_on_delete after delete on public.agents
  referencing old table as old_rows for each statement execute function private.raise_revisions_of_agents();

create function private.raise_revisions_of_workspaces()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
  people uuid[];
begin
  select array_agg(distinct member.user_id) into people
  from new_rows as n join old_rows as o on o.id = n.id join public.members as member on member.workspace_id = n.id
  where (o.deleted_at is null and o.left_at is null) <> (n.deleted_at is null and n.left_at is null);
  perform private.raise_revisions(people) where people is not null;
  return null;
end;
$$;
comment on function private.raise_revisions_of_workspaces() is
  'Statement trigger on workspaces: deleting, restoring, leaving for another cell. The triggers of '
  'members and agents cover purging.';
create trigger raise_revisions_on_update after update on public.workspaces
  referencing old table as old_rows new table as new_rows for each statement
  execute function private.raise_revisions_of_workspaces();

create function private.read_agents(for_user uuid)
returns table (revision bigint, agents jsonb, changes_at timestamptz)
language sql
stable
rows 1
set search_path = ''
as $$
  -- One statement, one snapshot: the revision belongs to the list beside it.
  select
    coalesce((select known.revision from private.permission_revisions as known where known.user_id = for_user), 0),
    coalesce(jsonb_agg(
      jsonb_build_object(
        'id', agent.id, 'workspace_id', agent.workspace_id, 'slug', agent.slug, 'name', agent.name, 'description',
        agent.description,
        'status', agent.status, 'endpoint_url', agent.endpoint_url, 'reason', decision.reason, 'until',
        decision.changes_at
      ) order by agent.name, agent.id
    ) filter (where decision.allowed), '[]'),
    min(decision.changes_at)
  from private.access_decisions(for_user) as decision
  join public.agents as agent on agent.id = decision.agent_id;
$$;
comment on function private.read_agents(uuid) is
  'The cache entry of a person: their revision (0 when nothing was ever granted), the agents that they may use, and '
  'the next time at which a row expires (null: never).';
