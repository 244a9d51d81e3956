drop function private.render_context(public.messages[], bigint, uuid[], uuid[]);
drop function private.sayable_parts(public.messages, uuid, text[]);
drop function private.question_above(public.messages, public.messages[]);
drop function private.instructions(public.messages);
drop function private.memory_list(text, uuid[]);
