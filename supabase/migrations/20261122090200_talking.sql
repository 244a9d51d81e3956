-- Talking: adds messages, answers approvals, and selects a branch.
--
-- Touches: add_message, answer_approval: write messages and answers to approvals.
--          select_branch: sets the active message.
--          private.hold_conversation: lets one writer at a time into a conversation.

-- Locks the caller's conversation until the transaction ends, so that concurrent messages are added one after the
-- other.
create function private.hold_conversation(conversation_id uuid, for_scope text default null)
returns public.conversations
language plpgsql
volatile
set search_path = ''
as $$
declare
  held public.conversations;
  caller uuid := private.current_user_id(for_scope);
  agent uuid := private.agent_of_token();
begin
  select known.* into held
  from public.conversations as known
  where known.id = hold_conversation.conversation_id and known.deleted_at is null
    and (private.is_service() or (
      known.user_id = caller and known.workspace_id = any (private.workspace_ids('guest', for_scope))
      and (agent is null or known.agent_id = agent)))
  for no key update;
  if not found then
    perform private.raise_error('not_found', 'No such conversation of yours.', 404);
  end if;
  return held;
end;
$$;
comment on function private.hold_conversation(uuid, text) is
  'Locks and returns a conversation that the caller owns (the service: any) and that is not deleted. An agent, where '
  'for_scope allows it: a conversation that the person has with it. Errors: not_found 404.';

create function private.add_message(
  conversation_id uuid, parts jsonb, role text, message_id text, parent_id text, instead_of text,
  attachments jsonb, metadata jsonb, content_for_llm text, token_count integer, preprocessing_log_id bigint
)
returns public.messages
language plpgsql
volatile
security definer -- people may not insert messages; it checks the caller and the role itself
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  talk public.conversations := private.hold_conversation(add_message.conversation_id, 'conversations:write');
  key uuid := private.message_key(talk.id, add_message.message_id);
  follows uuid := talk.active_message_id;
  beside public.messages;
  said public.messages;
begin
  -- An agent writes as the assistant and not as the person. Neither may set the token count.
  if not private.is_service() and (
    add_message.role <> all (case when private.agent_of_token() is null then array['user']
      else array['assistant', 'tool'] end)
    or num_nonnulls(add_message.content_for_llm, add_message.token_count, add_message.preprocessing_log_id) > 0)
  then
    perform private.raise_error('forbidden', 'People speak as themselves, and agents as the assistant.', 403,
      'content_for_llm, token_count and preprocessing_log_id are the service''s.');
  end if;

  -- Sent before: return the same answer and change nothing, unless the message has moved forward.
  select known.* into said from public.messages as known where known.id = key;
  if found then
    if (said.conversation_id, said.role, said.attachments::jsonb) is distinct from (talk.id, add_message.role,
      add_message.attachments)
      or said.taken_back_at is not null
    then
      perform private.raise_error('message_id_reused', 'This id belongs to another message.', 409,
        'Use a fresh id for each message.');
    end if;
    if (said.parts::jsonb, said.metadata::jsonb) is distinct from (add_message.parts, add_message.metadata) then
      if said.role <> 'assistant' then
        perform private.raise_error('message_id_reused', 'This id belongs to another message.', 409,
          'Use a fresh id for each message.');
      end if;
      return private.move_message_forward(said, add_message.parts, add_message.metadata, null);
    end if;
    return said;
  end if;

  -- A stream reserves the id of its message from the start. No other message can take it.
  if key is not null and exists (
    select from public.streams as s where s.conversation_id = talk.id and s.message_id = key
  ) then
    perform private.raise_error('message_id_reused', 'This id belongs to another message.', 409,
      'Use a fresh id for each message.');
  end if;

  -- The parent
  if coalesce(add_message.instead_of, add_message.parent_id) is not null then
    select known.* into beside from public.messages as known
    where known.id = private.message_key(talk.id, coalesce(add_message.instead_of, add_message.parent_id));
    if beside.conversation_id is distinct from talk.id then
      perform private.raise_error('not_found', 'No such message in this conversation.', 404);
    end if;
    follows := case when add_message.instead_of is null then beside.id else beside.parent_id end;
  end if;

  insert into public.messages as known (
    id, workspace_id, conversation_id, user_id, parent_id, role, parts, attachments, metadata, content_for_llm,
    token_count,
    preprocessing_log_id, client_id
  ) values (
    coalesce(key, gen_random_uuid()), talk.workspace_id, talk.id, talk.user_id, follows, add_message.role,
    add_message.parts, add_message.attachments, add_message.metadata, add_message.content_for_llm,
    add_message.token_count,
    add_message.preprocessing_log_id, private.name_of_client(add_message.message_id, key)
  )
  returning known.* into said;
  update public.conversations as known set active_message_id = said.id, last_message_at = now()
  where known.id = talk.id;
  return said;
end;
$$;
comment on function private.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint) is
  'The body of add_message.';

create function public.add_message(
  conversation_id uuid, parts jsonb, role text default 'user', message_id text default null,
  parent_id text default null,
  instead_of text default null, attachments jsonb default '[]', metadata jsonb default '{}',
  content_for_llm text default null, token_count integer default null, preprocessing_log_id bigint default null
)
returns public.messages
language plpgsql -- an SQL function is planned again in each transaction, which is noticeable here
volatile
security invoker
set search_path = ''
as $$
begin
  return private.add_message($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
end;
$$;
comment on function public.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint) is
  'Adds a message and shows its branch: after the active message, after parent_id (a branch), or beside instead_of (an '
  'edit or another answer). parts: as in the AI SDK''s UIMessage. role: user; the service may also use system, '
  'assistant, tool. message_id: any string of 1 to 200 characters that identifies the message within its conversation. '
  'Idempotent: the same message_id twice is one message, and an assistant''s message in progress moves forward. '
  'content_for_llm, token_count, preprocessing_log_id: for the service only. Callers: the owner of the conversation '
  'and the service. Returns the message. Errors: not_found 404, forbidden 403, message_id_reused 409, invalid_body 400 '
  'on a message_id of another length, invalid_value 422 on malformed parts.';

-- Approving -----------------------------------------------------------------------------------------------------------

create function private.answer_approval(conversation_id uuid, message_id text, approval_id text, approved boolean,
  reason text)
returns public.messages
language plpgsql
volatile
security definer -- people may not update messages
set search_path = ''
as $$
#variable_conflict use_column
declare
  talk public.conversations := private.hold_conversation(answer_approval.conversation_id);
  asking public.messages;
  place integer;
  answer jsonb;
begin
  select known.* into asking from public.messages as known
  where known.id = private.message_key(talk.id, answer_approval.message_id) and known.conversation_id = talk.id;
  select one.place - 1, one.part -> 'approval' into place, answer
  from jsonb_array_elements(asking.parts) with ordinality as one (part, place)
  where one.part -> 'approval' ->> 'id' = answer_approval.approval_id;
  if place is null then
    perform private.raise_error('not_found', 'No such approval is asked for in this message.', 404);
  elsif length(reason) > 2000 then
    perform private.raise_error('invalid_body', 'reason: may have 2,000 characters', 400);
  end if;
  if answer ? 'approved' then
    if answer -> 'approved' is distinct from to_jsonb(answer_approval.approved) then
      perform private.raise_error('already_answered', 'This was answered otherwise before.', 409);
    end if;
    return asking;
  end if;
  return private.move_message_forward(asking,
    jsonb_set(
      jsonb_set(asking.parts, array[place::text, 'state'], '"approval-responded"'),
      array[place::text, 'approval'],
      jsonb_strip_nulls(jsonb_build_object('id', approval_id, 'approved', answer_approval.approved, 'reason', reason))),
    asking.metadata, private.current_user_id());
end;
$$;
comment on function private.answer_approval(uuid, text, text, boolean, text) is 'The body of answer_approval.';

create function public.answer_approval(conversation_id uuid, message_id text, approval_id text, approved boolean,
  reason text default null)
returns public.messages
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.answer_approval($1, $2, $3, $4, $5);
$$;
comment on function public.answer_approval(uuid, text, text, boolean, text) is
  'Answers a tool call that asks for approval. The part moves to approval-responded, and the audit log records who '
  'answered. Idempotent: the same answer again changes nothing. reason: at most 2,000 characters. Callers: the owner '
  'of the conversation and the service. Returns the message. Errors: not_found 404, already_answered 409.';

-- Branches ------------------------------------------------------------------------------------------------------------

create function private.select_branch(message_id text, conversation_id uuid)
returns uuid
language plpgsql
volatile
security definer -- update of the active message is granted to no role
set search_path = ''
as $$
declare
  key uuid := private.message_key(select_branch.conversation_id, select_branch.message_id);
  talk public.conversations := private.hold_conversation((
    select known.conversation_id from public.messages as known
    where known.id = key and known.conversation_id = coalesce(select_branch.conversation_id, known.conversation_id)
  ));
  leaf uuid;
begin
  with recursive walk as (
    select key as id, 0 as depth
    union all
    select child.id, walk.depth + 1
    from walk
    cross join lateral (
      select known.id
      from public.messages as known
      where known.parent_id = walk.id
      order by known.created_at desc, known.id desc
      limit 1
    ) as child
  )
  select walk.id into leaf from walk order by walk.depth desc limit 1;
  update public.conversations as known set active_message_id = leaf where known.id = talk.id;
  perform realtime.send(jsonb_build_object('active_message_id', leaf), 'branch_selected', 'conversation:' || talk.id,
    true);
  return leaf;
end;
$$;
comment on function private.select_branch(text, uuid) is 'The body of select_branch.';

create function public.select_branch(message_id text, conversation_id uuid default null)
returns uuid
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.select_branch($1, $2);
$$;
comment on function public.select_branch(text, uuid) is
  'Shows the branch of a message, down to its newest leaf, and returns that leaf. conversation_id: required when '
  'message_id is the client''s name for it. Callers: the owner of the conversation and the service. Errors: not_found '
  '404.';

grant execute on function
  public.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint),
  private.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint),
  public.answer_approval(uuid, text, text, boolean, text), private.answer_approval(uuid, text, text, boolean, text),
  public.select_branch(text, uuid), private.select_branch(text, uuid)
to authenticated, service_role;
