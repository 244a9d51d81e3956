-- Log positions: where the write-ahead log stands, so that a reader who has seen a write can ask a replica that has it.
--
-- Touches: private.log_position (on the primary), private.await_position (on a replica), public.log_position (for
--          clients that write through the Data API).
-- Beware:  a position says how much was replayed, and not whose rows were read. Whoever asks a replica was authorised
--          by the primary before (docs/decisions/0038-replicas-answer-after-the-primary-has-authorised.md).

create function private.log_position()
returns text
language sql
volatile
set search_path = ''
as $$
  -- At the start of a page the next record begins after the page's header (24 bytes, 40 in a segment's first page). A
  -- replica that has replayed everything stands before the header.
  select (log.place - case when log.in_page in (24, 40) then log.in_page else 0 end)::text
  from (
    select inserted.place, (inserted.place - '0/0'::pg_lsn) % 8192 as in_page
    from (select pg_current_wal_insert_lsn() as place offset 0) as inserted
  ) as log;
$$;
comment on function private.log_position() is
  'Where the primary''s log ends now. Everything that this statement''s snapshot sees lies before it, also what was '
  'committed without waiting for the disk. Fails on a replica.';

create function private.await_position(needed text, patience integer)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  deadline timestamptz := clock_timestamp() + make_interval(secs => patience / 1000.0);
  replayed pg_lsn;
begin
  if not pg_is_in_recovery() then
    raise exception 'not a replica' using errcode = 'object_not_in_prerequisite_state', detail = 'not_a_replica';
  end if;
  loop
    replayed := pg_last_wal_replay_lsn();
    exit when replayed >= needed::pg_lsn;
    if clock_timestamp() >= deadline then
      raise exception 'the replica is late' using errcode = 'object_not_in_prerequisite_state', detail = 'late';
    end if;
    perform pg_sleep(0.001);
  end loop;
  return replayed::text;
end;
$$;
comment on function private.await_position(text, integer) is
  'On a replica: waits until it has replayed the log up to `needed`, at most `patience` ms, and returns how far it is. '
  'The next statement of the transaction sees at least that. Raises 55000 with detail late or not_a_replica: a server '
  'that was promoted may stand beside the real primary.';

create function public.log_position()
returns text
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.log_position();
$$;
comment on function public.log_position() is
  'For a client that has just written through the Data API: where the log stands. A function that is asked with '
  '`x-consistency: at-least:<position>` then answers from a replica that has the write, or from the primary.';

grant execute on function private.log_position(), public.log_position() to authenticated, service_role;
