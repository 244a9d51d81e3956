drop function public.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid);
drop function private.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid);
drop function private.fit_path(uuid, integer);
drop function private.render_context(uuid, jsonb);
drop function private.memory_list(text, uuid[]);
drop table public.context_records;
drop trigger keep_short_form on public.messages;
drop function private.keep_short_form();
