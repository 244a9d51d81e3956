drop function public.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb);
drop function private.assemble_context(uuid, integer, text, extensions.halfvec, text, uuid, jsonb);
drop function private.cost_of_leaf(public.messages, public.messages[]);
drop function private.cut_of_branch(public.messages[], integer);
drop function private.fit_memories(public.conversations, text, extensions.halfvec, text, integer);
drop function private.fit_path(public.messages[], integer);
