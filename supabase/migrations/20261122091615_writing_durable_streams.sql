-- Writing durable streams: creates, forks and appends, once for each number of a producer.
--
-- Touches: private.create_durable, append_durable; private.durable_producer_says: what is a repetition.
-- Beware:  both hold the stream's row, so that one writer at a time takes the next position.

create function private.add_durable_pieces(stream private.durable_streams, data bytea)
returns private.durable_streams
language plpgsql
volatile
set search_path = ''
as $$
declare
  added bigint;
  bytes bigint;
begin
  if stream.size + octet_length(data) > 268435456 then
    perform private.raise_error('stream_full', 'A stream has at most 256 MiB.', 413, 'Begin another one.');
  end if;
  if stream.is_json then
    -- JSON text is kept as written: no number is rounded. A top-level array is a batch of messages.
    insert into private.durable_pieces (stream_id, position, batch, data)
    select stream.id, stream.tail + one.place - 1, stream.tail, convert_to(one.message::text, 'UTF8')
    from json_array_elements(case when convert_from(data, 'UTF8') ~ '^\s*\[' then convert_from(data, 'UTF8')::json
      else json_build_array(convert_from(data, 'UTF8')::json) end) with ordinality as one (message, place);
    get diagnostics added = row_count;
    bytes := octet_length(data);
  else
    added := octet_length(data);
    bytes := added;
    if added > 0 then
      insert into private.durable_pieces (stream_id, position, batch, data)
      values (stream.id, stream.tail, stream.tail, data);
    end if;
  end if;
  update private.durable_streams as s set tail = s.tail + added, size = s.size + bytes, touched_at = clock_timestamp()
  where s.id = stream.id returning s.* into stream;
  return stream;
end;
$$;
comment on function private.add_durable_pieces(private.durable_streams, bytea) is
  'Appends to a stream that the caller has locked. Errors: stream_full 413. The caller raises invalid_json 400.';

create function private.fork_of(source private.durable_streams, asked text, sub bigint)
returns bigint
language plpgsql
stable
set search_path = ''
as $$
declare
  anchor bigint := coalesce(asked::bigint, source.tail);
  room bigint;
begin
  if anchor > source.tail then
    perform private.raise_error('invalid_parameter', 'stream-fork-offset: lies beyond the stream', 400);
  elsif coalesce(sub, 0) = 0 then
    return anchor;
  elsif asked is null then
    perform private.raise_error('invalid_parameter', 'stream-fork-sub-offset: needs stream-fork-offset', 400);
  end if;
  -- The data of the next request.
  select sum(v.units) into room from private.durable_view(source.id, anchor, 100000) as v
  where v.batch = (select first.batch from private.durable_view(source.id, anchor, 100000) as first
    order by first.piece_at limit 1);
  if sub > coalesce(room, 0) then
    perform private.raise_error('invalid_parameter', 'stream-fork-sub-offset: lies beyond what was appended there',
      400);
  end if;
  return anchor + sub;
end;
$$;
comment on function private.fork_of(private.durable_streams, text, bigint) is
  'The position at which a fork leaves its source. Errors: invalid_parameter 400.';

create function private.create_durable(at_path text, wanted jsonb, data bytea)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  stream private.durable_streams := private.find_durable(at_path, false);
  source private.durable_streams;
  asked text := case
    when wanted ? 'fork_from' then concat_ws('+', wanted ->> 'fork_offset', nullif(wanted ->> 'fork_sub', '0')) end;
  type text := coalesce(wanted ->> 'content_type', 'application/octet-stream');
  leaves bigint;
begin
  if wanted ? 'fork_from' then
    source := private.find_durable(wanted ->> 'fork_from', false);
    if source.id is null then
      perform private.raise_error('not_found', 'There is no stream to fork.', 404);
    elsif source.removed_at is not null then
      perform private.raise_error('stream_conflict', 'The stream to fork was removed.', 409);
    end if;
    type := coalesce(wanted ->> 'content_type', source.content_type);
    if lower(type) <> lower(source.content_type) then
      perform private.raise_error('stream_conflict', 'A fork has the content type of its source.', 409);
    end if;
  end if;
  if stream.id is not null then
    if stream.removed_at is not null or lower(stream.content_type) <> lower(type)
      or stream.is_closed <> (wanted ->> 'is_closed')::boolean
      or stream.source_id is distinct from source.id or stream.fork_asked is distinct from asked
      or not wanted ? 'fork_from' and stream.ttl_seconds is distinct from (wanted ->> 'ttl')::bigint
      or not wanted ? 'fork_from' and stream.expires_at is distinct from (wanted ->> 'expires_at')::timestamptz
    then
      perform private.raise_error('stream_conflict', 'There is another stream at this address.', 409);
    end if;
    return private.show_durable(stream) || '{"is_new": false}';
  end if;
  if source.id is not null then
    perform from private.durable_streams as s where s.id = source.id for share;
    leaves := private.fork_of(source, wanted ->> 'fork_offset', (wanted ->> 'fork_sub')::bigint);
  end if;
  insert into private.durable_streams (path, conversation_id, content_type, tail, ttl_seconds, expires_at, source_id,
    fork_position, fork_asked)
  values (at_path, (wanted ->> 'conversation_id')::uuid, lower(type), coalesce(leaves, 0),
    coalesce((wanted ->> 'ttl')::bigint, case when not wanted ? 'expires_at' then source.ttl_seconds end),
    coalesce((wanted ->> 'expires_at')::timestamptz, case when not wanted ? 'ttl' then source.expires_at end),
    source.id, leaves, asked)
  on conflict (path) do nothing
  returning * into stream;
  if stream.id is null then
    return private.create_durable(at_path, wanted, data); -- created concurrently
  end if;
  if octet_length(data) > 0 then
    stream := private.add_durable_pieces(stream, data);
  end if;
  if (wanted ->> 'is_closed')::boolean then
    update private.durable_streams as s set is_closed = true where s.id = stream.id returning s.* into stream;
  end if;
  return private.show_durable(stream) || '{"is_new": true}';
end;
$$;
comment on function private.create_durable(text, jsonb, bytea) is
  'Creates a stream, or finds the one that the same request created (idempotent). wanted: {content_type?, ttl?, '
  'expires_at?, is_closed, conversation_id?, fork_from?, fork_offset?, fork_sub?}. Errors: not_found 404, '
  'stream_conflict 409, invalid_parameter 400, stream_full 413.';

create function private.durable_producer_says(stream private.durable_streams, wanted jsonb)
returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
  known private.durable_producers;
  epoch bigint := (wanted ->> 'epoch')::bigint;
  seq bigint := (wanted ->> 'producer_seq')::bigint;
begin
  select p.* into known from private.durable_producers as p
  where p.stream_id = stream.id and p.producer_id = wanted ->> 'producer_id';
  return case
    when known.epoch is null and seq = 0 or epoch > known.epoch and seq = 0 then null
    when epoch < known.epoch then jsonb_build_object('outcome', 'fenced', 'epoch', known.epoch)
    when epoch > known.epoch then jsonb_build_object('outcome', 'bad_epoch')
    when known.epoch is null then jsonb_build_object('outcome', 'gap', 'expected', 0, 'received', seq)
    when seq <= known.seq
      then jsonb_build_object('outcome', 'repeated', 'epoch', known.epoch, 'producer_seq', known.seq)
    when seq > known.seq + 1 then jsonb_build_object('outcome', 'gap', 'expected', known.seq + 1, 'received', seq)
  end;
end;
$$;
comment on function private.durable_producer_says(private.durable_streams, jsonb) is
  'Checks a producer''s sequence number. Null: it is the next one; else the outcome fenced, bad_epoch, gap or '
  'repeated.';

create function private.append_durable(at_path text, wanted jsonb, data bytea)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  stream private.durable_streams := private.find_durable(at_path, true);
  is_empty boolean := octet_length(data) = 0;
  closes boolean := (wanted ->> 'is_closed')::boolean;
  closer jsonb := jsonb_strip_nulls(jsonb_build_array(wanted -> 'producer_id', wanted -> 'epoch',
    wanted -> 'producer_seq'));
  verdict jsonb;
begin
  if stream.id is null then
    return null;
  end if;
  select s.* into stream from private.durable_streams as s where s.id = stream.id for update;
  if stream.removed_at is not null then
    return private.show_durable(stream);
  end if;
  if wanted ? 'producer_id' then
    verdict := private.durable_producer_says(stream, wanted);
    -- A fenced producer learns that it is fenced, and not that the stream is closed.
    if verdict ->> 'outcome' = 'fenced' then
      return private.show_durable(stream) || verdict;
    end if;
  end if;
  if stream.is_closed then
    return private.show_durable(stream) || case
      when wanted ? 'producer_id' and stream.closed_by = closer
        then coalesce(verdict, '{}') || '{"outcome": "repeated"}'
      when closes and is_empty and not wanted ? 'producer_id' then '{"outcome": "appended"}'
      else '{"outcome": "closed"}' end;
  end if;
  if not is_empty and lower(coalesce(wanted ->> 'content_type', '')) <> stream.content_type
    and split_part(lower(coalesce(wanted ->> 'content_type', '')), ';', 1) <> split_part(stream.content_type, ';', 1)
  then
    return private.show_durable(stream) || '{"outcome": "other_type"}';
  elsif verdict is not null then
    return private.show_durable(stream) || verdict;
  elsif wanted ? 'seq' and stream.last_seq is not null and (wanted ->> 'seq') collate "C" <= stream.last_seq collate "C"
    then
    return private.show_durable(stream) || '{"outcome": "seq_conflict"}';
  end if;
  if not is_empty then
    stream := private.add_durable_pieces(stream, data);
  end if;
  if wanted ? 'producer_id' then
    insert into private.durable_producers as p (stream_id, producer_id, epoch, seq)
    values (stream.id, wanted ->> 'producer_id', (wanted ->> 'epoch')::bigint, (wanted ->> 'producer_seq')::bigint)
    on conflict (stream_id, producer_id) do update set epoch = excluded.epoch, seq = excluded.seq;
  end if;
  if closes or wanted ? 'seq' then
    update private.durable_streams as s set is_closed = closes, last_seq = coalesce(wanted ->> 'seq', s.last_seq),
      closed_by = case when closes and wanted ? 'producer_id' then closer end
    where s.id = stream.id returning s.* into stream;
  end if;
  return private.show_durable(stream) ||
    jsonb_build_object('outcome', 'appended', 'epoch', wanted -> 'epoch', 'producer_seq', wanted -> 'producer_seq');
end;
$$;
comment on function private.append_durable(text, jsonb, bytea) is
  'Appends to a stream, closes it, or both. wanted: {content_type?, is_closed, seq?, producer_id?, epoch?, '
  'producer_seq?}. Returns the stream and the outcome: appended, repeated, fenced, bad_epoch, gap, closed, other_type, '
  'seq_conflict; null if there is no stream. Errors: stream_full 413.';
