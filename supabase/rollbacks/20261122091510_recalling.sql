delete from private.personal_columns
where table_name in ('private.recalls', 'public.document_chunks', 'public.documents', 'public.memories',
  'public.memory_sources');
revoke execute on function private.memory_person(uuid, uuid, text) from authenticated, service_role;
select cron.unschedule('age-memories');
drop function private.age_memories();
drop function public.memories_at(uuid, timestamptz, text, uuid);
drop function public.memory_health(uuid, uuid);
drop function public.recall(uuid, text, extensions.halfvec, text, uuid, text[], text, integer, uuid);
drop function private.recall(uuid, text, extensions.halfvec, text, uuid, text[], text, integer, uuid);
drop function private.current_embedding_model();
