-- Agent memory: what an agent reads when a session starts and writes back when it ends, and every version that there
-- was.
--
-- Touches: public.agent_memory, public.agent_memory_history (templates of a business's own), the triggers that keep
--          versions.
-- Beware:  a version is never used twice, also when a key is forgotten and comes back: it goes on counting from the
--          history. So "unchanged since version 3" means what it says. The triggers are generic: they find the history
--          beside the table that they are on, by its prefix.

create table public.agent_memory (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  agent_id uuid,
  memory_type text not null,
  key private.short_text not null,
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
  'What agents remember between sessions: load_agent_memory reads it at a session''s start, save_agent_memory writes '
  'it at its end.';
comment on column public.agent_memory.agent_id is 'Whose memory it is; null: shared by all agents of the workspace.';
comment on column public.agent_memory.memory_type is
  'identity: who it is · episodic: what happened · strategy: what works · policy: what it must and must not · state: '
  'where the last session left off.';
comment on column public.agent_memory.confidence is 'How sure the agent is of it, 0 to 1.';
comment on column public.agent_memory.version is 'Counted by a trigger, at each change of value or confidence.';

create table public.agent_memory_history (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  agent_id uuid,
  memory_type text not null,
  key private.short_text not null,
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
  'Every version of every memory. Kept for a year, and the newest 20 of a key for as long as its workspace and agent.';
comment on column public.agent_memory_history.value is 'Null: this version is that it was forgotten.';
comment on column public.agent_memory_history.changed_by is 'The person; null: the service, which is how agents write.';
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
  'Whoever works with an agent may see what it goes by. Guests come for an agent, not for its notes. An agent reads '
  'its own, and what is for all.';
alter table public.agent_memory_history enable row level security;
create policy "Members read the history of agent memory" on public.agent_memory_history
  for select to authenticated
  using (
    workspace_id = any ((select private.workspace_ids('member', 'memory:read'))::uuid[])
    and ((select private.agent_of_token()) is null or agent_id is null or agent_id = (select private.agent_of_token()))
  );
comment on policy "Members read the history of agent memory" on public.agent_memory_history is 'As the memory itself.';
grant select on public.agent_memory, public.agent_memory_history to authenticated;
-- insert, update and delete are not granted to people, because what an agent believes is written by agents, with the
-- secret key.
grant select, insert, update, delete on public.agent_memory to service_role;
-- insert and update of the history are granted to nobody, because its trigger writes it.
grant select, delete on public.agent_memory_history to service_role;

create function private.count_agent_memory_version()
returns trigger
language plpgsql
volatile
security definer -- reads the history whoever writes
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
  'Trigger of agent memory: the version, whatever the writer says; a key that comes back goes on counting.';
create trigger count_version before insert or update on public.agent_memory
  for each row execute function private.count_agent_memory_version();
create trigger touch_updated_at before update on public.agent_memory
  for each row execute function private.touch_updated_at();

create function private.keep_agent_memory_history()
returns trigger
language plpgsql
volatile
security definer -- nobody else writes the history
set search_path = ''
as $$
declare
  history text := format('%I.%I', tg_table_schema,
    private.business_prefix(tg_table_name, 'agent_memory') || 'agent_memory_history');
begin
  if tg_op = 'DELETE' then
    -- Not when it goes because its workspace or its agent goes: then the history goes too.
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
  'Trigger of agent memory: writes each version into the history beside it, and that one was forgotten.';
create trigger keep_history after insert or update or delete on public.agent_memory
  for each row execute function private.keep_agent_memory_history();
