-- Streams: an answer on its way to the person who asked, that outlives the connection and the function that serve it.
--
-- Touches: public.streams, private.scratch_chunks, the chunks' half of the scratchpad (sweep_scratchpad ends streams whose writer is gone),
--          private.open_stream, private.finish_stream.
-- Beware:  chunks are in the fast memory (Redis, or the unlogged table here) and may be lost with it: the writer keeps what it has said until
--          the end and is asked for it again (stream_gap). The finished message is in Postgres before anyone hears of the end, so a reader who
--          has missed what nobody keeps any more is given the whole message.

create table public.streams (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  parent_id uuid,
  message_id uuid not null default gen_random_uuid(),
  status text not null default 'open',
  error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (conversation_id, message_id),
  constraint conversation_is_its_owners foreign key (workspace_id, user_id, conversation_id)
    references public.conversations (workspace_id, user_id, id) on delete cascade,
  constraint status_is_known check (status in ('open', 'finished', 'failed')),
  constraint ended_has_a_time check ((status = 'open') = (finished_at is null)),
  constraint failed_says_why check ((status = 'failed') = (error is not null)),
  constraint error_is_short check (length(error) between 1 and 2000)
);
comment on table public.streams is 'An answer being said: its chunks are in the scratchpad, what came of it is a message.';
comment on column public.streams.parent_id is 'The message that it answers; null: the first of the conversation.';
comment on column public.streams.message_id is 'The id that the finished message has; known from the beginning, so that clients can show it.';
create index streams_conversation on public.streams (workspace_id, user_id, conversation_id);
create index streams_open on public.streams (created_at) where status = 'open';
alter table public.streams enable row level security;
grant select on public.streams to authenticated, service_role;
-- insert, update and delete are granted to nobody, because a stream and its message end together: the function `streams`.
create policy "People read the streams of their conversations" on public.streams
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    and (select conversation.id from public.conversations as conversation where conversation.id = streams.conversation_id) is not null
  );
comment on policy "People read the streams of their conversations" on public.streams is
  'Who has come back asks which are open and goes on reading, unless the conversation was deleted. Others read the message when it is finished.';

-- The scratchpad's chunks --------------------------------------------------------------------------------------------------------------

create unlogged table private.scratch_chunks (
  key text not null,
  ordinal integer not null,
  chunk text not null,
  ends_at timestamptz not null,
  primary key (key, ordinal)
);
comment on table private.scratch_chunks is 'Lists that grow at their end: the chunks of a stream.';
create index scratch_chunks_ends_at on private.scratch_chunks (ends_at);

create function private.scratch_append(for_key text, first integer, chunks jsonb, ttl_seconds integer)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  next integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('scratch_append ' || for_key, 0));
  next := (select coalesce(max(known.ordinal) + 1, 0) from private.scratch_chunks as known where known.key = for_key and known.ends_at > now());
  if first > next then
    return -1 - next;
  end if;
  insert into private.scratch_chunks (key, ordinal, chunk, ends_at)
  select for_key, first + place - 1, said, now() + make_interval(secs => ttl_seconds)
  from jsonb_array_elements_text(chunks) with ordinality as given (said, place)
  where first + place - 1 >= next
  on conflict (key, ordinal) do update set chunk = excluded.chunk, ends_at = excluded.ends_at;
  return greatest(next, first + jsonb_array_length(chunks));
end;
$$;
comment on function private.scratch_append(text, integer, jsonb, integer) is
  'Adds texts to a list, the first of them as number `first` (0 is the beginning); those that the list has already are passed over. Returns the number that comes next, or -1 - n where the list has only n and nothing was added.';

create table private.deleted_streams (
  id uuid primary key,
  deleted_at timestamptz not null default now()
);
comment on table private.deleted_streams is 'Streams whose rows are gone, for a day: Redis may still have their chunks, and an erasure removes those.';
create index deleted_streams_deleted_at on private.deleted_streams (deleted_at);

create function private.drop_chunks()
returns trigger
language plpgsql
volatile
security definer -- whoever deletes, the scratchpad is the owner's
set search_path = ''
as $$
begin
  insert into private.deleted_streams (id) select o.id from old_rows as o on conflict do nothing;
  delete from private.scratch_chunks as c using old_rows as o where c.key = 'stream:' || o.id;
  delete from private.scratch_values as v using old_rows as o where v.key = 'stream:' || o.id || ':end';
  return null;
end;
$$;
comment on function private.drop_chunks() is 'Statement trigger on streams: what was said goes with the row, and Redis is cleared of it by the erasure or by time.';
create trigger drop_chunks after delete on public.streams
  referencing old table as old_rows for each statement execute function private.drop_chunks();

create or replace function private.sweep_scratchpad()
returns bigint
language sql
volatile
set search_path = ''
as $$
  with gone_values as (delete from private.scratch_values where expires_at <= now() returning 1),
  gone_members as (delete from private.scratch_members where ends_at <= now() returning 1),
  gone_counters as (delete from private.scratch_counters where window_ends_at <= now() returning 1),
  gone_chunks as (delete from private.scratch_chunks where ends_at <= now() returning 1),
  -- No chunk lives longer than a day.
  gone_streams as (delete from private.deleted_streams where deleted_at < now() - interval '1 day' returning 1),
  -- Nobody says a single answer for a day: its writer is gone, and readers need not wait any longer.
  left_alone as (
    update public.streams set status = 'failed', error = 'abandoned', finished_at = now()
    where status = 'open' and created_at < now() - interval '1 day' returning 1
  )
  select (select count(*) from gone_values) + (select count(*) from gone_members) + (select count(*) from gone_counters)
    + (select count(*) from gone_chunks) + (select count(*) from gone_streams);
$$;

-- Opening and finishing ----------------------------------------------------------------------------------------------------------------

create function private.open_stream(conversation_id uuid, message_id uuid, parent_id uuid)
returns public.streams
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  talk public.conversations;
  stream public.streams;
begin
  select c.* into talk from public.conversations as c
  where c.id = open_stream.conversation_id and c.deleted_at is null;
  if not found then
    perform private.raise_error('not_found', 'The conversation does not exist.', 404);
  end if;
  if open_stream.parent_id is not null
    and (select m.conversation_id from public.messages as m where m.id = open_stream.parent_id) is distinct from talk.id
  then
    perform private.raise_error('not_found', 'No such message in this conversation.', 404);
  end if;
  insert into public.streams (workspace_id, conversation_id, user_id, message_id, parent_id)
  values (talk.workspace_id, talk.id, talk.user_id, coalesce(open_stream.message_id, gen_random_uuid()), coalesce(open_stream.parent_id, talk.active_message_id))
  on conflict (conversation_id, message_id) do nothing
  returning * into stream;
  if stream.id is null then
    select s.* into stream from public.streams as s where s.conversation_id = talk.id and s.message_id = open_stream.message_id;
    if stream.parent_id is distinct from coalesce(open_stream.parent_id, stream.parent_id) then
      perform private.raise_error('message_id_reused', 'This id belongs to another answer.', 409, 'Use a fresh id for each answer.');
    end if;
  end if;
  return stream;
end;
$$;
comment on function private.open_stream(uuid, uuid, uuid) is
  'Opens the stream of an answer in a conversation. What an assistant says only the service says. Opened again with the same message_id it is the same stream. parent_id: what it answers, by default the message that is shown. Errors: not_found 404, message_id_reused 409.';

create function private.finish_stream(stream_id uuid, parts jsonb, metadata jsonb, token_count integer, error text)
returns public.streams
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  stream public.streams;
begin
  select s.* into stream from public.streams as s where s.id = stream_id for update;
  if stream.id is null then
    perform private.raise_error('not_found', 'There is no such stream.', 404);
  elsif stream.status <> 'open' then
    return stream;
  end if;
  -- What was said is kept, also where it broke off; a stream that failed before it said anything leaves no message.
  if parts is not null then
    insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, metadata, token_count)
    values (stream.message_id, stream.workspace_id, stream.conversation_id, stream.user_id, stream.parent_id, 'assistant',
      finish_stream.parts, coalesce(finish_stream.metadata, '{}'), finish_stream.token_count);
    update public.conversations as talk set active_message_id = stream.message_id
    where talk.id = stream.conversation_id and talk.active_message_id is not distinct from stream.parent_id;
  end if;
  update public.streams as s set
    status = case when finish_stream.error is null then 'finished' else 'failed' end,
    error = left(finish_stream.error, 2000),
    finished_at = now()
  where s.id = stream_id
  returning s.* into stream;
  return stream;
end;
$$;
comment on function private.finish_stream(uuid, jsonb, jsonb, integer, text) is
  'Ends a stream: writes the message (parts null: none) and, where the branch has not been left meanwhile, shows it. With an error it has failed. Said again it changes nothing. Returns the stream. Errors: not_found 404, 23514 on parts of another form.';
