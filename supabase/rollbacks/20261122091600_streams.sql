select cron.unschedule('end-abandoned-streams');
drop function private.end_abandoned_streams();
drop function private.finish_stream(uuid, jsonb, jsonb, integer, text);
drop function private.store_answer(public.streams, jsonb, jsonb, integer);
drop function private.stop_stream(uuid);
drop function private.open_stream(uuid, text, text);
create or replace function private.sweep_scratchpad()
returns bigint
language sql
volatile
set search_path = ''
as $$
  with gone_values as (delete from private.scratch_values where expires_at <= now() returning 1),
  gone_members as (delete from private.scratch_members where ends_at <= now() returning 1),
  gone_counters as (delete from private.scratch_counters where window_ends_at <= now() returning 1)
  select (select count(*) from gone_values) + (select count(*) from gone_members) + (select count(*) from gone_counters);
$$;
drop function private.scratch_append(text, integer, jsonb, integer);
drop table private.scratch_chunks;
drop table public.streams;
drop function private.drop_chunks();
drop table private.deleted_streams;
