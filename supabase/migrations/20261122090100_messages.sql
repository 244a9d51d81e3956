-- Messages: the tree of messages in a conversation. An edit is a sibling, and no message is changed or destroyed.
--
-- Touches: public.messages: the message tree. Its triggers count tokens and check parent and conversation.
--          conversation_path: reads one branch, page by page.
--          A check on conversations.active_message_id: the active message belongs to the conversation.
-- Beware:  Read a conversation with conversation_path, from a leaf to the root. Its cost depends on the page, not on
--          the length of the conversation. The policy looks up the conversation by its key for each row. This suits
--          pages of one conversation; it is slow for reading all messages that a user may see, so filter by
--          conversation_id. Only add_message (next chapter) writes messages. Other tables refer to a message by its id
--          alone, and a trigger checks that both belong to one conversation. Foreign keys that repeat conversation and
--          workspace would be a tenth of all that a turn stores (decision 17).

create domain private.message_parts as jsonb
  constraint parts_are_objects_with_a_type check (coalesce(
    jsonb_typeof(value) = 'array'
    and jsonb_array_length(value) between 1 and 1000
    -- Count the valid parts: a path that filters for invalid ones yields nothing on an unexpected type.
    and jsonb_array_length(jsonb_path_query_array(value,
      'strict $[*] ? (@.type() == "object" && @."type" like_regex "^.{1,100}$")'))
      = jsonb_array_length(value), true)
    or private.refuse('parts', 'parts_are_objects_with_a_type')
  )
  constraint parts_are_at_most_a_mebibyte check (coalesce(pg_column_size(value) <= 1048576, true)
    or private.refuse('parts', 'parts_are_at_most_a_mebibyte'));
comment on domain private.message_parts is
  'The parts of a UIMessage of the AI SDK: 1 to 1,000 objects, each with a `type`, together at most 1 MiB.';
create domain private.attachment_list as jsonb
  constraint attachments_are_at_most_50_objects check (coalesce(
    jsonb_typeof(value) = 'array' and jsonb_array_length(value) <= 50
    and jsonb_array_length(jsonb_path_query_array(value,
      'strict $[*] ? (@.type() == "object")')) = jsonb_array_length(value), true)
    or private.refuse('attachments', 'attachments_are_at_most_50_objects')
  )
  constraint attachments_are_at_most_64_kib check (coalesce(pg_column_size(value) <= 65536, true)
    or private.refuse('attachments', 'attachments_are_at_most_64_kib'));
comment on domain private.attachment_list is
  'Attachments: at most 50 objects, together at most 64 KiB. The bytes are in the storage bucket `attachments`.';

create table public.messages (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  parent_id uuid,
  role text not null,
  parts private.message_parts not null,
  attachments private.attachment_list not null default '[]',
  metadata jsonb not null default '{}' constraint metadata_is_an_object_of_16_kib check (
    jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 16384),
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
  -- Not on delete cascade: a cascade down a long conversation would exhaust the stack.
  constraint parent_is_a_message foreign key (parent_id) references public.messages (id),
  constraint parent_is_another_message check (parent_id <> id),
  constraint role_is_known check (role in ('system', 'user', 'assistant', 'tool')),
  constraint content_for_llm_is_bounded check (length(content_for_llm) <= 200000),
  constraint token_count_is_not_negative check (token_count >= 0)
);
comment on table public.messages is
  'The messages of a conversation, as a tree: parent_id is the message before it. An edit or an alternative answer is '
  'a sibling.';
alter table public.messages enable row level security;
comment on column public.messages.user_id is
  'The owner of the conversation, on the assistant''s messages too. Only the owner writes in it.';
comment on column public.messages.parent_id is
  'The message before it. Null: the first message, or another version of it.';
comment on column public.messages.parts is
  'The parts as in the AI SDK''s UIMessage: [{"type": "text", "text": "…"}, …]. Parts are immutable, with two '
  'exceptions: an unfinished answer moves forward (message_states keeps its earlier states), and a message that its '
  'author takes back is emptied.';
comment on column public.messages.client_id is
  'The id under which the client sent the message, where it differs from the row''s. Unique within the conversation '
  '(private.message_key).';
comment on column public.messages.taken_back_at is
  'When the author took the message back. Its place in the tree stays.';
comment on column public.messages.metadata is 'The UIMessage''s metadata.';
comment on column public.messages.content_for_llm is
  'A shorter form for prompts, used once the message is no longer among the newest. Null: the parts themselves are '
  'used.';
comment on column public.messages.preprocessing_log_id is 'On an answer: the concierge''s log for it.';
comment on column public.messages.token_count is
  'Tokens of the whole message in a prompt. Counted when not given. Never less than the count, whatever the client '
  'claims.';
comment on column public.messages.system_message_id is
  'The nearest system message above it on its branch. Set by a trigger, so that instructions are found quickly in a '
  'conversation of any length.';
create index messages_parent_id on public.messages (parent_id);
-- The value is the same for a whole conversation, so deduplication makes it a few bytes for each row. Look up a message
-- by its id alone and compare its conversation afterwards: while statistics are young the planner rates this index as
-- good as the primary key, and would read the whole conversation.
create index messages_conversation_id on public.messages (conversation_id, workspace_id, user_id);

grant select on public.messages to authenticated, service_role;
grant insert, delete on public.messages to service_role;
grant update (content_for_llm, token_count, preprocessing_log_id) on public.messages to service_role;
-- insert is not granted to people: add_message also sets the active message. update of the content is granted to no
-- role, the service included. Only erasure deletes.

create policy "Readers of a conversation read its messages" on public.messages
  for select to authenticated
  -- A scalar sub-select and not `exists`: the planner may turn `exists` into a hash of all conversations that the
  -- caller may see.
  using ((select conversation.id from public.conversations as conversation
    where conversation.id = messages.conversation_id) is not null);
comment on policy "Readers of a conversation read its messages" on public.messages is
  'The policy of conversations decides. So sharing and deleting apply to all messages at once, and no message is '
  'written.';

-- Ids of clients ------------------------------------------------------------------------------------------------------

create function private.message_key(conversation_id uuid, given text)
returns uuid
language plpgsql
stable
security definer -- checks for an existing row past RLS, and does not reveal the result
set search_path = ''
as $$
begin
  if given is null then
    return null;
  elsif length(given) not between 1 and 200 then
    perform private.raise_error('invalid_body', 'message_id: must have 1 to 200 characters', 400);
  elsif given ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
    -- A row's own id names that row within its conversation only. In another conversation it is a name like any other.
    -- So no client can take ids before others, and no refusal reveals that an id exists.
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
  'Maps the id that a client gave a message to the row''s id. The id of a row of the conversation is that row; any '
  'other string is a name within the conversation. Without a conversation (null) a UUID is itself. Errors: '
  'invalid_body 400 on a name that is empty or longer than 200 characters.';
create function private.name_of_client(given text, key uuid)
returns text
language sql
immutable
set search_path = ''
as $$
  select nullif(given, key::text);
$$;
comment on function private.name_of_client(text, uuid) is
  'The client''s id as it is stored: null where it equals the row''s id.';

-- Checks of a message's place -----------------------------------------------------------------------------------------

create function private.count_message()
returns trigger
language plpgsql
volatile
security definer -- finds the parent past RLS, for any writer
set search_path = ''
as $$
begin
  -- A claim can only raise the count (an image has few bytes). So no row can make a prompt exceed its budget.
  new.token_count := greatest(new.token_count, private.count_tokens(new.parts));
  new.system_message_id := (
    select case when parent.role = 'system' then parent.id else parent.system_message_id end
    from public.messages as parent where parent.id = new.parent_id);
  return new;
end;
$$;
comment on function private.count_message() is
  'Trigger on new messages: counts their tokens and finds the system message above them.';
create trigger count_message before insert on public.messages
  for each row execute function private.count_message();

create function private.recount_message()
returns trigger
language plpgsql
volatile
security definer -- counting is granted to no role
set search_path = ''
as $$
begin
  new.token_count := greatest(new.token_count, private.count_tokens(new.parts));
  return new;
end;
$$;
comment on function private.recount_message() is
  'Trigger on messages: a changed token count is never below the count of the parts.';
create trigger recount_message before update of token_count on public.messages
  for each row when (new.token_count >= 0) execute function private.recount_message();

create function private.keep_parent_of_conversation()
returns trigger
language plpgsql
volatile
security definer -- finds the message past RLS, for any writer
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
  'Trigger on messages: the parent belongs to the same conversation (23503), and so to the same workspace.';
create trigger parent_is_of_the_conversation after insert on public.messages
  for each row when (new.parent_id is not null) execute function private.keep_parent_of_conversation();

create function private.keep_message_of_conversation()
returns trigger
language plpgsql
volatile
security definer -- finds the message past RLS, for any writer
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
  'Trigger on tables that refer to a message: their conversation and workspace are the message''s (23503). It runs '
  'after the row is written, so that row-level security is checked first: a caller who may not read the conversation '
  'learns nothing about the message.';

-- A message's id, parent and conversation never change, not even by the table owner. So one check, when another row
-- refers to it, is enough.
create trigger keep_place before update of id, workspace_id, conversation_id, user_id, parent_id,
  system_message_id on public.messages
  for each row execute function private.refuse_change('A message stays where it was said.');

-- The active message --------------------------------------------------------------------------------------------------

create function private.keep_active_message()
returns trigger
language plpgsql
volatile
security definer -- finds the message past RLS, for any writer
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
  'Trigger on conversations: the active message belongs to the conversation (not_found 404). Not a foreign key, '
  'because that needs an index on a column that each turn changes.';
create trigger keep_active_message before insert or update of active_message_id on public.conversations
  for each row when (new.active_message_id is not null) execute function private.keep_active_message();

-- Reading -------------------------------------------------------------------------------------------------------------

create function public.conversation_path(message_id uuid, page_size integer default 50, before uuid default null)
returns setof public.messages
language plpgsql -- an SQL function is planned again by each statement, which costs as much as reading a page
stable
security invoker -- row-level security decides what is read
set search_path = ''
set plan_cache_mode = force_generic_plan
rows 50
as $$
declare
  most integer := private.require_count($2, 50, 1000, 'page_size');
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
    where walk.place < most
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
  'One branch, newest first: the message and its ancestors, up to the root or page_size (1–1,000, default 50). For the '
  'next page set before to the oldest message of this page. Empty if the caller may not read the conversation. '
  'Errors: invalid_body 400 with the field.';
grant execute on function public.conversation_path(uuid, integer, uuid) to authenticated, service_role;
