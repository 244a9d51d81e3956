-- The prompt: what goes into it, within a budget, and what went into it, for as long as the conversation is kept.
--
-- Touches: public.context_records, assemble_context; a message's short form is written once.
-- Beware:  a record does not repeat what was said. A branch never changes and neither do memories, so the leaf, a few counts and the memories'
--          ids are enough to make the same prompt again; what was forgotten meanwhile is missing from it, and marked.
--
--   profile        system    what is known of the person, always first
--   older          …         at most forty, in their short form where there is one (content_for_llm)
--   newest         …         at most ten, whole
--   memories       system    what fits the latest message, last

create function private.keep_short_form()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.raise_error('append_only', 'A message''s short form is written once.', 403, 'Prompts of the past are made of it.');
  return null;
end;
$$;
comment on function private.keep_short_form() is 'Trigger on messages: content_for_llm is written once (append_only 403), because records of prompts rely on it.';
create trigger keep_short_form before update of content_for_llm on public.messages
  for each row when (old.content_for_llm is not null and new.content_for_llm is distinct from old.content_for_llm)
  execute function private.keep_short_form();

create table public.context_records (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  message_id uuid not null,
  items private.small_object not null,
  left_out jsonb not null default '[]',
  token_count integer not null,
  budget integer not null,
  created_at timestamptz not null default now(),
  constraint conversation_is_its_owners foreign key (workspace_id, user_id, conversation_id)
    references public.conversations (workspace_id, user_id, id) on delete cascade,
  constraint tokens_are_within_the_budget check (token_count between 0 and budget),
  constraint left_out_is_a_short_list check (jsonb_typeof(left_out) = 'array' and length(left_out::text) <= 16384)
);
comment on table public.context_records is 'What entered a prompt and what was left out and why: replay_context makes the same prompt again.';
comment on column public.context_records.message_id is 'The leaf: the newest message of the prompt.';
comment on column public.context_records.items is 'profile, memories: ids · whole, short: how many messages from the leaf up · shortened: places among the whole ones (0: the leaf) that entered in their short form · unshortened: places among the short ones that had none.';
create index context_records_conversation on public.context_records (workspace_id, user_id, conversation_id);
create index context_records_message on public.context_records (message_id, id);
alter table public.context_records enable row level security;
grant select on public.context_records to authenticated, service_role;
-- Written by assemble_context alone.
create policy "People read what went into their prompts" on public.context_records
  for select to authenticated
  using (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People read what went into their prompts" on public.context_records is
  'It names memories of the person: readers of a shared conversation have no business in it.';

-- Rendering: the same for a new prompt and for one of the past -------------------------------------------------------------------------

create function private.memory_list(heading text, ids uuid[])
returns jsonb
language sql
stable
set search_path = ''
as $$
  select case when cardinality(ids) > 0 then jsonb_build_array(jsonb_build_object(
    'role', 'system',
    'content', heading || string_agg(E'\n- ' || coalesce(memory.content, '(forgotten)'), '' order by named.place),
    'memory_ids', to_jsonb(ids)
  )) else '[]' end
  from unnest(ids) with ordinality as named (id, place) left join public.memories as memory on memory.id = named.id;
$$;
comment on function private.memory_list(text, uuid[]) is 'Memories as one message of a prompt; none: an empty array.';

create function private.render_context(leaf_id uuid, items jsonb)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with path as (
    select said.*, row_number() over () - 1 as place
    from public.conversation_path(leaf_id, (items ->> 'whole')::integer + (items ->> 'short')::integer) as said
  )
  select private.memory_list('What is known of the person:', array(select jsonb_array_elements_text(items -> 'profile')::uuid))
    || coalesce((
      select jsonb_agg(jsonb_build_object('id', path.id, 'role', path.role) || case
        when path.content_for_llm is not null and case
          when path.place < (items ->> 'whole')::integer then items -> 'shortened' @> to_jsonb(path.place)
          else not items -> 'unshortened' @> to_jsonb(path.place) end
        then jsonb_build_object('content', path.content_for_llm)
        else jsonb_build_object('parts', path.parts) end
      order by path.place desc)
      from path
    ), '[]')
    || private.memory_list('What may matter now:', array(select jsonb_array_elements_text(items -> 'memories')::uuid));
$$;
comment on function private.render_context(uuid, jsonb) is 'The messages of a prompt, oldest first, from a record''s leaf and items.';

-- Assembling ---------------------------------------------------------------------------------------------------------------------------

create function private.fit_path(leaf_id uuid, room integer)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  said record;
  cost integer;
  tokens integer := 0;
  whole integer := 0;
  short integer := 0;
  shortened integer[] := array[]::integer[];
  unshortened integer[] := array[]::integer[];
begin
  for said in
    select path.*, row_number() over () - 1 as place,
      coalesce(path.token_count, private.estimate_tokens(path.parts::jsonb::text)) as full_cost,
      private.estimate_tokens(path.content_for_llm) as short_cost
    from public.conversation_path(leaf_id, 51) as path
  loop
    if said.place >= 50 then
      return jsonb_build_object('tokens', tokens, 'whole', whole, 'short', short, 'shortened', shortened, 'unshortened', unshortened,
        'stopped_at', said.id, 'because', 'older_than_fifty');
    end if;
    cost := case when said.place < 10 then said.full_cost else coalesce(said.short_cost, said.full_cost) end;
    -- Of the newest ten the leaf alone has to be whole.
    if tokens + cost > room and said.place between 1 and 9 and said.short_cost is not null then
      cost := said.short_cost;
      shortened := shortened || said.place::integer;
    end if;
    if tokens + cost > room then
      return jsonb_build_object('tokens', tokens, 'whole', whole, 'short', short,
        'shortened', array_remove(shortened, said.place::integer), 'unshortened', unshortened,
        'stopped_at', said.id, 'because', 'budget', 'wanted', cost);
    end if;
    tokens := tokens + cost;
    if said.place < 10 then
      whole := whole + 1;
    else
      short := short + 1;
      if said.short_cost is null then
        unshortened := unshortened || said.place::integer;
      end if;
    end if;
  end loop;
  return jsonb_build_object('tokens', tokens, 'whole', whole, 'short', short, 'shortened', shortened, 'unshortened', unshortened);
end;
$$;
comment on function private.fit_path(uuid, integer) is
  'How much of a branch fits into `room` tokens, from the leaf up: ten whole, forty more in their short form, nothing after the first that does not fit.';

create function private.assemble_context(
  conversation_id uuid, budget integer, query text, query_embedding extensions.halfvec, embedding_model text, message_id uuid, preprocessing jsonb
)
returns jsonb
language plpgsql
volatile
security definer -- writes the record; it decides by itself whose conversation it is
set search_path = ''
as $$
#variable_conflict use_column
declare
  talk public.conversations;
  leaf public.messages;
  asked text := coalesce(query, preprocessing ->> 'memory_query');
  log_id bigint;
  memory record;
  profile uuid[] := array[]::uuid[];
  memories uuid[] := array[]::uuid[];
  left_out jsonb := '[]'::jsonb;
  used integer := 0;
  spent integer := 0;
  heading constant integer := 8; -- a list's first line
  path jsonb;
  kept public.context_records;
begin
  if budget is null or budget not between 100 and 2000000 then
    perform private.raise_error('invalid_budget', 'A budget is between 100 and 2,000,000 tokens.', 422);
  end if;
  select c.* into talk from public.conversations as c
  where c.id = assemble_context.conversation_id and c.deleted_at is null
    and (private.is_service() or c.user_id = private.current_user_id() and c.workspace_id = any (private.workspace_ids()));
  select m.* into leaf from public.messages as m
  where m.conversation_id = talk.id and m.id = coalesce(assemble_context.message_id, talk.active_message_id);
  if leaf.id is null then
    perform private.raise_error('not_found', 'No such conversation of yours, or nothing has been said in it.', 404);
  end if;

  if preprocessing is not null then
    if not private.is_service() then
      perform private.raise_error('forbidden', 'What the concierge made of a message is the service''s to say.', 403);
    end if;
    insert into public.preprocessing_logs (
      message_id, conversation_id, workspace_id, intent, emotion, routing, memory_query, clarity, response_hints, model_selected, model_reason, duration_ms
    )
    select leaf.id, talk.id, talk.workspace_id, told.intent, told.emotion, told.routing, told.memory_query, told.clarity,
      coalesce(told.response_hints, '{}'), told.model_selected, told.model_reason, told.duration_ms
    from jsonb_populate_record(null::public.preprocessing_logs, preprocessing) as told
    returning id into log_id;
  end if;

  -- The leaf first: without it there is no prompt. Then who it is, then what may matter, and the rest of the room is the talk's.
  used := coalesce(leaf.token_count, private.estimate_tokens(leaf.parts::jsonb::text));
  if used > budget then
    perform private.raise_error('budget_too_small', 'The newest message alone does not fit.', 422, used::text);
  end if;
  for memory in
    select m.id, private.estimate_tokens(m.content) + 1 as cost from public.memories as m
    where m.workspace_id = talk.workspace_id and m.user_id = talk.user_id and m.kind = 'profile' and m.valid_to is null
      and (m.agent_id is null or m.agent_id = talk.agent_id)
    order by m.subject nulls last, m.created_at, m.id
  loop
    if used + memory.cost + heading * (profile = '{}')::integer <= budget then
      used := used + memory.cost + heading * (profile = '{}')::integer;
      profile := profile || memory.id;
    else
      left_out := left_out || jsonb_build_object('what', 'profile', 'id', memory.id, 'reason', 'budget');
    end if;
  end loop;
  if asked is null and query_embedding is null then
    asked := (select string_agg(part ->> 'text', ' ') from jsonb_array_elements(leaf.parts::jsonb) as part where part ->> 'type' = 'text');
  end if;
  for memory in
    select r.id, private.estimate_tokens(r.content) + 1 as cost
    from private.recall(talk.workspace_id, left(asked, 2000), query_embedding, embedding_model, talk.agent_id, null, 'fact', 10, talk.user_id) as r
  loop
    if spent + memory.cost + heading <= (budget - used) / 4 then
      spent := spent + memory.cost;
      memories := memories || memory.id;
    else
      left_out := left_out || jsonb_build_object('what', 'memory', 'id', memory.id, 'reason', 'budget');
    end if;
  end loop;
  used := used + spent + heading * (memories <> '{}')::integer - coalesce(leaf.token_count, private.estimate_tokens(leaf.parts::jsonb::text));
  path := private.fit_path(leaf.id, budget - used);
  if path ? 'because' then
    left_out := left_out || jsonb_build_object('what', 'messages', 'from', path -> 'stopped_at', 'reason', path -> 'because');
  end if;
  if memories <> '{}' then
    perform private.count_recalled(memories);
  end if;

  insert into public.context_records (workspace_id, conversation_id, user_id, message_id, items, left_out, token_count, budget)
  values (talk.workspace_id, talk.id, talk.user_id, leaf.id,
    path - array['tokens', 'stopped_at', 'because', 'wanted'] || jsonb_build_object('profile', profile, 'memories', memories),
    left_out, used + (path ->> 'tokens')::integer, budget)
  returning * into kept;
  return jsonb_build_object('record_id', kept.id, 'conversation_id', talk.id, 'message_id', leaf.id,
    'messages', private.render_context(leaf.id, kept.items), 'token_count', kept.token_count, 'budget', budget, 'left_out', left_out,
    'preprocessing_log_id', log_id);
end;
$$;
comment on function private.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb) is 'The body of assemble_context.';

create function public.assemble_context(
  conversation_id uuid, budget integer default 8000, query text default null, query_embedding extensions.halfvec default null,
  embedding_model text default null, message_id uuid default null, preprocessing jsonb default null
)
returns jsonb
language sql volatile security invoker set search_path = ''
as $$
  select private.assemble_context($1, $2, $3, $4, $5, $6, $7);
$$;
comment on function public.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb) is
  'The prompt of a conversation, in one round trip: {record_id, messages, token_count, budget, left_out}. messages: profile, older messages in their short form, the newest ten whole, memories that fit query (by default the newest message''s text) or query_embedding. budget: tokens, 100–2,000,000; a quarter of what the rest leaves may be memories. message_id: another leaf than the one shown. preprocessing: what the concierge made of the newest message, kept in preprocessing_logs in the same round trip (the service only; its memory_query is what is recalled by where query is left out). The same state gives the same prompt. The owner and the service. Errors: not_found 404, forbidden 403, invalid_budget 422, budget_too_small 422 (the tokens needed in the hint), invalid_embedding 422.';

grant execute on function
  private.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb),
  public.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb)
to authenticated, service_role;
