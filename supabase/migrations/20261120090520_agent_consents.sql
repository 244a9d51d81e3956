-- Consents: what a person, or an admin for a workspace, allows an agent to do in their name.
--
-- Touches: public.agent_consents: its rows, policies and grants.
-- Beware:  a consent alone grants nothing. An agent may do what its credential, the consent, the person's rights and
--          the agent's status all allow (next chapter). Leaving the workspace or removing the row ends a consent at
--          once.

create table public.agent_consents (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  agent_id uuid not null,
  user_id uuid default private.current_user_id(),
  scopes text[] not null,
  granted_by uuid references public.profiles (user_id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (agent_id, user_id),
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint person_is_a_member foreign key (workspace_id, user_id)
    references public.members (workspace_id, user_id) on delete cascade,
  constraint scopes_are_few check (coalesce(array_ndims(scopes), 1) = 1 and cardinality(scopes) between 1 and 50)
);
comment on table public.agent_consents is
  'What a person allows an agent to do in their name: one row per person and agent. A row without a person applies to '
  'everyone in the workspace.';
alter table public.agent_consents enable row level security;
comment on column public.agent_consents.user_id is
  'The person who consents; null: an admin, for everyone in the workspace.';
comment on column public.agent_consents.granted_by is 'The last writer; null: the service.';
create index agent_consents_agent on public.agent_consents (workspace_id, agent_id);
create index agent_consents_person on public.agent_consents (workspace_id, user_id);
create index agent_consents_user_id on public.agent_consents (user_id);
create index agent_consents_granted_by on public.agent_consents (granted_by);
create trigger touch_updated_at before update on public.agent_consents
  for each row execute function private.touch_updated_at();
create trigger check_scopes before insert or update of scopes on public.agent_consents
  for each row execute function private.check_scopes();
create trigger stamp_granted_by before insert or update of scopes on public.agent_consents
  for each row execute function private.stamp_granted_by();

grant select, delete on public.agent_consents to authenticated, service_role;
-- update covers the key columns too, because an upsert sets every given column; the check is the same as for a new row.
grant insert (workspace_id, agent_id, user_id, scopes), update (workspace_id, agent_id, user_id, scopes)
  on public.agent_consents to authenticated, service_role;
-- granted_by is not granted: a trigger sets it.

create policy "People read their consents, admins the workspace's" on public.agent_consents
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    or (user_id is null and workspace_id = any ((select private.workspace_ids())::uuid[]))
    or workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
comment on policy "People read their consents, admins the workspace's" on public.agent_consents is
  'Every member sees the consents that apply to all.';
create policy "People consent to agents that they may use, admins for all" on public.agent_consents
  for insert to authenticated
  with check (
    (user_id = (select private.current_user_id()) and agent_id = any ((select private.usable_agent_ids())::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  );
comment on policy "People consent to agents that they may use, admins for all" on public.agent_consents is
  'A person cannot consent for another person.';
create policy "People change their consents, admins those for all" on public.agent_consents
  for update to authenticated
  using (
    (user_id = (select private.current_user_id()) and agent_id = any ((select private.usable_agent_ids())::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  )
  with check (
    (user_id = (select private.current_user_id()) and agent_id = any ((select private.usable_agent_ids())::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  );
comment on policy "People change their consents, admins those for all" on public.agent_consents is
  'The changed consent must pass the same check as a new one.';
create policy "People withdraw their consents, admins those for all" on public.agent_consents
  for delete to authenticated
  using (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
comment on policy "People withdraw their consents, admins those for all" on public.agent_consents is
  'Includes agents that the person may no longer use. An admin may revoke a person''s consent, but never give it.';
