-- Messages: what was said. A tree: an edit is a sibling, and nothing that was said is changed or destroyed.
--
-- Touches: public.messages, conversation_path, a check on conversations.active_message_id.
-- Beware:  read along a path, from a leaf to the root, with conversation_path: it costs what the page costs, however
--          long the conversation is. The policy looks the conversation up for each row that is read, by its key: right
--          for pages of one conversation, wrong for reading all messages that one may see; ask by conversation_id.
--          Written by add_message alone (next chapter). What refers to a message does so by its id alone, and a trigger
--          sees to it that both are of one conversation: keys that repeat conversation and workspace are a tenth of all
--          that a turn keeps (decision 17).

create domain private.message_parts as jsonb
  constraint parts_are_objects_with_a_type check (
    jsonb_typeof(value) = 'array'
    and jsonb_array_length(value) between 1 and 1000
    -- Counted, because a path that asks for what is wrong stays silent where it meets what it does not expect.
    and jsonb_array_length(jsonb_path_query_array(value,
      'strict $[*] ? (@.type() == "object" && @."type" like_regex "^.{1,100}$")'))
      = jsonb_array_length(value)
  )
  constraint parts_are_at_most_a_mebibyte check (pg_column_size(value) <= 1048576);
comment on domain private.message_parts is
  'The parts of a UIMessage of the AI SDK: 1 to 1,000 objects, each with a `type`; together at most 1 MiB.';
create domain private.attachment_list as jsonb
  constraint attachments_are_at_most_50_objects check (
    jsonb_typeof(value) = 'array' and jsonb_array_length(value) <= 50
    and jsonb_array_length(jsonb_path_query_array(value,
      'strict $[*] ? (@.type() == "object")')) = jsonb_array_length(value)
  )
  constraint attachments_are_at_most_64_kib check (pg_column_size(value) <= 65536);
comment on domain private.attachment_list is
  'What is attached: at most 50 objects, together at most 64 KiB. The bytes are in the storage bucket `attachments`.';

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  parent_id uuid,
  role text not null,
  parts private.message_parts not null,
  attachments private.attachment_list not null default '[]',
  metadata private.small_object not null default '{}',
  content_for_llm text,
  token_count integer not null,
  preprocessing_log_id bigint,
  system_message_id uuid,
  created_at timestamptz not null default now(),
  client_id text,
  taken_back_at timestamptz,
  constraint client_id_is_short check (length(client_id) between 1 and 200),
  constraint conversation_is_its_owners foreign key (conversation_id, workspace_id, user_id)
    references public.conversations (id, workspace_id, user_id) on delete cascade,
  -- Not on delete cascade: one after the other down a long conversation, it would exhaust the stack.
  constraint parent_is_a_message foreign key (parent_id) references public.messages (id),
  constraint parent_is_another_message check (parent_id <> id),
  constraint role_is_known check (role in ('system', 'user', 'assistant', 'tool')),
  constraint content_for_llm_is_bounded check (length(content_for_llm) <= 200000),
  constraint token_count_is_not_negative check (token_count >= 0)
);
comment on table public.messages is
  'What was said, as a tree within a conversation: parent_id is what it follows. An edit or another answer is a '
  'sibling.';
alter table public.messages enable row level security;
comment on column public.messages.user_id is
  'Whose conversation it is, also on what the assistant said. Only they speak in it.';
comment on column public.messages.parent_id is 'Null: the first message, or another version of it.';
comment on column public.messages.parts is
  'As the AI SDK''s UIMessage has them: [{"type": "text", "text": "…"}, …]. What was said is not changed: an answer '
  'on its way goes forward (message_states keeps what it was), and what its person takes back is gone.';
comment on column public.messages.client_id is
  'The id under which its client sent it, where that is not the row''s: a name within its conversation '
  '(private.message_key).';
comment on column public.messages.taken_back_at is 'When its person took its words back; its place stays.';
comment on column public.messages.metadata is 'The UIMessage''s metadata.';
comment on column public.messages.content_for_llm is
  'A shorter form for prompts, once the message is no longer among the newest. Null: the parts themselves.';
comment on column public.messages.preprocessing_log_id is 'Of an answer: the concierge''s log that it was made under.';
comment on column public.messages.token_count is
  'Tokens of the message as a prompt has it whole; counted where they are not given, and never less than that, '
  'whatever was claimed.';
comment on column public.messages.system_message_id is
  'The nearest message of the system above it on its branch: kept by a trigger, so that what instructs is found '
  'however long the talk.';
create index messages_parent_id on public.messages (parent_id);
-- Equal for all of a conversation, so it is a few bytes for each. A message is looked for by its id alone, and its
-- conversation compared
-- afterwards: while statistics are young the planner takes this index for as good as the primary key, and reads the
-- whole conversation.
create index messages_conversation_id on public.messages (conversation_id, workspace_id, user_id);

grant select on public.messages to authenticated, service_role;
grant insert, delete on public.messages to service_role;
grant update (content_for_llm, token_count, preprocessing_log_id) on public.messages to service_role;
-- insert is not granted to people, because the leaf that is shown moves along: add_message. update of what was said is
-- granted to nobody, the service included; delete is the erasure's.

create policy "Who reads a conversation reads its messages" on public.messages
  for select to authenticated
  -- A scalar sub-select and not `exists`, which may be planned as a hash of all conversations that one may see.
  using ((select conversation.id from public.conversations as conversation
    where conversation.id = messages.conversation_id) is not null);
comment on policy "Who reads a conversation reads its messages" on public.messages is
  'The policy of conversations decides: sharing and deleting hold for all messages at once, without writing any of '
  'them.';

-- Whose id is whose ---------------------------------------------------------------------------------------------------

create function private.message_key(conversation_id uuid, given text)
returns uuid
language plpgsql
stable
security definer -- whose the row is, is asked past RLS, and told to nobody
set search_path = ''
as $$
begin
  if given is null then
    return null;
  elsif length(given) not between 1 and 200 then
    perform private.raise_error('invalid_body', 'message_id: must have 1 to 200 characters', 400);
  elsif given ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
    -- A row's own id means that row within its conversation. Elsewhere it is a name like any other: nobody takes ids
    -- ahead of others, and none tells that it is taken.
    if conversation_id is null
      or exists (select from public.messages as m
        where m.id = given::uuid and m.conversation_id = message_key.conversation_id)
      or exists (select from public.streams as s
        where s.message_id = given::uuid and s.conversation_id = message_key.conversation_id)
    then
      return given::uuid;
    end if;
    given := lower(given);
  end if;
  return encode(substr(sha256(convert_to(conversation_id || ' ' || given, 'UTF8')), 1, 16), 'hex')::uuid;
end;
$$;
comment on function private.message_key(uuid, text) is
  'The row''s id of a message that its client calls by any string: the id of a row of the conversation is that row, '
  'any other name is one within the conversation. Without a conversation (null) a UUID is itself. Errors: invalid_body '
  '400 on a name that is empty or longer than 200 characters.';
create function private.name_of_client(given text, key uuid)
returns text
language sql
immutable
set search_path = ''
as $$
  select nullif(given, key::text);
$$;
comment on function private.name_of_client(text, uuid) is
  'What is kept of the id that a client sent: null where it is the row''s own.';

-- Where a message stands ----------------------------------------------------------------------------------------------

create function private.count_message()
returns trigger
language plpgsql
volatile
security definer -- whoever writes, the parent is looked for past RLS
set search_path = ''
as $$
begin
  -- A claim only ever adds (a picture has few bytes): no prompt outgrows its budget by what a row says of itself.
  new.token_count := greatest(new.token_count, private.count_tokens(new.parts));
  new.system_message_id := (
    select case when parent.role = 'system' then parent.id else parent.system_message_id end
    from public.messages as parent where parent.id = new.parent_id);
  return new;
end;
$$;
comment on function private.count_message() is
  'Trigger of new messages: counts their tokens and finds what instructs them.';
create trigger count_message before insert on public.messages
  for each row execute function private.count_message();

create function private.recount_message()
returns trigger
language plpgsql
volatile
security definer -- whoever writes, counting is granted to nobody
set search_path = ''
as $$
begin
  new.token_count := greatest(new.token_count, private.count_tokens(new.parts));
  return new;
end;
$$;
comment on function private.recount_message() is
  'Trigger on messages: a count that is changed is at least what the parts come to.';
create trigger recount_message before update of token_count on public.messages
  for each row when (new.token_count >= 0) execute function private.recount_message();

create function private.keep_parent_of_conversation()
returns trigger
language plpgsql
volatile
security definer -- whoever writes, the message is looked for past RLS
set search_path = ''
as $$
begin
  if (select parent.conversation_id from public.messages as parent
    where parent.id = new.parent_id) is distinct from new.conversation_id then
    raise foreign_key_violation
    using message = 'A message follows one of its own conversation.', constraint = tg_name, table = tg_table_name;
  end if;
  return null;
end;
$$;
comment on function private.keep_parent_of_conversation() is
  'Trigger on messages: what a message follows is of its conversation (23503), and with it of its workspace.';
create trigger parent_is_of_the_conversation after insert on public.messages
  for each row when (new.parent_id is not null) execute function private.keep_parent_of_conversation();

create function private.keep_message_of_conversation()
returns trigger
language plpgsql
volatile
security definer -- whoever writes, the message is looked for past RLS
set search_path = ''
as $$
begin
  if (select row(message.conversation_id, message.workspace_id) from public.messages as message
    where message.id = new.message_id)
    is distinct from row(new.conversation_id, new.workspace_id)
  then
    raise foreign_key_violation
    using message = 'No such message in this conversation.', constraint = tg_name, table = tg_table_name;
  end if;
  return null;
end;
$$;
comment on function private.keep_message_of_conversation() is
  'Trigger on what hangs on a message: its conversation and workspace are the message''s (23503). After the row is '
  'written, so that row security has spoken before: whoever may not read the conversation learns nothing of it.';

-- What a message is, follows and belongs to is never changed, by the owner of the table neither: so looking once, when
-- something refers to it, is enough.
create trigger keep_place before update of id, workspace_id, conversation_id, user_id, parent_id,
  system_message_id on public.messages
  for each row execute function private.refuse_change('A message stays where it was said.');

-- The leaf that is shown ----------------------------------------------------------------------------------------------

create function private.keep_active_message()
returns trigger
language plpgsql
volatile
security definer -- whoever writes, the message is looked for past RLS
set search_path = ''
as $$
begin
  if (select message.conversation_id from public.messages as message
    where message.id = new.active_message_id) is distinct from new.id then
    perform private.raise_error('not_found', 'No such message in this conversation.', 404);
  end if;
  return new;
end;
$$;
comment on function private.keep_active_message() is
  'Trigger on conversations: the message shown is one of the conversation (not_found 404). Not a foreign key, which '
  'would want an index on a column that each turn changes.';
create trigger keep_active_message before insert or update of active_message_id on public.conversations
  for each row when (new.active_message_id is not null) execute function private.keep_active_message();

-- Reading -------------------------------------------------------------------------------------------------------------

create function public.conversation_path(message_id uuid, page_size integer default 50, before uuid default null)
returns setof public.messages
language plpgsql -- a function in SQL is planned anew by each statement, which costs as much as reading a page
stable
security invoker -- row security decides what is read
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 50
as $$
begin
  return query
  with recursive walk as (
    select 1 as place, message.*
    from public.messages as message
    where message.id = case when $3 is null then $1
      else (select said.parent_id from public.messages as said where said.id = $3) end
    union all
    select walk.place + 1, message.*
    from walk
    join public.messages as message on message.id = walk.parent_id
    where walk.place < least(greatest($2, 1), 1000)
  )
  select walk.id, walk.workspace_id, walk.conversation_id, walk.user_id, walk.parent_id, walk.role, walk.parts,
    walk.attachments,
    walk.metadata, walk.content_for_llm, walk.token_count, walk.preprocessing_log_id, walk.system_message_id,
    walk.created_at, walk.client_id, walk.taken_back_at
  from walk
  order by walk.place;
end;
$$;
comment on function public.conversation_path(uuid, integer, uuid) is
  'One branch, newest first: the message and what it follows, up to the root or page_size (1–1,000, 50 when left '
  'out). The next page: before = the oldest message of this one. Empty for what the caller may not read.';
grant execute on function public.conversation_path(uuid, integer, uuid) to authenticated, service_role;
