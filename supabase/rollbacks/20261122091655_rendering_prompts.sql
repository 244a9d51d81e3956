drop function private.render_context(public.messages[], bigint, uuid[], uuid[]);
drop function private.complete_parts(public.messages, uuid, text[]);
drop function private.preceding_question(public.messages, public.messages[]);
drop function private.instructions(public.messages);
drop function private.memory_list(text, uuid[]);
