-- Streams: answers in progress. A stream outlives the connection and the function that serve it.
--
-- Touches: public.streams: the state of each stream.
--          private.scratch_chunks: its chunks, where there is no Redis.
--          private.open_stream, private.finish_stream, private.stop_stream: its life cycle.
--          private.end_abandoned_streams and its schedule: ends streams without a writer.
-- Beware:  Chunks are in the scratchpad (Redis, or the unlogged table here) and may be lost with it. So the writer
--          keeps its chunks until the end, and is asked for them again (stream_gap). The finished message is in
--          Postgres before readers see the end, so a reader who has missed lost chunks gets the whole message.

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
  client_id text,
  stop_requested_at timestamptz,
  chunks integer,
  constraint client_id_is_short check (length(client_id) between 1 and 200),
  constraint conversation_is_its_owners foreign key (user_id, workspace_id, conversation_id)
    references public.conversations (user_id, workspace_id, id) on delete cascade,
  constraint status_is_known check (status in ('open', 'finished', 'failed', 'stopped')),
  constraint ended_has_a_time check ((status = 'open') = (finished_at is null)),
  constraint failed_says_why check ((status = 'failed') = (error is not null)),
  constraint error_is_short check (length(error) between 1 and 2000)
);
comment on table public.streams is 'Streams of answers. The chunks are in the scratchpad; the result is a message.';
comment on column public.streams.parent_id is 'The message that it answers; null: the first of the conversation.';
comment on column public.streams.message_id is
  'The id of the finished message. Known from the start, so that clients can show it.';
comment on column public.streams.client_id is
  'The id that the client or the writer uses for the message, where it differs from message_id.';
comment on column public.streams.stop_requested_at is
  'When the reader asked to stop. The writer learns it with its next chunk.';
comment on column public.streams.chunks is
  'How many chunks were said, since the end: a reader who has read so many has read all. Null where nobody knew.';
-- A message that continues after a call's output uses several streams, one after the other.
create unique index streams_message on public.streams (conversation_id, message_id) where status = 'open';
create index streams_message_id on public.streams (message_id);
-- The person first: the same index serves the key and finds what is theirs.
create index streams_conversation on public.streams (user_id, workspace_id, conversation_id);
create index streams_open on public.streams (created_at) where status = 'open';
alter table public.streams enable row level security;
grant select on public.streams to authenticated, service_role;
-- insert, update and delete are granted to no role, because a stream and its message end together: see the function
-- `streams`.
create policy "People read the streams of their conversations" on public.streams
  for select to authenticated
  using (
    user_id = (select private.current_user_id())
    and (select conversation.id from public.conversations as conversation
      where conversation.id = streams.conversation_id) is not null
  );
comment on policy "People read the streams of their conversations" on public.streams is
  'A client that returns asks which streams are open and resumes them, unless the conversation was deleted. Other '
  'members read the finished message.';

-- The scratchpad's chunks ---------------------------------------------------------------------------------------------

create unlogged table private.scratch_chunks (
  key text not null,
  ordinal integer not null,
  chunk text not null,
  ends_at timestamptz not null,
  primary key (key, ordinal)
);
comment on table private.scratch_chunks is 'Append-only lists: the chunks of a stream.';
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
  next := (select coalesce(max(known.ordinal) + 1, 0) from private.scratch_chunks as known
    where known.key = for_key and known.ends_at > now());
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
  'Appends texts to a list, the first of them as number `first` (0 is the beginning). Idempotent: chunks that the list '
  'already has are skipped. Returns the next number, or -1 - n where the list has only n chunks and nothing was added.';

create table private.deleted_streams (
  id uuid primary key,
  deleted_at timestamptz not null default now()
);
comment on table private.deleted_streams is
  'Deleted streams, kept for a day: Redis may still have their chunks, and an erasure removes those.';
create index deleted_streams_deleted_at on private.deleted_streams (deleted_at);

create function private.drop_chunks()
returns trigger
language plpgsql
volatile
security definer -- the scratchpad belongs to the owner
set search_path = ''
as $$
begin
  insert into private.deleted_streams (id) select o.id from old_rows as o on conflict do nothing;
  delete from private.scratch_chunks as c using old_rows as o where c.key = 'stream:' || o.id;
  delete from private.scratch_values as v using old_rows as o
  where v.key in ('stream:' || o.id || ':end', 'stream:' || o.id || ':stop');
  return null;
end;
$$;
comment on function private.drop_chunks() is
  'Statement trigger on streams: deletes the chunks with the row. In Redis, erasure or expiry removes them.';
create trigger drop_chunks after delete on public.streams
  referencing old table as old_rows for each statement execute function private.drop_chunks();

create function private.sweep_chunks()
returns bigint
language sql
volatile
set search_path = ''
as $$
  with gone_chunks as (delete from private.scratch_chunks where ends_at <= now() returning 1),
  -- No chunk lives longer than a day.
  gone_streams as (delete from private.deleted_streams where deleted_at < now() - interval '1 day' returning 1)
  select (select count(*) from gone_chunks) + (select count(*) from gone_streams);
$$;
comment on function private.sweep_chunks() is
  'Deletes chunks of ended streams, and entries of deleted streams whose chunks have expired. Returns how many rows.';
select cron.schedule('sweep-chunks', '*/5 * * * *', 'select private.sweep_chunks()');

create function private.end_abandoned_streams()
returns bigint
language sql
volatile
set search_path = ''
as $$
  -- No answer takes a day: the writer is gone, and readers need not wait.
  select coalesce((private.for_all_workspaces('end-abandoned-streams', $each$
    with left_alone as (
      update public.streams as s set finished_at = now(),
        status = case when s.stop_requested_at is null then 'failed' else 'stopped' end,
        error = case when s.stop_requested_at is null then 'abandoned' end
      where s.status = 'open' and (s.created_at < now() - interval '1 day'
        or s.stop_requested_at < now() - interval '10 minutes')
        and ($1 is null or s.workspace_id = $1) returning 1)
    select array[count(*)] from left_alone$each$,
    $places$select distinct s.workspace_id from public.streams as s where s.status = 'open' order by 1$places$))[1], 0);
$$;
comment on function private.end_abandoned_streams() is
  'Ends streams without a writer: open for a day, or asked to stop ten minutes ago. Returns how many.';
select cron.schedule('end-abandoned-streams', '*/5 * * * *', 'select private.end_abandoned_streams()');

-- Opening and finishing -----------------------------------------------------------------------------------------------

create function private.open_stream(conversation_id uuid, message_id text, parent_id text)
returns public.streams
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  talk public.conversations;
  stream public.streams;
  said public.messages;
  key uuid := private.message_key(open_stream.conversation_id, open_stream.message_id);
  answers uuid := private.message_key(open_stream.conversation_id, open_stream.parent_id);
begin
  -- Locked, so that of two callers that open one answer or store a message with its id, the second sees the first.
  select c.* into talk from public.conversations as c
  where c.id = open_stream.conversation_id and c.deleted_at is null for no key update;
  if not found then
    perform private.raise_error('not_found', 'The conversation does not exist.', 404);
  end if;
  if answers is not null and (select m.conversation_id from public.messages as m
    where m.id = answers) is distinct from talk.id then
    perform private.raise_error('not_found', 'No such message in this conversation.', 404);
  end if;
  select m.* into said from public.messages as m where m.id = key;
  select s.* into stream from public.streams as s
  where s.conversation_id = talk.id and s.message_id = key order by s.created_at desc, s.id limit 1;
  if stream.id is not null and (stream.status = 'open' or said.id is null or private.is_settled(said.parts)) then
    if stream.parent_id is distinct from coalesce(answers, stream.parent_id) then
      perform private.raise_error('message_id_reused', 'This id belongs to another answer.', 409,
        'Use a fresh id for each answer.');
    end if;
    return stream;
  end if;
  -- An existing message continues if it is the assistant's and waits, such as for the output of its last call.
  if said.id is not null and (said.conversation_id <> talk.id or said.role <> 'assistant'
    or private.is_settled(said.parts)
    or said.parent_id is distinct from coalesce(answers, said.parent_id))
  then
    perform private.raise_error('message_id_reused', 'message_id: belongs to another message', 409,
      'Use a fresh id for each answer.');
  end if;
  insert into public.streams (workspace_id, conversation_id, user_id, message_id, parent_id, client_id)
  values (talk.workspace_id, talk.id, talk.user_id, coalesce(key, gen_random_uuid()),
    case when said.id is null then coalesce(answers, talk.active_message_id) else said.parent_id end,
    private.name_of_client(open_stream.message_id, key))
  returning * into stream;
  return stream;
end;
$$;
comment on function private.open_stream(uuid, text, text) is
  'Opens the stream of an answer in a conversation. Only the service writes an assistant''s messages. Idempotent: the '
  'same message_id returns the same stream. An assistant''s message that waits continues in a new stream. parent_id: '
  'the message to answer (default: the active one). Both may be the row''s id or the client''s name. Errors: not_found '
  '404, message_id_reused 409, invalid_body 400.';

create function private.stop_stream(stream_id uuid)
returns public.streams
language plpgsql
volatile
set search_path = ''
as $$
declare
  stream public.streams;
begin
  update public.streams as s set stop_requested_at = coalesce(s.stop_requested_at, now())
  where s.id = stop_stream.stream_id and s.status = 'open'
  returning s.* into stream;
  if stream.id is null then
    select s.* into stream from public.streams as s where s.id = stop_stream.stream_id;
  end if;
  return stream;
end;
$$;
comment on function private.stop_stream(uuid) is
  'Asks an open stream to stop. It changes nothing on an ended stream. Returns the stream, null if there is none.';

create function private.store_answer(stream public.streams, parts jsonb, metadata jsonb, token_count integer)
returns void
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  said public.messages;
  broken text;
begin
  select m.* into said from public.messages as m where m.id = stream.message_id;
  if said.id is null then
    insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, metadata,
      token_count, client_id)
    values (stream.message_id, stream.workspace_id, stream.conversation_id, stream.user_id, stream.parent_id,
      'assistant',
      store_answer.parts, coalesce(store_answer.metadata, '{}'), store_answer.token_count, stream.client_id);
  elsif said.conversation_id <> stream.conversation_id then
    raise unique_violation; -- only the service, which writes rows directly, can have taken it
  elsif (said.parts::jsonb, said.metadata::jsonb) is distinct from (store_answer.parts,
    coalesce(store_answer.metadata, said.metadata)) then
    perform private.move_message_forward(said, store_answer.parts, coalesce(store_answer.metadata, said.metadata),
      null);
  end if;
exception
  when check_violation then
    get stacked diagnostics broken = constraint_name;
    perform private.raise_error('invalid_body',
      case when broken = 'metadata_is_an_object_of_16_kib' then 'message.metadata: is an object of at most 16 KiB'
        when broken = 'parts_are_at_most_a_mebibyte' then 'message.parts: have at most 1 MiB'
        when broken like 'token_count%' then 'message.token_count: is not negative'
        else 'message.parts: 1 to 1,000 objects, each with a type of 1 to 100 characters in one line' end,
      400, 'The stream is still open.');
  when unique_violation then
    perform private.raise_error('message_id_reused', 'The id of this answer has been taken by another message.', 409,
      'Finish the stream with an error, and say the answer under another id.');
end;
$$;
comment on function private.store_answer(public.streams, jsonb, jsonb, integer) is
  'Stores a stream''s result as its message, or as the message''s next state. Errors: invalid_body 400 that names the '
  'field, message_id_reused 409, too_many_states 409; the stream stays open.';

create function private.finish_stream(stream_id uuid, parts jsonb, metadata jsonb, token_count integer, error text,
  chunks integer default null)
returns public.streams
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  stream public.streams;
  is_stopped boolean;
begin
  -- Lock the conversation first, as every writer does: otherwise two could deadlock.
  perform from public.conversations as c join public.streams as s on s.conversation_id = c.id
  where s.id = finish_stream.stream_id for no key update of c;
  select s.* into stream from public.streams as s where s.id = finish_stream.stream_id for update;
  if stream.id is null then
    perform private.raise_error('not_found', 'There is no such stream.', 404);
  elsif stream.status <> 'open' then
    return stream;
  end if;
  is_stopped := stream.stop_requested_at is not null and finish_stream.error is null;
  -- A partial answer is kept. A stream that failed before its first content leaves no message.
  if parts is not null then
    perform private.store_answer(stream, finish_stream.parts,
      case when is_stopped then coalesce(finish_stream.metadata, '{}') || '{"stopped": true}'
        else finish_stream.metadata end,
      finish_stream.token_count);
    update public.conversations as talk set last_message_at = now(),
      active_message_id = case when talk.active_message_id is not distinct from stream.parent_id then stream.message_id
        else talk.active_message_id end
    where talk.id = stream.conversation_id;
  end if;
  update public.streams as s set
    status = case when finish_stream.error is not null then 'failed' when is_stopped then 'stopped' else 'finished' end,
    error = left(finish_stream.error, 2000),
    finished_at = now(), chunks = finish_stream.chunks
  where s.id = finish_stream.stream_id
  returning s.* into stream;
  return stream;
end;
$$;
comment on function private.finish_stream(uuid, jsonb, jsonb, integer, text, integer) is
  'Ends a stream: writes the message (parts null: none) and shows it, unless the branch was left meanwhile. With an '
  'error the stream has failed. chunks: how many were said, if that is known. If the reader stopped it, it is stopped, '
  'and the message''s metadata says so. Idempotent. Returns the stream. Errors: not_found 404, and those of '
  'store_answer, after which it can still be finished.';
