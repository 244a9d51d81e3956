-- Durable Streams: append-only streams at a URL, by the open protocol of that name.
--
-- Touches: private.durable_streams, durable_pieces, durable_producers: streams, their data, and their producers'
--            progress.
--          private.find_durable, durable_view, read_durable: find and read.
--          private.remove_durable: removes. The next chapter writes.
--          private.expire_durable_streams and its schedule: removes expired streams.
-- Beware:  A position counts bytes, in JSON streams messages, and never restarts. A fork continues from its position in
--          the source, and reads the source's pieces up to there. A removed stream that has forks stays, hidden, until
--          the last fork is gone.

create table private.durable_streams (
  id bigint generated always as identity primary key,
  path text not null unique,
  conversation_id uuid references public.conversations (id) on delete cascade,
  content_type text not null,
  is_json boolean not null generated always as (content_type ~ '^application/json\s*(;|$)') stored,
  tail bigint not null default 0,
  size bigint not null default 0,
  ttl_seconds bigint,
  expires_at timestamptz,
  touched_at timestamptz not null default now(),
  is_closed boolean not null default false,
  closed_by jsonb,
  last_seq text,
  source_id bigint references private.durable_streams (id) on delete cascade,
  fork_position bigint,
  fork_asked text,
  removed_at timestamptz,
  created_at timestamptz not null default now(),
  constraint path_is_short check (length(path) between 1 and 500),
  constraint content_type_is_short check (length(content_type) between 1 and 200),
  constraint last_seq_is_short check (length(last_seq) between 1 and 200),
  constraint a_fork_has_a_position check ((source_id is null) = (fork_position is null))
);
comment on table private.durable_streams is
  'Streams of the protocol Durable Streams: their path, their length, and whether they are closed.';
comment on column private.durable_streams.size is 'Bytes of its own pieces: at most 256 MiB.';
comment on column private.durable_streams.fork_asked is 'The position in the fork request, to recognize a retry.';
create index durable_streams_conversation on private.durable_streams (conversation_id);
create index durable_streams_source on private.durable_streams (source_id);
create index durable_streams_ends on private.durable_streams (touched_at)
  where ttl_seconds is not null or expires_at is not null;

create table private.durable_pieces (
  stream_id bigint not null references private.durable_streams (id) on delete cascade,
  position bigint not null,
  batch bigint not null,
  data bytea not null,
  primary key (stream_id, position)
);
comment on table private.durable_pieces is
  'Appended data: the bytes of one request; in JSON streams, one row for each message.';
comment on column private.durable_pieces.batch is 'The start of the request. Clients get offsets of requests only.';

create table private.durable_producers (
  stream_id bigint not null references private.durable_streams (id) on delete cascade,
  producer_id text not null,
  epoch bigint not null,
  seq bigint not null,
  primary key (stream_id, producer_id),
  constraint producer_id_is_short check (length(producer_id) between 1 and 200)
);
comment on table private.durable_producers is
  'The progress of each producer of a stream, so that a retry is not appended again.';

-- Finding and removing ------------------------------------------------------------------------------------------------

create function private.remove_durable(stream private.durable_streams)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  source bigint := stream.source_id;
begin
  if exists (select from private.durable_streams as fork where fork.source_id = stream.id) then
    update private.durable_streams as s set removed_at = coalesce(s.removed_at, now()) where s.id = stream.id;
    return;
  end if;
  delete from private.durable_streams as s where s.id = stream.id;
  -- Also delete a hidden source after its last fork, and so on up.
  while source is not null loop
    delete from private.durable_streams as s
    where s.id = source and s.removed_at is not null
      and not exists (select from private.durable_streams as fork where fork.source_id = s.id)
    returning s.source_id into source;
    exit when not found;
  end loop;
end;
$$;
comment on function private.remove_durable(private.durable_streams) is
  'Removes a stream. A stream with forks is hidden until the last of them is gone.';

create function private.find_durable(at_path text, touches boolean)
returns private.durable_streams
language plpgsql
volatile
set search_path = ''
as $$
declare
  stream private.durable_streams;
begin
  select s.* into stream from private.durable_streams as s where s.path = at_path;
  if stream.id is null then
    return null;
  elsif stream.removed_at is null
    and least(stream.expires_at, stream.touched_at + make_interval(secs => stream.ttl_seconds)) <= clock_timestamp()
  then
    perform private.remove_durable(stream);
    return null;
  end if;
  if touches and stream.removed_at is null and stream.ttl_seconds is not null
    and stream.touched_at < clock_timestamp() - make_interval(secs => least(stream.ttl_seconds / 10.0, 60))
  then
    update private.durable_streams as s set touched_at = clock_timestamp() where s.id = stream.id
    returning s.* into stream;
  end if;
  return stream;
end;
$$;
comment on function private.find_durable(text, boolean) is
  'The stream at a path; null if there is none or it has expired. touches: whether this use renews its time to live.';

create function private.expire_durable_streams()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  over private.durable_streams;
  removed bigint := 0;
begin
  for over in
    select s.* from private.durable_streams as s
    where s.removed_at is null and (s.ttl_seconds is not null or s.expires_at is not null)
      and least(s.expires_at, s.touched_at + make_interval(secs => s.ttl_seconds)) <= now()
    limit 1000
  loop
    begin
      perform private.remove_durable(over);
      removed := removed + 1;
    exception when others then
      perform private.note_job_failure('expire-durable-streams', coalesce((
        select c.workspace_id from public.conversations as c where c.id = over.conversation_id), gen_random_uuid()),
          sqlerrm);
    end;
  end loop;
  return removed;
end;
$$;
comment on function private.expire_durable_streams() is 'Removes expired streams, 1,000 at once. Returns how many.';
select cron.schedule('expire-durable-streams', '*/5 * * * *', 'select private.expire_durable_streams()');

-- Reading -------------------------------------------------------------------------------------------------------------

create function private.durable_view(of_stream bigint, from_position bigint, most integer)
returns table (piece_at bigint, batch bigint, units bigint, data bytea)
language sql
stable
set search_path = ''
rows 100
as $$
  with recursive chain as (
    select s.id, s.source_id, coalesce(s.fork_position, 0) as begins, s.tail as ends, s.is_json
    from private.durable_streams as s where s.id = of_stream
    union all
    -- Of a source, only as much as the fork and every fork between could see.
    select s.id, s.source_id, coalesce(s.fork_position, 0), least(chain.begins, chain.ends), s.is_json
    from chain join private.durable_streams as s on s.id = chain.source_id
    where chain.begins > from_position
  )
  select seen.begins, seen.batch, seen.units,
    case when chain.is_json then seen.data
      else substring(seen.data from (seen.begins - seen.position + 1)::integer for seen.units::integer) end
  from chain
  cross join lateral (
    select p.position, p.batch, p.data, greatest(p.position, from_position) as begins,
      case when chain.is_json then 1
        else least(chain.ends, p.position + octet_length(p.data)) - greatest(p.position, from_position) end as units
    from private.durable_pieces as p
    where p.stream_id = chain.id and p.position < chain.ends
      -- In a byte stream, include the piece that contains the position.
      and p.position >= case when chain.is_json then from_position
        else coalesce((select max(q.position) from private.durable_pieces as q
        where q.stream_id = chain.id and q.position <= from_position), 0) end
    order by p.position limit most
  ) as seen
  where seen.units > 0
  order by 1;
$$;
comment on function private.durable_view(bigint, bigint, integer) is
  'The pieces of a stream from a position on, its sources'' included, at most so many of each. units: bytes, in JSON '
  'streams messages.';

create function private.show_durable(stream private.durable_streams)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object('id', stream.id, 'content_type', stream.content_type, 'is_json', stream.is_json, 'tail',
    stream.tail,
    'is_closed', stream.is_closed, 'ttl', stream.ttl_seconds, 'expires_at', stream.expires_at, 'is_gone',
    stream.removed_at is not null,
    'conversation_id', stream.conversation_id);
$$;
comment on function private.show_durable(private.durable_streams) is 'A stream as the function `streams` returns it.';

create function private.read_durable(at_path text, from_position bigint, most bigint, touches boolean)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  stream private.durable_streams := private.find_durable(at_path, touches);
  read jsonb;
begin
  if stream.id is null then
    return null;
  end if;
  if from_position is not null and stream.removed_at is null and from_position < stream.tail then
    -- Whole pieces only. The first is returned whatever its length.
    select jsonb_build_object('pieces',
      jsonb_agg(case when stream.is_json then convert_from(v.data, 'UTF8') else encode(v.data, 'base64') end
        order by v.piece_at), 'next', max(v.piece_at + v.units))
      into read
    from (
      select w.*, sum(octet_length(w.data)) over (order by w.piece_at) - octet_length(w.data) as before
      from (select * from private.durable_view(stream.id, from_position, 500) order by piece_at limit 500) as w
    ) as v
    where v.before < most;
  end if;
  return private.show_durable(stream) ||
    coalesce(read, jsonb_build_object('pieces', '[]'::jsonb, 'next', coalesce(from_position, stream.tail)));
end;
$$;
comment on function private.read_durable(text, bigint, bigint, boolean) is
  'A stream and its pieces from a position on, about so many bytes at most: JSON texts, or base64. from_position null: '
  'no pieces. Null: no such stream.';
