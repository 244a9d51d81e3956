-- The scratchpad in Postgres: the fallback of Redis, for when there is none or it does not answer.
--
-- Touches: three unlogged tables in private (values, sets, counters), and functions with the meaning of the Lua scripts
--          on Redis.
-- Beware:  unlogged tables are empty after a crash. That is intended: nothing here is needed for correctness.

create unlogged table private.scratch_values (
  key text primary key,
  value jsonb,
  revision bigint,
  epoch text,
  expires_at timestamptz not null
);
comment on table private.scratch_values is
  'Values that expire: sessions, endpoints, cached answers (with the revision and epoch at which they were read), '
  'floors (revision only), the epoch.';
create index scratch_values_expires_at on private.scratch_values (expires_at);

create unlogged table private.scratch_members (
  key text not null,
  member text not null,
  info jsonb not null default '{}',
  ends_at timestamptz not null,
  primary key (key, member)
);
comment on table private.scratch_members is
  'Sets whose members expire one by one: presence, typing, a person''s sessions.';
create index scratch_members_ends_at on private.scratch_members (ends_at);

create unlogged table private.scratch_counters (
  key text primary key,
  count bigint not null,
  window_ends_at timestamptz not null
);
comment on table private.scratch_counters is 'Rate limits: counts within a window.';

create function private.scratch_epoch()
returns text
language sql
volatile
set search_path = ''
as $$
  insert into private.scratch_values as known (key, value, expires_at)
  values ('epoch', to_jsonb(gen_random_uuid()::text), 'infinity')
  on conflict (key) do update set value = known.value
  returning value #>> '{}';
$$;
comment on function private.scratch_epoch() is
  'The epoch of the scratchpad: a random word that is made when absent and lost in a crash.';

create function private.scratch_write_back(key text, value jsonb, revision bigint, epoch text, ttl_seconds integer)
returns text
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  -- The floor of agents:<user> is floor:<user>; the lock waits for a floor that is being raised now.
  floor_row private.scratch_values;
begin
  if private.scratch_epoch() <> scratch_write_back.epoch then
    return 'other_epoch';
  end if;
  insert into private.scratch_values as known (key, revision, expires_at)
  values ('floor:' || split_part(scratch_write_back.key, ':', 2), 0, now() + interval '10 minutes')
  on conflict (key) do update set expires_at = greatest(known.expires_at, excluded.expires_at)
  returning * into floor_row;
  if floor_row.revision > scratch_write_back.revision then
    return 'below_floor';
  end if;
  insert into private.scratch_values as known (key, value, revision, epoch, expires_at)
  values (scratch_write_back.key, scratch_write_back.value, scratch_write_back.revision, scratch_write_back.epoch,
    now() + make_interval(secs => ttl_seconds))
  on conflict (key) do update
    set value = excluded.value, revision = excluded.revision, epoch = excluded.epoch, expires_at = excluded.expires_at
    where known.epoch is distinct from excluded.epoch or known.revision <= excluded.revision
      or known.expires_at <= now();
  return 'written';
end;
$$;
comment on function private.scratch_write_back(text, jsonb, bigint, text, integer) is
  'Caches an answer for ttl_seconds unless a newer revision is known (below_floor) or the scratchpad lost its floors '
  'since it was read (other_epoch). key: agents:<user>.';

create function private.scratch_raise_floors(floors jsonb)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into private.scratch_values as known (key, revision, expires_at)
  select 'floor:' || given.key, given.value::bigint, now() + interval '10 minutes'
  from jsonb_each_text(floors) as given order by given.key
  on conflict (key) do update
    set revision = greatest(known.revision, excluded.revision), expires_at = excluded.expires_at;
  delete from private.scratch_values as answer using jsonb_each_text(floors) as given
  where answer.key = 'agents:' || given.key and answer.revision < given.value::bigint;
$$;
comment on function private.scratch_raise_floors(jsonb) is
  '{"<user>": revision}: for 10 minutes, older answers are neither used nor written back. A floor never sinks.';

create function private.scratch_hit(key text, max_count integer, window_seconds integer, amount integer default 1)
returns table (allowed boolean, remaining integer, reset_seconds integer)
language sql
volatile
rows 1
set search_path = ''
as $$
  insert into private.scratch_counters as known (key, count, window_ends_at)
  values (scratch_hit.key, amount, now() + make_interval(secs => window_seconds))
  on conflict (key) do update set
    count = case when known.window_ends_at <= now() then excluded.count else known.count + excluded.count end,
    window_ends_at = case when known.window_ends_at <= now() then excluded.window_ends_at else known.window_ends_at end
  returning known.count <= max_count, greatest(max_count - known.count, 0)::integer,
    ceil(extract(epoch from known.window_ends_at - now()))::integer;
$$;
comment on function private.scratch_hit(text, integer, integer, integer) is
  'Adds `amount` to the key''s window. Returns whether the count is within max_count, what is left, and the seconds '
  'until the window ends.';

create function private.scratch_join(for_key text, who text, what jsonb, ttl_seconds double precision)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  former_end timestamptz;
begin
  select known.ends_at into former_end from private.scratch_members as known
  where known.key = for_key and known.member = who;
  insert into private.scratch_members as known (key, member, info, ends_at)
  values (for_key, who, what, now() + make_interval(secs => ttl_seconds))
  on conflict (key, member) do update set info = excluded.info, ends_at = excluded.ends_at;
  return not coalesce(former_end > now(), false);
end;
$$;
comment on function private.scratch_join(text, text, jsonb, double precision) is
  'Adds a member to a set, or renews it, for ttl_seconds; true when it is new. A function, because its plans are '
  'cached even where a pooler forbids prepared statements: heartbeats are the scratchpad''s most frequent write.';

create function private.sweep_scratchpad()
returns bigint
language sql
volatile
set search_path = ''
as $$
  with gone_values as (delete from private.scratch_values where expires_at <= now() returning 1),
  gone_members as (delete from private.scratch_members where ends_at <= now() returning 1),
  gone_counters as (delete from private.scratch_counters where window_ends_at <= now() returning 1)
  select (select count(*) from gone_values) + (select count(*) from gone_members) + (select count(*)
    from gone_counters);
$$;
comment on function private.sweep_scratchpad() is 'Removes expired rows, which readers never see. Returns how many.';
