-- Agent memory: what an agent reads when a session starts and writes when it ends, with every version.
--
-- Touches: public.agent_memory, public.agent_memory_history (templates for businesses), the triggers that keep
--          versions.
-- Beware:  a version is never reused. A key that was forgotten and is added again continues its count from the history,
--          so "unchanged since version 3" is reliable. The triggers are generic: they find the history table beside
--          their own table, by its prefix.

create table public.agent_memory (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  agent_id uuid,
  memory_type text not null,
  key text not null constraint key_has_1_to_200_characters check (length(key) between 1 and 200),
  value jsonb not null,
  confidence numeric not null default 0.8,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint one_memory_of_a_key unique nulls not distinct (workspace_id, agent_id, memory_type, key),
  constraint workspace_exists foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint memory_type_is_known check (memory_type in ('identity', 'episodic', 'strategy', 'policy', 'state')),
  constraint value_is_something_of_64_kib check (jsonb_typeof(value) <> 'null' and length(value::text) <= 65536),
  constraint confidence_is_between_0_and_1 check (confidence between 0 and 1),
  constraint version_counts_from_1 check (version >= 1)
);
comment on table public.agent_memory is
  'What agents remember between sessions. A session calls load_agent_memory at its start and save_agent_memory at its '
  'end.';
comment on column public.agent_memory.agent_id is 'The agent; null: shared by all agents of the workspace.';
comment on column public.agent_memory.memory_type is
  'identity: who the agent is · episodic: what happened · strategy: what works · policy: rules that it must follow · '
  'state: where the last session stopped.';
comment on column public.agent_memory.confidence is 'How certain the agent is, 0 to 1.';
comment on column public.agent_memory.version is 'A trigger increments it at each change of value or confidence.';

create table public.agent_memory_history (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  agent_id uuid,
  memory_type text not null,
  key text not null constraint key_has_1_to_200_characters check (length(key) between 1 and 200),
  value jsonb,
  confidence numeric,
  version integer not null,
  changed_at timestamptz not null default now(),
  changed_by uuid,
  constraint workspace_exists foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint changed_by_somebody foreign key (changed_by) references public.profiles (user_id) on delete set null,
  constraint memory_type_is_known check (memory_type in ('identity', 'episodic', 'strategy', 'policy', 'state')),
  constraint value_is_short check (length(value::text) <= 65536),
  constraint forgotten_has_neither_value_nor_confidence check ((value is null) = (confidence is null))
);
comment on table public.agent_memory_history is
  'Every version of every memory. Kept for a year; the newest 20 of a key are kept as long as its workspace and agent.';
comment on column public.agent_memory_history.value is 'Null: the memory was forgotten in this version.';
comment on column public.agent_memory_history.changed_by is 'The person; null: the service, which agents use to write.';
create index agent_memory_history_of_a_key on public.agent_memory_history (workspace_id, agent_id, memory_type, key,
  version);
create index agent_memory_history_changed_by on public.agent_memory_history (changed_by);
create index agent_memory_history_changed_at on public.agent_memory_history (changed_at);

alter table public.agent_memory enable row level security;
create policy "Members read the workspace's agent memory" on public.agent_memory
  for select to authenticated
  using (
    workspace_id = any ((select private.workspace_ids('member', 'memory:read'))::uuid[])
    and ((select private.agent_of_token()) is null or agent_id is null or agent_id = (select private.agent_of_token()))
  );
comment on policy "Members read the workspace's agent memory" on public.agent_memory is
  'Members may see the memory that their agents use; guests may not. An agent reads its own memory and the shared one.';
alter table public.agent_memory_history enable row level security;
create policy "Members read the history of agent memory" on public.agent_memory_history
  for select to authenticated
  using (
    workspace_id = any ((select private.workspace_ids('member', 'memory:read'))::uuid[])
    and ((select private.agent_of_token()) is null or agent_id is null or agent_id = (select private.agent_of_token()))
  );
comment on policy "Members read the history of agent memory" on public.agent_memory_history is
  'Like the memory itself.';
grant select on public.agent_memory, public.agent_memory_history to authenticated;
-- insert, update and delete are not granted to people: agents write memory, with the secret key.
grant select, insert, update, delete on public.agent_memory to service_role;
-- No role has insert or update on the history: its trigger writes it.
grant select, delete on public.agent_memory_history to service_role;

create function private.count_agent_memory_version()
returns trigger
language plpgsql
volatile
security definer -- reads the history for every writer
set search_path = ''
as $$
begin
  if tg_op = 'UPDATE' and (new.workspace_id, new.agent_id, new.memory_type,
    new.key) is not distinct from (old.workspace_id, old.agent_id, old.memory_type, old.key) then
    new.version := old.version + ((new.value, new.confidence) is distinct from (old.value, old.confidence))::integer;
  else
    execute format(
      'select coalesce(max(version), 0) + 1 from %I.%I where workspace_id = $1 and %s and memory_type = $3 and key = '
        '$4',
      tg_table_schema, private.business_prefix(tg_table_name, 'agent_memory') || 'agent_memory_history',
      -- Not "is not distinct from", which would not use the index.
      case when new.agent_id is null then 'agent_id is null' else 'agent_id = $2' end
    ) into new.version using new.workspace_id, new.agent_id, new.memory_type, new.key;
  end if;
  return new;
end;
$$;
comment on function private.count_agent_memory_version() is
  'Trigger of agent memory: sets the version, whatever the writer sent. A key that is added again continues its old '
  'count.';
create trigger count_version before insert or update on public.agent_memory
  for each row execute function private.count_agent_memory_version();
create trigger touch_updated_at before update on public.agent_memory
  for each row execute function private.touch_updated_at();

create function private.keep_agent_memory_history()
returns trigger
language plpgsql
volatile
security definer -- no other role writes the history
set search_path = ''
as $$
declare
  history text := format('%I.%I', tg_table_schema,
    private.business_prefix(tg_table_name, 'agent_memory') || 'agent_memory_history');
begin
  if tg_op = 'DELETE' then
    -- Not when the workspace or the agent is deleted: then the history is deleted too.
    execute format(
      'insert into %s (workspace_id, agent_id, memory_type, key, version, changed_by) select $1, $2, $3, $4, $5, $6
       where exists (select from public.workspaces as w where w.id = $1) and ($2 is null or exists (select from '
         'public.agents as a where a.id = $2))', history
    ) using old.workspace_id, old.agent_id, old.memory_type, old.key, old.version + 1, private.current_user_id();
  elsif tg_op = 'INSERT' or new.version <> old.version or new.key <> old.key or new.memory_type <> old.memory_type
    or (new.workspace_id, new.agent_id) is distinct from (old.workspace_id, old.agent_id) then
    execute format(
      'insert into %s (workspace_id, agent_id, memory_type, key, value, confidence, version, changed_by) values ($1, '
        '$2, $3, $4, $5, $6, $7, $8)', history
    ) using new.workspace_id, new.agent_id, new.memory_type, new.key, new.value, new.confidence, new.version,
      private.current_user_id();
  end if;
  return null;
end;
$$;
comment on function private.keep_agent_memory_history() is
  'Trigger of agent memory: writes each version, and each forgotten memory, into the history beside it.';
create trigger keep_history after insert or update or delete on public.agent_memory
  for each row execute function private.keep_agent_memory_history();
