drop function public.prompt_of(uuid);
drop function public.replay_context(bigint);
drop function private.replay_context(bigint);
