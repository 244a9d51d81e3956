-- Remembering: how a statement becomes a memory, confirms one, or ends one.
--
-- Touches: remember: adds, confirms or supersedes a memory. forget: deletes one.
-- Beware:  Memory must not feed on itself. A statement that was itself recalled, or that we put into a prompt, is
--          refused. So is an assistant's statement that repeats a memory recalled within the last day, because the
--          assistant has it from there. A person's repetition confirms the memory.

create function private.memory_person(workspace_id uuid, user_id uuid, for_scope text)
returns uuid
language plpgsql
stable
security definer -- reads memberships
set search_path = ''
as $$
declare
  caller uuid := private.current_user_id(for_scope);
  person uuid := case when private.is_service() then $2 else coalesce($2, caller) end;
begin
  if caller is null and private.agent_of_token() is not null then
    perform private.raise_error('insufficient_scope', 'The agent may not do this for the person, or no longer.', 403,
      'It takes ' || for_scope || '.');
  end if;
  if person is null then
    perform private.raise_error('person_required', 'Of whom?', 422, 'The service names the person: user_id.');
  end if;
  if (not private.is_service() and (person is distinct from caller
    or $1 <> all (private.workspace_ids('guest', for_scope)))) or not exists (
    select from public.members as member join public.workspaces as workspace on workspace.id = member.workspace_id
    where member.workspace_id = $1 and member.user_id = person and workspace.deleted_at is null
      and workspace.left_at is null
  ) then
    perform private.raise_error('not_found', 'No such workspace or person.', 404);
  end if;
  return person;
end;
$$;
comment on function private.memory_person(uuid, uuid, text) is
  'The person whose memories are meant: the caller, the person for whom an agent acts (for_scope), or the member whom '
  'the service names. Errors: person_required 422, not_found 404, insufficient_scope 403 for an agent.';

create function private.remember(
  workspace_id uuid, content text, category text default 'knowledge', confidence double precision default 0.7,
  source_kind text default 'manual',
  source_message_id uuid default null, embedding extensions.halfvec default null, embedding_model text default null,
  kind text default 'fact',
  agent_id uuid default null, subject text default null, supersedes uuid default null, extractor text default null,
  valid_from timestamptz default now(), user_id uuid default null
)
returns table (id uuid, outcome text)
language plpgsql
volatile
security definer -- people write memories only through this function
set search_path = ''
as $$
#variable_conflict use_column
declare
  person uuid := private.memory_person($1, $15, 'memory:write');
  model text := case
    when $7 is not null
    then coalesce($8, (select m.name from private.embedding_models as m where m.is_current), 'client') end;
  said_as text := (select m.role from public.messages as m where m.workspace_id = $1 and m.id = $6);
  duplicate uuid;
  replaced uuid;
  ended uuid[];
  known public.memories;
  better public.memories;
  said timestamptz := coalesce($14, now());
  until timestamptz;
  spoken text := private.language_of((select p.locale from public.profiles as p where p.user_id = person));
  agent uuid := private.agent_of_token();
begin
  if agent is not null then
    if $10 <> agent then
      perform private.raise_error('forbidden', 'agent_id: an agent remembers for itself.', 403);
    end if;
    agent_id := agent;
    -- An agent must name the person's message. Otherwise the statement counts as the agent's own, which ends nothing
    -- that the person said.
    if $5 in ('manual', 'user_message') and not exists (
      select from public.messages as m
      join public.conversations as c on c.workspace_id = m.workspace_id and c.id = m.conversation_id
      where m.workspace_id = $1 and m.id = $6 and m.role = 'user' and c.user_id = person and c.agent_id = agent
    ) then
      source_kind := 'assistant_message';
    end if;
  end if;
  if $10 is not null
    and not exists (select from public.agents as a where a.workspace_id = $1 and a.id = $10) then
    perform private.raise_error('not_found', 'There is no such agent in this workspace.', 404);
  end if;
  if $5 in ('recalled', 'system_prompt') or said_as = 'system' then
    perform private.raise_error('memory_feedback',
      'What was recalled, or comes from a system prompt, is not remembered again.', 422);
  end if;
  if $7 is not null and (extensions.vector_dims($7::extensions.vector) <> 384 or extensions.l2_norm($7) = 0) then
    perform private.raise_error('invalid_embedding', 'An embedding has 384 dimensions and is not zero.', 422);
  end if;
  -- Before what is longer is compared with all that is known.
  if length($2) > 4000 then
    perform private.refuse('content', 'content_is_a_statement');
  elsif length($11) > 200 then
    perform private.refuse('subject', 'subject_has_1_to_200_characters');
  end if;
  perform private.lock_memories($1, person);

  if $12 is not null then
    select m.id into replaced from public.memories as m
    where m.id = $12 and m.workspace_id = $1 and m.user_id = person and m.valid_to is null
      and (agent is null or m.agent_id = agent);
    if replaced is null then
      perform private.raise_error('not_found', 'There is no such memory, or it was superseded already.', 404);
    end if;
  end if;
  if $5 = 'assistant_message' and $11 is null then
    -- The assistant may repeat what has ended, without saying what it is about.
    subject := (select m.subject from public.memories as m
      where m.workspace_id = $1 and m.user_id = person and m.agent_id is not distinct from $10
        and m.valid_to is not null and m.content_hash = private.memory_hash($2) and not exists (
          select from public.memories as known
          where known.workspace_id = $1 and known.user_id = person and known.valid_to is null
            and known.agent_id is not distinct from $10 and known.content_hash = m.content_hash)
      order by m.valid_to desc, m.ordinal desc limit 1);
  end if;
  duplicate := private.find_duplicate($1, person, $10, $11, $2, $7, model,
    -- A contradiction is near what it contradicts. Equal text is not a contradiction.
    array(select m.id from public.memories as m where m.id = replaced and m.content_hash <> private.memory_hash($2)));

  if duplicate is not null then
    select m.* into known from public.memories as m where m.id = duplicate;
    if $5 = 'assistant_message' and private.recalled_since(known, now() - interval '1 day') then
      perform private.raise_error('memory_feedback', 'The assistant has this from what it recalled.', 422,
        'Memory: ' || duplicate);
    end if;
  end if;
  -- One memory per subject is valid. A better source, then more confidence, wins; otherwise the latest. That is by the
  -- time of the statements, so what was said before is compared, and not what happens to be valid.
  if duplicate is null then
    select m.* into better from public.memories as m
    where m.workspace_id = $1 and m.user_id = person
      and (m.id = replaced or (m.agent_id is not distinct from $10 and m.subject = $11 and m.valid_from <= said))
      and (private.source_rank(m.source_kind), m.said_with) > (private.source_rank($5), $4)
    order by m.valid_to desc nulls first limit 1;
    select min(later.said_at) into until from (
      select m.valid_from as said_at from public.memories as m
      where m.workspace_id = $1 and m.user_id = person and m.agent_id is not distinct from $10 and m.subject = $11
        and m.valid_to is distinct from m.valid_from
        and (private.source_rank(m.source_kind), m.said_with) >= (private.source_rank($5), $4)
      union all
      select s.said_at from public.memory_sources as s
      join public.memories as m on m.workspace_id = s.workspace_id and m.id = s.memory_id
      where m.workspace_id = $1 and m.user_id = person and m.agent_id is not distinct from $10 and m.subject = $11
        and m.valid_to is null
        and (private.source_rank(m.source_kind), m.said_with) >= (private.source_rank($5), $4)
    ) as later where later.said_at > said;
    if better.id is null then
      perform private.shorten_memories($1, person, $10, $11, private.source_rank($5), $4, said, until);
    end if;
  end if;
  if better.id is not null or until is not null then
    -- Keep it as history: it held for a while, or was only stated. It ends no later memory.
    insert into public.memories as m (workspace_id, user_id, agent_id, kind, category, subject, content,
      language, confidence, said_with, source_kind,
      source_message_id, extractor, embedding, embedding_model, valid_from, valid_to, superseded_by, confirmed_at)
    values ($1, person, $10, $9, $3, $11, $2, spoken, $4, $4, $5, $6, $13, $7, model, said,
      case when better.id is null then until else said end,
      coalesce(better.id, (select m.id from public.memories as m where m.workspace_id = $1 and m.user_id = person
        and m.agent_id is not distinct from $10 and m.subject = $11 and m.valid_to is null)), least(said, now()))
    returning m.id into id;
    insert into public.memory_sources (workspace_id, memory_id, user_id, source_kind, source_message_id, content,
      confidence, extractor, said_at)
    values ($1, id, person, $5, $6, $2, $4, $13, said);
    outcome := 'historical';
    return next;
    return;
  end if;
  with closed as (
    update public.memories as m set valid_to = greatest(m.valid_from, said)
    where m.workspace_id = $1 and m.user_id = person and m.valid_to is null and m.id is distinct from duplicate
      and (m.id = replaced or (m.agent_id is not distinct from $10 and m.subject = $11))
      and (private.source_rank(m.source_kind), m.said_with) <= (private.source_rank($5), $4)
    returning m.id
  )
  select array_agg(closed.id) into ended from closed;

  if duplicate is not null then
    id := duplicate;
    outcome := 'confirmed';
    -- Idempotent: a message or a call that is sent twice is one source.
    if not exists (select from public.memory_sources as s
      where s.workspace_id = $1 and s.memory_id = duplicate and s.content = $2 and s.source_kind = $5
        and s.source_message_id is not distinct from $6
        and ($6 is not null or s.said_at between said - interval '1 minute' and said + interval '1 minute')) then
      perform private.confirm_memory(duplicate, $4, case when not exists (select from public.memories as m
        where m.workspace_id = $1 and m.user_id = person and m.agent_id is not distinct from $10 and m.subject = $11
          and m.valid_to is null
          and m.id <> duplicate) then $11 end, said);
      insert into public.memory_sources (workspace_id, memory_id, user_id, source_kind, source_message_id, content,
        confidence, extractor, said_at)
      values ($1, duplicate, person, $5, $6, $2, $4, $13, said);
    end if;
    -- It is valid from the first statement. The more trusted statement says how far it is trusted.
    update public.memories as m set valid_from = least(m.valid_from, said),
      source_kind = case when private.source_rank($5) > private.source_rank(m.source_kind) then $5
        else m.source_kind end,
      said_with = case when (private.source_rank($5), $4) > (private.source_rank(m.source_kind), m.said_with) then $4
        else m.said_with end
    where m.id = duplicate and (said < m.valid_from
      or (private.source_rank($5), $4) > (private.source_rank(m.source_kind), m.said_with));
  else
    insert into public.memories as m (workspace_id, user_id, agent_id, kind, category, subject, content,
      language, confidence, said_with, source_kind,
      source_message_id, extractor, embedding, embedding_model, valid_from, confirmed_at)
    values ($1, person, $10, $9, $3, $11, $2, spoken, $4, $4, $5, $6, $13, $7, model, said, least(said, now()))
    returning m.id into id;
    insert into public.memory_sources (workspace_id, memory_id, user_id, source_kind, source_message_id, content,
      confidence, extractor, said_at)
    values ($1, id, person, $5, $6, $2, $4, $13, said);
    outcome := case when ended is null then 'added' else 'superseded' end;
  end if;
  update public.memories as m set superseded_by = remember.id where m.id = any (ended);
  return next;
end;
$$;
comment on function private.remember(uuid, text, text, double precision, text, uuid, extensions.halfvec, text, text,
  uuid, text, uuid, text, timestamptz, uuid) is
  'The body of public.remember.';

create function private.forget(memory_id uuid, user_id uuid default null)
returns integer
language plpgsql
volatile
security definer -- people delete memories only through this function
set search_path = ''
as $$
declare
  known public.memories;
  forgotten integer;
begin
  select m.* into known from public.memories as m where m.id = $1
    and m.user_id = case when private.is_service() then coalesce($2, m.user_id)
      else private.current_user_id('memory:write') end
    and (private.agent_of_token() is null or m.agent_id = private.agent_of_token());
  if known.id is null then
    perform private.raise_error('not_found', 'There is no such memory.', 404);
  end if;
  perform private.lock_memories(known.workspace_id, known.user_id);
  with recursive history (id) as (
    select known.id
    union
    select m.id from public.memories as m join history on m.superseded_by = history.id
    where m.workspace_id = known.workspace_id
  )
  delete from public.memories as m using history where m.id = history.id and m.user_id = known.user_id;
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;
comment on function private.forget(uuid, uuid) is 'The body of public.forget.';

create function public.remember(
  workspace_id uuid, content text, category text default 'knowledge', confidence double precision default 0.7,
  source_kind text default 'manual',
  source_message_id uuid default null, embedding extensions.halfvec default null, embedding_model text default null,
  kind text default 'fact',
  agent_id uuid default null, subject text default null, supersedes uuid default null, extractor text default null,
  valid_from timestamptz default now(), user_id uuid default null
)
returns table (id uuid, outcome text)
language sql volatile security invoker set search_path = ''
as $$
  select * from private.remember($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);
$$;
comment on function public.remember(uuid, text, text, double precision, text, uuid, extensions.halfvec, text, text,
  uuid, text, uuid, text, timestamptz, uuid) is
  'Remembers a statement about the caller (the service names user_id), at most 4,000 characters. category: personal, '
  'project, preference, decision, knowledge. confidence: 0–1. source_kind: user_message, assistant_message, document, '
  'manual. embedding: 384 dimensions, of embedding_model (default: the model of `embed`); without one, a job embeds it '
  'later. subject: the topic; one memory per subject is valid. supersedes: the memory that it contradicts. valid_from: '
  'when it was said; statements may come in any order. Returns an outcome. added. confirmed: the statement was known; '
  'its confidence rises and the source is kept. superseded: added, in place of another. historical: kept as history '
  'and ending nothing, because another on its subject was said later, by a better source, or with more confidence. '
  'Errors: memory_feedback, invalid_embedding, person_required 422, not_found 404, invalid_value 422 on a malformed '
  'value.';

create function public.forget(memory_id uuid, user_id uuid default null)
returns integer
language sql volatile security invoker set search_path = ''
as $$ select private.forget($1, $2); $$;
comment on function public.forget(uuid, uuid) is
  'Deletes a memory of the caller with its sources, and the memories that it superseded. Returns how many memories '
  'were deleted. Errors: not_found 404.';

grant execute on function
  private.remember(uuid, text, text, double precision, text, uuid, extensions.halfvec, text, text, uuid, text, uuid,
    text, timestamptz, uuid),
  private.forget(uuid, uuid),
  public.remember(uuid, text, text, double precision, text, uuid, extensions.halfvec, text, text, uuid, text, uuid,
    text, timestamptz, uuid),
  public.forget(uuid, uuid)
to authenticated, service_role;
