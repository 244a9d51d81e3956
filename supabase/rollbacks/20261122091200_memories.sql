drop function private.confirm_memory(uuid, double precision, text, timestamptz);
drop function private.find_duplicate(uuid, uuid, uuid, text, text, extensions.halfvec, text, uuid[]);
drop function private.lock_memories(uuid, uuid);
drop function private.memories_lock(uuid, uuid);
drop table public.memory_sources;
drop table public.memories;
drop function private.source_rank(text);
