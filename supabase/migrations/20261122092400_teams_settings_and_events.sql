-- Teams of agents, settings of applications, and analytics events.
--
-- Touches: public.ai_teams, public.ai_team_members: teams, and the agents in them.
--          public.app_settings: settings of a workspace or a person.
--          public.analytics_events: events, partitioned by month.
-- Beware:  Analytics are not evidence: users write them about themselves, and erasing a person empties theirs. For
--          evidence use the audit log.

create table public.ai_teams (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null,
  config jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, id),
  unique (workspace_id, name),
  constraint name_is_short check (length(name) between 1 and 200),
  constraint config_is_an_object check (jsonb_typeof(config) = 'object' and length(config::text) <= 65536)
);
comment on table public.ai_teams is 'Teams of agents that work together. The client defines the configuration.';
create trigger touch_updated_at before update on public.ai_teams
  for each row execute function private.touch_updated_at();

alter table public.ai_teams enable row level security;
grant select, delete on public.ai_teams to authenticated;
grant insert (workspace_id, name, config), update (name, config) on public.ai_teams to authenticated;
grant select, insert, update, delete on public.ai_teams to service_role;

create policy "Members read the workspace's teams" on public.ai_teams
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's teams" on public.ai_teams is 'Guests are lent single agents.';
create policy "Admins make teams" on public.ai_teams
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins make teams" on public.ai_teams is 'As for agents.';
create policy "Admins change teams" on public.ai_teams
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change teams" on public.ai_teams is 'As for agents. The workspace has no column grant.';
create policy "Admins remove teams" on public.ai_teams
  for delete to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins remove teams" on public.ai_teams is 'The agents stay.';

-- ai_team_members -----------------------------------------------------------------------------------------------------
create table public.ai_team_members (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  team_id uuid not null,
  agent_id uuid not null,
  role text not null default 'member',
  position integer not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint team_is_of_the_workspace foreign key (workspace_id, team_id)
    references public.ai_teams (workspace_id, id) on delete cascade,
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint an_agent_has_a_role_once unique (team_id, agent_id, role),
  -- Checked at the end of a statement, so that one statement can swap two places.
  constraint a_position_is_taken_once unique (team_id, position) deferrable initially immediate,
  constraint role_is_a_word check (role ~ '^[a-z][a-z0-9_-]*$' and length(role) <= 60),
  constraint position_is_small check (position between 0 and 999)
);
comment on table public.ai_team_members is
  'The position and role of each agent in a team. Deleting an agent removes it from its teams.';
create index ai_team_members_workspace_id_team_id on public.ai_team_members (workspace_id, team_id);
create index ai_team_members_workspace_id_agent_id on public.ai_team_members (workspace_id, agent_id);
create trigger touch_updated_at before update on public.ai_team_members
  for each row execute function private.touch_updated_at();

alter table public.ai_team_members enable row level security;
grant select, delete on public.ai_team_members to authenticated;
grant insert (workspace_id, team_id, agent_id, role, position), update (role, position) on public.ai_team_members
  to authenticated;
grant select, insert, update, delete on public.ai_team_members to service_role;

create policy "Members read who is in the workspace's teams" on public.ai_team_members
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read who is in the workspace's teams" on public.ai_team_members is
  'An id of an agent that they may not use tells them nothing more: agents have their own policy.';
create policy "Admins put agents into teams" on public.ai_team_members
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins put agents into teams" on public.ai_team_members is
  'Foreign keys ensure that team and agent belong to the same workspace.';
create policy "Admins change places in teams" on public.ai_team_members
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change places in teams" on public.ai_team_members is
  'Role and position. For another agent, insert another row.';
create policy "Admins take agents out of teams" on public.ai_team_members
  for delete to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins take agents out of teams" on public.ai_team_members is 'The agent stays.';

-- app_settings --------------------------------------------------------------------------------------------------------
create table public.app_settings (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid references public.workspaces (id) on delete cascade,
  user_id uuid references public.profiles (user_id) on delete cascade,
  key text not null,
  value jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint belongs_to_a_workspace_or_a_person check (num_nonnulls(workspace_id, user_id) = 1),
  constraint one_value_per_key unique nulls not distinct (workspace_id, user_id, key),
  constraint key_is_a_dotted_word check (key ~ '^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$' and length(key) <= 200),
  constraint value_is_not_long check (length(value::text) <= 65536)
);
comment on table public.app_settings is
  'Settings of an application: for a workspace, or for a person in all workspaces.';
create index app_settings_user_id on public.app_settings (user_id);
create trigger touch_updated_at before update on public.app_settings
  for each row execute function private.touch_updated_at();

alter table public.app_settings enable row level security;
grant select, delete on public.app_settings to authenticated;
grant insert (workspace_id, user_id, key, value), update (value) on public.app_settings to authenticated;
grant select, insert, update, delete on public.app_settings to service_role;

create policy "People read their settings, members the workspace's" on public.app_settings
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('member'))::uuid[])
  );
comment on policy "People read their settings, members the workspace's" on public.app_settings is
  'Settings are no place for secrets: those are in the vault.';
create policy "People make their settings, admins the workspace's" on public.app_settings
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
comment on policy "People make their settings, admins the workspace's" on public.app_settings is
  'A check keeps a row from being both.';
create policy "People change their settings, admins the workspace's" on public.app_settings
  for update to authenticated
  using (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  )
  with check (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
comment on policy "People change their settings, admins the workspace's" on public.app_settings is
  'The value; key and owner have no column grant.';
create policy "People remove their settings, admins the workspace's" on public.app_settings
  for delete to authenticated
  using (
    user_id = (select private.current_user_id())
    or workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
comment on policy "People remove their settings, admins the workspace's" on public.app_settings is
  'Back to what the application does by itself.';

-- analytics_events ----------------------------------------------------------------------------------------------------
create table public.analytics_events (
  id bigint generated always as identity,
  workspace_id uuid not null,
  user_id uuid default private.current_user_id(),
  name text not null,
  properties jsonb not null default '{}',
  occurred_at timestamptz not null default now(),
  occurred_on date not null default (now() at time zone 'utc')::date,
  primary key (id, occurred_on),
  constraint name_is_a_dotted_name check (name ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$' and length(name) <= 100),
  constraint properties_are_an_object_of_16_kib check (jsonb_typeof(properties) = 'object'
    and pg_column_size(properties) <= 16384)
) partition by range (occurred_on);
comment on table public.analytics_events is
  'Events in an application, as it reports them. Append-only; kept for 14 months.';
comment on column public.analytics_events.user_id is
  'The user; null when the service reports the event, or when the person was erased.';
comment on column public.analytics_events.name is 'subject.verb in lowercase, e.g. report.opened.';
comment on column public.analytics_events.occurred_on is 'The UTC day of occurred_at; the partition key.';
-- Rows are stored in order of arrival: a BRIN index finds a day, and costs writers next to nothing.
create index analytics_events_occurred_at on public.analytics_events
  using brin (occurred_at) with (pages_per_range = 32);
create index analytics_events_by_day on public.analytics_events (workspace_id, occurred_on, name);
-- Whom an event is of is found without reading everybody's.
create index analytics_events_user on public.analytics_events (user_id) where user_id is not null;
create trigger refuse_removal before delete on public.analytics_events for each row
  execute function private.refuse_change();
-- The only allowed change: erasing the person, with the event's properties.
create function private.forget_person_of_event()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
begin
  new.properties := '{}';
  return new;
end;
$$;
comment on function private.forget_person_of_event() is
  'Trigger on analytics_events, before the one that refuses changes: an event that loses its person loses its '
  'properties.';
create trigger forget_person before update on public.analytics_events for each row
  when (old.user_id is not null and new.user_id is null) execute function private.forget_person_of_event();
create trigger refuse_change before update on public.analytics_events for each row
  when (
    new.user_id is not null or new.properties <> '{}'
    or (new.id, new.workspace_id, new.name, new.occurred_at, new.occurred_on) is distinct from (old.id,
      old.workspace_id, old.name, old.occurred_at, old.occurred_on)
  )
  execute function private.refuse_change();
create trigger refuse_truncate before truncate on public.analytics_events for each statement
  execute function private.refuse_change();

alter table public.analytics_events enable row level security;
grant select on public.analytics_events to authenticated;
grant insert (workspace_id, user_id, name, properties) on public.analytics_events to authenticated;
grant select, insert on public.analytics_events to service_role;
-- Times have no column grant, so that no event can be backdated. update and delete are granted to no role.

create policy "Admins read the workspace's events" on public.analytics_events
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the workspace's events" on public.analytics_events is 'They tell what colleagues did.';
create policy "People record their events" on public.analytics_events
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[])
  );
comment on policy "People record their events" on public.analytics_events is 'Guests too. No user reports for another.';

insert into private.partitioned_logs (table_name, keep_months) values ('analytics_events', 14);
select private.maintain_partitions();

insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  -- A person's own settings belong to no workspace: only erasing the whole account deletes them.
  ('public.app_settings', 'user_id', 'delete', true, 'workspace_id'),
  ('public.analytics_events', 'user_id', 'null', true, 'workspace_id');
