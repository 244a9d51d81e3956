-- The prompt: selects its contents, within a token budget.
--
-- Touches: assemble_context: makes the prompt and its record.
--          private.fit_path, fit_memories: select messages and memories within the budget.
--          private.cut_of_branch, cost_of_leaf: what was left out, and the least that a prompt needs.
-- Beware:  Look up each input once a turn: nothing here may call a function for each message.
--
--   profile        system    the person's profile memories, always first
--   instructions   system    all system messages above the leaf on its branch
--   older          …         at most forty messages, in short form where there is one (content_for_llm), starting with
--                            a user message
--   newest         …         at most ten messages, whole
--   memories       system    memories relevant to the latest message, last
--
--          A tool's result and its call are both in the prompt or both left out, so that every model accepts it.

create function private.fit_path(path public.messages[], room integer, out tokens integer, out taken integer,
  out short_forms bigint)
language plpgsql
stable
set search_path = ''
as $$
declare
  said public.messages;
  place integer := 0;
  cost integer;
  pending integer := 0;
  pending_forms bigint := 0;
  has_results boolean := false;
  complete record;
begin
  tokens := 0;
  taken := 0;
  short_forms := 0;
  complete := row(0, 0, 0::bigint);
  foreach said in array path loop
    place := place + 1;
    -- System messages have their own place and are already counted.
    continue when said.role = 'system' and place > 1;
    cost := said.token_count;
    -- Of the newest ten only the leaf must be whole. A result and its call are never shortened: they would no longer be
    -- a pair.
    if said.content_for_llm is not null and said.role <> 'tool' and not has_results
      and (place > 10 or place > 1 and tokens + pending + cost > room)
    then
      cost := (octet_length(said.content_for_llm) + 3) / 4;
      pending_forms := pending_forms | (1::bigint << (place - 1));
    end if;
    pending := pending + cost;
    has_results := said.role = 'tool';
    -- Results wait for the call above them: all of them fit, or none.
    continue when has_results;
    exit when tokens + pending > room;
    tokens := tokens + pending;
    taken := place;
    short_forms := short_forms | pending_forms;
    pending := 0;
    pending_forms := 0;
    -- A prompt begins with a user message.
    if said.role = 'user' then
      complete := row(tokens, taken, short_forms);
    end if;
  end loop;
  if complete.f2 > 0 then
    tokens := complete.f1;
    taken := complete.f2;
    short_forms := complete.f3;
  end if;
end;
$$;
comment on function private.fit_path(public.messages[], integer) is
  'How much of a branch (newest first, at most fifty messages) fits into `room` tokens: ten whole, the others in short '
  'form. It stops at the first message that does not fit. It ends with a user message, if the branch has one, and '
  'never between a call and its result.';

create function private.cut_of_branch(path public.messages[], taken integer)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
begin
  return case when path[taken + 1].id is null then '[]'::jsonb
    else jsonb_build_array(jsonb_build_object('what', 'messages', 'from', path[taken + 1].id,
      -- No user message up to the fiftieth: none of them could begin the prompt.
      'reason', case
        when path[51].id is not null and not exists (select from unnest(path[taken + 1:50]) as said
        where said.role = 'user')
        then 'older_than_fifty' else 'budget' end)) end;
end;
$$;
comment on function private.cut_of_branch(public.messages[], integer) is
  'Where a branch (newest first, one longer than what was taken of it) was cut off for a prompt: the newest message '
  'left out, and why. An empty array if none was.';

create function private.fit_memories(
  talk public.conversations, asked text, query_embedding extensions.halfvec, embedding_model text, room integer,
  out profile_ids uuid[], out memory_ids uuid[], out left_out jsonb, out tokens integer
)
language plpgsql
volatile
set search_path = ''
as $$
declare
  heading constant integer := 8; -- the first line of a list
  memory record;
  spent integer := 0;
begin
  profile_ids := '{}';
  memory_ids := '{}';
  left_out := '[]';
  tokens := 0;
  for memory in
    select m.id, (octet_length(m.content) + 3) / 4 + 1 as cost, row_number() over () as place
    from (select known.id, known.content from public.memories as known
      where known.workspace_id = talk.workspace_id and known.user_id = talk.user_id and known.kind = 'profile'
        and known.valid_to is null
        and (known.agent_id is null or known.agent_id = talk.agent_id)
      order by known.subject nulls last, known.created_at, known.id limit 101) as m
  loop
    if memory.place > 100 then
      left_out := left_out || jsonb_build_object('what', 'profile', 'from', memory.id, 'reason', 'more_than_a_hundred');
    elsif tokens + memory.cost + heading * (profile_ids = '{}')::integer <= room then
      tokens := tokens + memory.cost + heading * (profile_ids = '{}')::integer;
      profile_ids := profile_ids || memory.id;
    else
      left_out := left_out || jsonb_build_object('what', 'profile', 'id', memory.id, 'reason', 'budget');
    end if;
  end loop;
  for memory in
    select r.id, (octet_length(r.content) + 3) / 4 + 1 as cost
    from private.recall(talk.workspace_id, asked, query_embedding, embedding_model, talk.agent_id, null, 'fact', 10,
      talk.user_id) as r
  loop
    if spent + memory.cost + heading <= (room - tokens) / 4 then
      spent := spent + memory.cost;
      memory_ids := memory_ids || memory.id;
    else
      left_out := left_out || jsonb_build_object('what', 'memory', 'id', memory.id, 'reason', 'budget');
    end if;
  end loop;
  perform private.note_recall(talk.workspace_id, talk.user_id, memory_ids);
  tokens := tokens + spent + heading * (memory_ids <> '{}')::integer;
end;
$$;
comment on function private.fit_memories(public.conversations, text, extensions.halfvec, text, integer) is
  'Selects the memories for a prompt with `room` tokens: at most a hundred of the profile, then at most ten relevant '
  'ones, in a quarter of the remaining room. left_out: those that did not fit, and where the profile was cut off.';

create function private.cost_of_leaf(leaf public.messages, path public.messages[])
returns integer
language plpgsql
stable
set search_path = ''
as $$
declare
  said public.messages;
  cost integer := 0;
begin
  -- A result needs its call, and a continued answer needs the user's question.
  foreach said in array path loop
    cost := cost + said.token_count;
    exit when said.role <> 'tool';
  end loop;
  if leaf.role <> 'user' then
    select cost + above.token_count into cost from private.preceding_question(leaf, path[1:1]) as above
    where above.id is not null;
  end if;
  return cost;
end;
$$;
comment on function private.cost_of_leaf(public.messages, public.messages[]) is
  'The tokens that a prompt needs at least: the leaf, the call that it is a result of, and the user message above it.';

create function private.assemble_context(
  conversation_id uuid, budget integer, query text, query_embedding extensions.halfvec, embedding_model text,
  message_id uuid, preprocessing jsonb
)
returns jsonb
language plpgsql
volatile
security definer -- writes the record; it checks the owner itself
set search_path = ''
-- For every function that it calls: plans do not depend on whose turn it is, and planning costs as much as the turn.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  talk public.conversations;
  leaf public.messages;
  leaf_cost integer;
  instructing integer;
  above public.messages;
  log_id bigint;
  memories record;
  path public.messages[];
  talked record;
  kept public.context_records;
begin
  if budget is null or budget not between 100 and 2000000 then
    perform private.raise_error('invalid_budget', 'A budget is between 100 and 2,000,000 tokens.', 422);
  end if;
  select c.* into talk from public.conversations as c
  where c.id = assemble_context.conversation_id and c.deleted_at is null
    and (private.is_service() or c.user_id = private.current_user_id()
      and c.workspace_id = any (private.workspace_ids()));
  select m.* into leaf from public.messages as m
  where m.id = coalesce(assemble_context.message_id, talk.active_message_id);
  if talk.id is null or leaf.conversation_id is distinct from talk.id then
    perform private.raise_error('not_found', 'No such conversation of yours, or nothing has been said in it.', 404);
  end if;
  log_id := private.log_preprocessing(leaf, preprocessing);

  -- The leaf and system messages first: no prompt without them. Then the profile, then relevant memories. The
  -- conversation gets the remaining room.
  path := array(select said from public.conversation_path(leaf.id, 51) as said);
  instructing := coalesce((select sum(one.token_count) from private.instructions(leaf) as one), 0);
  leaf_cost := private.cost_of_leaf(leaf, path);
  if leaf_cost + instructing > budget then
    perform private.raise_error('budget_too_small', 'The newest message and what instructs do not fit.', 422,
      (leaf_cost + instructing)::text);
  end if;
  memories := private.fit_memories(talk,
    coalesce(query, preprocessing ->> 'memory_query', case when query_embedding is null then (
      select string_agg(part ->> 'text', ' ') from jsonb_array_elements(leaf.parts::jsonb) as part
      where part ->> 'type' = 'text'
    ) end), query_embedding, embedding_model, budget - leaf_cost - instructing);
  talked := private.fit_path(path[1:50], budget - memories.tokens - instructing);
  above := private.preceding_question(leaf, path[1:talked.taken]);
  if above.id is not null then
    talked := private.fit_path(path[1:50], budget - memories.tokens - instructing - above.token_count);
  end if;

  if talked.taken = 0 then
    perform private.raise_error('budget_too_small',
      'The newest message, what it belongs to and what instructs do not fit.', 422, (leaf_cost + instructing)::text);
  end if;

  insert into public.context_records (
    workspace_id, conversation_id, user_id, message_id, message_count, short_forms, profile_id, memory_ids, left_out,
    token_count, budget
  ) values (
    talk.workspace_id, talk.id, talk.user_id, leaf.id, talked.taken, talked.short_forms,
    private.context_profile(talk, memories.profile_ids),
    memories.memory_ids, memories.left_out,
    memories.tokens + talked.tokens + instructing + coalesce(above.token_count, 0), budget
  ) returning * into kept;
  return jsonb_build_object('record_id', kept.id, 'conversation_id', talk.id, 'message_id', leaf.id,
    'messages', private.render_context(path[1:talked.taken], kept.short_forms, memories.profile_ids, kept.memory_ids),
    'token_count', kept.token_count, 'budget', budget, 'left_out',
    kept.left_out || private.cut_of_branch(path, talked.taken),
    'preprocessing_log_id', log_id);
end;
$$;
comment on function private.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb) is
  'The body of assemble_context.';

create function public.assemble_context(
  conversation_id uuid, budget integer default 8000, query text default null,
  query_embedding extensions.halfvec default null,
  embedding_model text default null, message_id uuid default null, preprocessing jsonb default null
)
returns jsonb
language plpgsql -- an SQL function is planned again in each transaction, which is noticeable here
volatile
security invoker
set search_path = ''
as $$
begin
  return private.assemble_context($1, $2, $3, $4, $5, $6, $7);
end;
$$;
comment on function public.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb) is
  'Assembles the prompt of a conversation in one round trip: {record_id, messages, token_count, budget, left_out}. '
  'messages: profile, older messages in short form, the newest ten whole, memories relevant to query (default: the '
  'newest message''s text) or query_embedding. budget: tokens, 100–2,000,000; memories take at most a quarter of the '
  'remaining room. message_id: another leaf than the active one. preprocessing: the concierge''s analysis of the '
  'newest message, stored in preprocessing_logs in the same round trip (the service only; its memory_query is the '
  'default for query). Deterministic: the same state gives the same prompt. Callers: the owner and the service. '
  'Errors: not_found 404, forbidden 403, invalid_budget 422, budget_too_small 422 (the tokens needed in the hint), '
  'invalid_embedding 422.';

grant execute on function
  private.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb),
  public.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb)
to authenticated, service_role;
