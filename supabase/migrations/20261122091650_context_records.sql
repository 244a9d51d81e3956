-- Records of prompts: what each prompt contained, kept as long as the conversation.
--
-- Touches: public.context_records: what each prompt contained.
--          public.context_profiles, private.context_profile: its set of profile memories, stored once.
--          A trigger on messages: a message's short form is written once.
-- Beware:  A record copies no messages, and nothing that can be derived. Branches and memories never change, so the
--          leaf, a few counts and the memories' ids are enough to rebuild the prompt. Memories that were forgotten
--          since are missing from it, and marked.

create trigger keep_short_form before update of content_for_llm on public.messages
  for each row when (old.content_for_llm is not null and new.content_for_llm is distinct from old.content_for_llm
    and new.taken_back_at is null)
  execute function private.refuse_change('A message''s short form is written once.',
    'Prompts of the past are made of it.');

create table public.context_profiles (
  id bigint generated always as identity primary key,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references public.profiles (user_id) on delete cascade,
  memory_ids uuid[] not null,
  created_at timestamptz not null default now(),
  unique (workspace_id, user_id, memory_ids),
  unique (workspace_id, user_id, id),
  constraint memories_are_1_to_100 check (cardinality(memory_ids) between 1 and 100)
);
comment on table public.context_profiles is
  'Sets of profile memories used in prompts. Each set is stored once, because it changes seldom and each turn''s '
  'record refers to it.';
comment on column public.context_profiles.memory_ids is 'The memories of kind profile, in their order.';
create index context_profiles_user_id on public.context_profiles (user_id);
alter table public.context_profiles enable row level security;
grant select on public.context_profiles to authenticated, service_role;
-- Only assemble_context writes here.
create policy "People read their context profiles" on public.context_profiles
  for select to authenticated
  using (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People read their context profiles" on public.context_profiles is
  'It names memories, which only their person may read.';

create table public.context_records (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  message_id uuid not null references public.messages (id) on delete cascade,
  short_forms bigint not null,
  profile_id bigint,
  created_at timestamptz not null default now(),
  token_count integer not null,
  budget integer not null,
  message_count smallint not null,
  memory_ids uuid[] not null,
  left_out jsonb not null default '[]',
  constraint profile_is_the_persons foreign key (user_id, workspace_id, profile_id)
    references public.context_profiles (user_id, workspace_id, id) on delete cascade,
  constraint tokens_are_within_the_budget check (token_count between 0 and budget),
  constraint messages_are_one_to_fifty check (message_count between 1 and 50),
  constraint memories_are_at_most_10 check (cardinality(memory_ids) <= 10),
  constraint left_out_is_a_short_list check (jsonb_typeof(left_out) = 'array' and length(left_out::text) <= 16384)
);
comment on table public.context_records is
  'What each prompt contained, and what was left out and why. replay_context rebuilds the prompt.';
comment on column public.context_records.message_id is 'The leaf: the newest message of the prompt.';
comment on column public.context_records.message_count is 'The number of messages in the prompt, from the leaf up.';
comment on column public.context_records.short_forms is
  'A bitmap of the messages in short form: bit 0 is the leaf, bit 1 the message before it.';
comment on column public.context_records.profile_id is 'The memories at the start; null: none.';
comment on column public.context_records.left_out is
  'The memories that were left out, and why. Messages left out follow from message_count; replay_context returns both.';
comment on column public.context_records.memory_ids is 'The memories at the end, in their order.';
-- For the foreign key, and for queries over all prompts of a person.
-- The person first: the same index serves the key and finds what is theirs.
create index context_records_profile on public.context_records (user_id, workspace_id, profile_id);
create index context_records_message on public.context_records (message_id);
create trigger message_is_of_the_conversation after insert or update of message_id, conversation_id,
  workspace_id on public.context_records
  for each row execute function private.keep_message_of_conversation();
alter table public.context_records enable row level security;
grant select on public.context_records to authenticated, service_role;
-- Only assemble_context writes here.
create policy "People read their context records" on public.context_records
  for select to authenticated
  using (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People read their context records" on public.context_records is
  'It names the person''s memories, which readers of a shared conversation may not see.';

create function private.context_profile(talk public.conversations, ids uuid[])
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  known bigint;
begin
  if ids = '{}' then
    return null;
  end if;
  loop
    select p.id into known from public.context_profiles as p
    where p.workspace_id = talk.workspace_id and p.user_id = talk.user_id and p.memory_ids = ids;
    exit when found;
    insert into public.context_profiles (workspace_id, user_id, memory_ids)
    values (talk.workspace_id, talk.user_id, ids)
    on conflict do nothing
    returning id into known;
    exit when found; -- else a concurrent turn was faster
  end loop;
  return known;
end;
$$;
comment on function private.context_profile(public.conversations, uuid[]) is
  'The id of a set of profile memories, for a record. Stores a new set. Null for an empty one.';
