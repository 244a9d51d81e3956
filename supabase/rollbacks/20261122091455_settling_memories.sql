drop function private.shorten_memories(uuid, uuid, uuid, text, integer, double precision, timestamptz, timestamptz);
drop trigger settle_memory on public.memories;
drop function private.settle_memory();
drop function private.merge_memory(uuid, uuid);
