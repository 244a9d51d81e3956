-- Importing and taking back: imports conversations from other systems, with dates and branches, and lets authors take
-- their messages back.
--
-- Touches: import_conversations: imports a person's conversations.
--          take_back: removes the caller's own message.
-- Beware:  An import is idempotent: client ids identify conversations within their person and messages within their
--          conversation. Only the service imports an assistant's messages, so that no user can put words into an
--          assistant's mouth.

create function private.imported_moment(given jsonb, field text, fallback timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = ''
as $$
declare
  said text := given ->> field;
  moment timestamptz;
begin
  if said is null then
    return fallback;
  end if;
  -- Either seconds since 1970, as some exports have it, or a text.
  if jsonb_typeof(given -> field) = 'number' and said::numeric between 0 and 99999999999 then
    moment := to_timestamp(said::double precision);
  elsif said ~ '^\d{4}-\d\d-\d\d' and pg_input_is_valid(said, 'timestamptz') then
    moment := said::timestamptz;
  end if;
  if moment is null or moment > now() + interval '1 day' or moment < timestamptz '1970-01-01' then
    perform private.raise_error('invalid_body',
      format('%s: must be a time in ISO 8601, or in seconds since 1970, and not to come', field), 400);
  end if;
  return moment;
end;
$$;
comment on function private.imported_moment(jsonb, text, timestamptz) is
  'Parses a timestamp of an import. Errors: invalid_body 400 that names the field.';

create function private.import_messages(talk public.conversations, given jsonb)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  said jsonb;
  added integer := 0;
  parent uuid;
  before uuid;
  key uuid;
begin
  for said in select value from jsonb_array_elements(given) loop
    if jsonb_typeof(said) is distinct from 'object' or not said ? 'parts'
      and coalesce(jsonb_typeof(said -> 'text'), '') <> 'string' then
      perform private.raise_error('invalid_body', 'messages: each has parts or a text', 400);
    end if;
    key := coalesce(private.message_key(talk.id, said ->> 'id'), gen_random_uuid());
    parent := case when said ? 'parent_id' then private.message_key(talk.id, said ->> 'parent_id') else before end;
    if said ->> 'parent_id' is not null
      and (select m.conversation_id from public.messages as m where m.id = parent) is distinct from talk.id
    then
      perform private.raise_error('not_found',
        format('parent_id: no message %L comes before it', left(said ->> 'parent_id', 200)), 404);
    end if;
    insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, metadata,
      created_at, client_id)
    values (key, talk.workspace_id, talk.id, talk.user_id, parent, coalesce(said ->> 'role', ''),
      coalesce(said -> 'parts', jsonb_build_array(jsonb_build_object('type', 'text', 'text', said ->> 'text'))),
      coalesce(said -> 'metadata', '{}'), private.imported_moment(said, 'created_at', talk.created_at),
      private.name_of_client(said ->> 'id', key))
    on conflict (id) do nothing;
    if found then
      added := added + 1;
    end if;
    before := key;
  end loop;
  return added;
end;
$$;
comment on function private.import_messages(public.conversations, jsonb) is
  'Adds the missing messages of a conversation: [{id?, parent_id?, role, parts or text, metadata?, created_at?}]. Each '
  'follows the one before it unless parent_id says otherwise. Returns how many were added. Errors: not_found 404, '
  'invalid_body 400.';

create function private.conversation_key(workspace_id uuid, user_id uuid, given text)
returns uuid
language sql
stable
set search_path = ''
as $$
  select coalesce(
    (select c.id from public.conversations as c
     where c.id = case when pg_input_is_valid(given, 'uuid') then given::uuid end and c.workspace_id = $1
       and c.user_id = $2),
    encode(substr(sha256(convert_to(concat_ws(' ', $1, $2, lower(given)), 'UTF8')), 1, 16), 'hex')::uuid);
$$;
comment on function private.conversation_key(uuid, uuid, text) is
  'Maps the id of a conversation in an export, any string, to the row''s id. The id of one of the person''s '
  'conversations is that one; any other string is a name for that person in that workspace. Two users who import the '
  'same export get separate conversations.';

create function private.import_conversation(workspace_id uuid, user_id uuid, given jsonb)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  talk public.conversations;
  key uuid := case when given ? 'id' then private.conversation_key($1, $2, given ->> 'id') else gen_random_uuid() end;
  added integer;
  leaf uuid;
begin
  if jsonb_typeof(given) is distinct from 'object' or jsonb_typeof(given -> 'messages') is distinct from 'array' then
    perform private.raise_error('invalid_body', 'messages: is a list in each conversation', 400);
  elsif jsonb_array_length(given -> 'messages') > 10000 then
    perform private.raise_error('invalid_body', 'messages: at most 10,000 in a conversation', 400);
  elsif length(given ->> 'id') not between 1 and 200 then
    perform private.raise_error('invalid_body', 'id: must have 1 to 200 characters', 400);
  end if;
  insert into public.conversations (id, workspace_id, user_id, agent_id, title, tags, created_at)
  values (key, import_conversation.workspace_id, import_conversation.user_id, (given ->> 'agent_id')::uuid,
    left(coalesce(given ->> 'title', ''), 300),
    array(select jsonb_array_elements_text(case when jsonb_typeof(given -> 'tags') = 'array' then given -> 'tags'
      else '[]' end)),
    private.imported_moment(given, 'created_at', now()))
  on conflict (id) do nothing;
  select c.* into talk from public.conversations as c where c.id = key for no key update;
  added := private.import_messages(talk, given -> 'messages');
  -- The active message: the one that the export names, else the newest.
  leaf := coalesce(private.message_key(talk.id, given ->> 'active_message_id'),
    (select m.id from public.messages as m where m.conversation_id = talk.id
        and not exists (select from public.messages as child where child.parent_id = m.id)
      order by m.created_at desc, m.id desc limit 1));
  if talk.active_message_id is null or added > 0 then
    update public.conversations as c set active_message_id = leaf,
      last_message_at = coalesce((select max(m.created_at) from public.messages as m where m.conversation_id = talk.id),
        talk.created_at),
      updated_at = private.imported_moment(given, 'updated_at',
        greatest(talk.created_at, c.updated_at - interval '1 microsecond'))
    where c.id = talk.id;
  end if;
  return jsonb_build_object('id', talk.id, 'messages_added', added);
exception
  when foreign_key_violation or invalid_text_representation then
    perform private.raise_error('not_found', 'agent_id: no such agent of the workspace, or no such person', 404);
    return null;
end;
$$;
comment on function private.import_conversation(uuid, uuid, jsonb) is
  'Imports one conversation for import_conversations.';

create function private.import_conversations(workspace_id uuid, user_id uuid, conversations jsonb)
returns jsonb
language plpgsql
volatile
security definer -- dates and the active message are granted to no role; only the service may call it
set search_path = ''
as $$
declare
  given jsonb;
  done jsonb := '[]'::jsonb;
begin
  if not private.belongs_to(import_conversations.user_id, import_conversations.workspace_id) then
    perform private.raise_error('not_found', 'No such person of this workspace.', 404);
  elsif jsonb_typeof(conversations) is distinct from 'array' or jsonb_array_length(conversations) > 100 then
    perform private.raise_error('invalid_body', 'conversations: is a list of at most 100', 400);
  end if;
  for given in select value from jsonb_array_elements(conversations) loop
    done := done || private.import_conversation(import_conversations.workspace_id, import_conversations.user_id, given);
  end loop;
  return done;
end;
$$;
comment on function private.import_conversations(uuid, uuid, jsonb) is 'The body of import_conversations.';

create function public.import_conversations(workspace_id uuid, user_id uuid, conversations jsonb)
returns jsonb
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.import_conversations($1, $2, $3);
$$;
comment on function public.import_conversations(uuid, uuid, jsonb) is
  'Imports a person''s conversations: [{id?, title?, tags?, agent_id?, created_at?, updated_at?, active_message_id?, '
  'messages: [{id?, parent_id?, role, parts or text, metadata?, created_at?}]}], at most 100 with 10,000 messages '
  'each. Dates and branches are kept. With ids it is idempotent: a second import adds only what is new. For the '
  'service only. Returns [{id, messages_added}]. Errors: not_found 404, invalid_body 400; then nothing is imported.';

-- Taking back ---------------------------------------------------------------------------------------------------------

create function private.take_back(message_id text, conversation_id uuid)
returns public.messages
language plpgsql
volatile
security definer -- people may not update messages
set search_path = ''
as $$
#variable_conflict use_column
declare
  key uuid := private.message_key(take_back.conversation_id, take_back.message_id);
  talk public.conversations := private.hold_conversation((
    select m.conversation_id from public.messages as m
    where m.id = key and m.conversation_id = coalesce(take_back.conversation_id, m.conversation_id)
  ));
  said public.messages;
begin
  select m.* into said from public.messages as m where m.id = key and m.conversation_id = talk.id;
  if said.role <> 'user' then
    perform private.raise_error('forbidden', 'People take back what they said themselves.', 403);
  elsif said.taken_back_at is not null then
    return said;
  end if;
  update public.messages as m
  set taken_back_at = now(), parts = '[{"type": "text", "text": "(taken back)"}]', attachments = '[]',
    metadata = '{}', content_for_llm = null, token_count = 0
  where m.id = said.id returning m.* into said;
  -- Copies of its words elsewhere.
  delete from public.message_states as state where state.message_id = said.id;
  update public.preprocessing_logs as log set intent = null, emotion = null, memory_query = null, response_hints = '{}'
  where log.message_id = said.id;
  update public.memory_sources as source set content = '(taken back)' where source.source_message_id = said.id;
  return said;
end;
$$;
comment on function private.take_back(text, uuid) is 'The body of take_back.';

create function public.take_back(message_id text, conversation_id uuid default null)
returns public.messages
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.take_back($1, $2);
$$;
comment on function public.take_back(text, uuid) is
  'Takes back the caller''s own message. Its place in the branch stays. Its parts, attachments and metadata are '
  'removed, from past prompts too. Memories made from it stay; call forget for those. conversation_id: required when '
  'message_id is the client''s name for it. Idempotent. Callers: the owner of the conversation and the service. '
  'Returns the message. Errors: not_found 404, forbidden 403 on a message of another author.';

grant execute on function public.take_back(text, uuid), private.take_back(text, uuid) to authenticated, service_role;
grant execute on function public.import_conversations(uuid, uuid, jsonb),
  private.import_conversations(uuid, uuid, jsonb) to service_role;
