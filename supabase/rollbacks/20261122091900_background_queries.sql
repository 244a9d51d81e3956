delete from private.personal_columns
where table_name in ('public.background_queries', 'public.context_profiles', 'public.context_records',
  'public.streams');
drop function public.cancel_background_query(bigint);
drop function private.cancel_background_query(bigint);
drop function private.asker_of_query(bigint, uuid, uuid);
drop function public.ask_in_background(uuid, text, jsonb, text);
drop function private.ask_in_background(uuid, text, jsonb, text);
delete from private.work_queues where name = 'background_queries';
drop function private.claim_background_queries(text, uuid, interval, integer, integer, uuid[], integer);
drop table public.background_queries;
drop function private.broadcast_background_query();
