-- Settling memories: what a later embedding, or a statement that arrives late, changes in what is known already.
--
-- Touches: private.merge_memory, private.settle_memory, a trigger on public.memories: merge duplicates that a later
--          embedding reveals. private.shorten_memories: makes room in the history of a subject.
-- Beware:  Each caller holds the person's lock (private.lock_memories).

create function private.merge_memory(duplicate uuid, kept uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  lost public.memories;
begin
  update public.memories as m set valid_to = greatest(m.valid_from, now()), superseded_by = kept where m.id = duplicate
  returning m.* into lost;
  insert into public.memory_sources (workspace_id, memory_id, user_id, source_kind, source_message_id, content,
    confidence, extractor, said_at)
  select s.workspace_id, kept, s.user_id, s.source_kind, s.source_message_id, s.content, s.confidence, s.extractor,
    s.said_at
  from public.memory_sources as s
  where s.memory_id = duplicate and s.workspace_id = lost.workspace_id
    and not exists (select from public.memory_sources as known
      where known.workspace_id = s.workspace_id and known.memory_id = kept
        and known.source_message_id = s.source_message_id);
  perform private.confirm_memory(kept, lost.confidence, lost.subject, lost.confirmed_at);
  -- It is valid from the first statement. The more trusted one says how far it is trusted.
  update public.memories as m set valid_from = least(m.valid_from, lost.valid_from)
  where m.id = kept and lost.valid_from < m.valid_from;
  update public.memories as m set source_kind = lost.source_kind, said_with = lost.said_with
  where m.id = kept and (private.source_rank(lost.source_kind), lost.said_with)
    > (private.source_rank(m.source_kind), m.said_with);
end;
$$;
comment on function private.merge_memory(uuid, uuid) is
  'Merges two memories that say the same: `kept` supersedes `duplicate` and takes over its sources, its trust where '
  'that is higher, and its time where that is earlier. The caller holds the person''s lock.';

create function private.settle_memory()
returns trigger
language plpgsql
volatile
security definer -- merges memories for any writer of the embedding
set search_path = ''
as $$
declare
  mine public.memories;
  other public.memories;
begin
  perform private.lock_memories(new.workspace_id, new.user_id);
  loop
    select m.* into mine from public.memories as m where m.id = new.id and m.valid_to is null;
    exit when mine.id is null;
    select m.* into other from public.memories as m where m.id = private.find_duplicate(
      mine.workspace_id, mine.user_id, mine.agent_id, mine.subject, mine.content, mine.embedding, mine.embedding_model,
      array[mine.id]);
    exit when other.id is null;
    -- Keep the older one.
    if (other.created_at, other.id) < (mine.created_at, mine.id) then
      perform private.merge_memory(mine.id, other.id);
    else
      perform private.merge_memory(other.id, mine.id);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.settle_memory() is
  'Trigger on memories, after an embedding was added later: merges the memory with another that says the same.';
create trigger settle_memory after update of embedding on public.memories
  for each row when (new.valid_to is null and new.embedding is not null) execute function private.settle_memory();

create function private.shorten_memories(
  workspace_id uuid, user_id uuid, agent_id uuid, subject text, rank integer, confidence double precision,
  said timestamptz, until timestamptz
)
returns void
language sql
volatile
set search_path = ''
as $$
  update public.memories as m set valid_to = greatest(m.valid_from, $7)
  where m.workspace_id = $1 and m.user_id = $2 and m.agent_id is not distinct from $3 and m.subject = $4
    and m.valid_to > greatest(m.valid_from, $7) and m.valid_from < coalesce($8, 'infinity')
    and case
      when (private.source_rank(m.source_kind), m.said_with) < ($5, $6) then true
      when m.valid_from >= $7 then false
      -- It was stated again later.
      else not exists (select from public.memory_sources as s
        where s.workspace_id = $1 and s.memory_id = m.id and s.said_at > $7)
    end;
$$;
comment on function private.shorten_memories(uuid, uuid, uuid, text, integer, double precision, timestamptz,
  timestamptz) is
  'Shortens the history of a subject by a statement that arrives late and holds from `said` until `until`: what was '
  'stated before held until then, and what was stated in between by a worse source, or with less confidence, never '
  'did.';
