-- Chats: a turn as assistant clients begin it, with one request that sends a message and reads the answer.
--
-- Touches: private.begin_turn: begins a turn.
--          private.words_of_chat, answer_calls: store the user's message, or their answers to tool calls.
-- Beware:  Such clients send all messages on their screens. Only what is new is stored: the last message, or the user's
--          answers to its tool calls. A client's copy of an assistant's message is never stored.

create function private.answer_calls(asking public.messages, given jsonb, actor uuid)
returns public.messages
language plpgsql
volatile
set search_path = ''
as $$
declare
  parts jsonb := asking.parts;
  call record;
begin
  for call in
    select one.place - 1 as place, one.part as was, theirs.part as is_now
    from jsonb_array_elements(asking.parts) with ordinality as one (part, place)
    join jsonb_array_elements(given) as theirs (part) on theirs.part ->> 'toolCallId' = one.part ->> 'toolCallId'
    where private.rank_of_part(one.part) in (2, 3)
      and private.rank_of_part(theirs.part) > private.rank_of_part(one.part)
  loop
    if not private.part_goes_forward(call.was, call.is_now) then
      perform private.raise_error('message_id_reused', 'A tool call of this message was another.', 409,
        'Read the conversation again.');
    end if;
    parts := jsonb_set(parts, array[call.place::text], call.is_now);
  end loop;
  if parts = asking.parts then
    return asking;
  end if;
  return private.move_message_forward(asking, parts, asking.metadata, actor);
end;
$$;
comment on function private.answer_calls(public.messages, jsonb, uuid) is
  'Takes the user''s answers from a client''s copy of a message: approvals, and outputs of calls that the client runs. '
  'Ignores the rest of the copy. Errors: message_id_reused 409.';

create function private.words_of_chat(talk public.conversations, last jsonb, before text)
returns public.messages
language plpgsql
volatile
set search_path = ''
as $$
declare
  known public.messages;
  follows public.messages;
begin
  select m.* into known from public.messages as m
  where m.id = private.message_key(talk.id, last ->> 'id') and m.conversation_id = talk.id;
  if known.id is not null and known.role = 'user' and known.parts = last -> 'parts' then
    return known;
  elsif known.id is not null then
    -- An edit keeps its message's id on the screen. Here it is a sibling, and a retry finds the same one.
    return private.add_message(talk.id, last -> 'parts', 'user',
      left(last ->> 'id', 180) || '~' || left(encode(sha256(convert_to(last ->> 'parts', 'UTF8')), 'hex'), 16),
      null, known.id::text, '[]', coalesce(last -> 'metadata', '{}'), null, null, null);
  end if;
  select m.* into follows from public.messages as m
  where m.id = private.message_key(talk.id, before) and m.conversation_id = talk.id;
  return private.add_message(talk.id, last -> 'parts', 'user', last ->> 'id', follows.id::text, null, '[]',
    coalesce(last -> 'metadata', '{}'), null, null, null);
end;
$$;
comment on function private.words_of_chat(public.conversations, jsonb, text) is
  'Stores a user''s message in a chat: after the message before it on their screen, or beside the one that it edits. '
  'Errors: those of add_message.';

create function private.begin_turn(acting_user uuid, conversation_id uuid, last jsonb, before text,
  is_regenerated boolean)
returns public.streams
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  talk public.conversations;
  said public.messages;
  stream public.streams;
begin
  perform private.act_as(acting_user);
  talk := private.hold_conversation(begin_turn.conversation_id);
  -- The connection is the service's, which may lock any conversation. So check the owner here.
  if talk.user_id <> acting_user or not private.belongs_to(acting_user, talk.workspace_id) then
    perform private.raise_error('not_found', 'No such conversation of yours.', 404);
  end if;
  if not (talk.agent_id is null or talk.agent_id = any (private.usable_agent_ids())) then
    perform private.raise_error('access_denied', 'You may not use the agent of this conversation.', 403);
  end if;
  if last ->> 'role' = 'user' then
    said := private.words_of_chat(talk, last, before);
    select s.* into stream from public.streams as s
    where s.conversation_id = talk.id and s.parent_id = said.id order by s.created_at desc, s.id limit 1;
    -- A retry resumes the answer that it began. To get another answer, stop the first.
    if stream.id is not null and not is_regenerated and stream.status <> 'failed' then
      return stream;
    elsif stream.status = 'open' then
      perform private.stop_stream(stream.id);
    end if;
    -- Show the new answer, and not the one before it.
    update public.conversations as c set active_message_id = said.id
    where c.id = talk.id and c.active_message_id is distinct from said.id;
    stream := private.open_stream(talk.id, null, said.id::text);
  else
    select m.* into said from public.messages as m
    where m.id = private.message_key(talk.id, last ->> 'id') and m.conversation_id = talk.id and m.role = 'assistant';
    if said.id is null then
      perform private.raise_error('not_found', 'No such message in this conversation.', 404);
    end if;
    said := private.answer_calls(said, last -> 'parts', acting_user);
    stream := private.open_stream(talk.id, coalesce(said.client_id, said.id::text), null);
  end if;
  if stream.status = 'open' then
    perform private.ask_in_background(talk.id, 'answer',
      jsonb_build_object('stream_id', stream.id, 'message_id', stream.message_id, 'answers', said.id, 'agent_id',
        talk.agent_id), stream.id::text);
  end if;
  return stream;
end;
$$;
comment on function private.begin_turn(uuid, uuid, jsonb, text, boolean) is
  'Begins a person''s turn. Stores what is new in last {id, role, parts, metadata?}, opens the answer''s stream and '
  'enqueues the answer in background_queries (type answer, input {stream_id, message_id, answers, agent_id}). before: '
  'the message before it on the screen. Idempotent: a retry is the same turn. Returns the stream. Errors: not_found '
  '404, access_denied 403, message_id_reused 409, invalid_body 400.';
