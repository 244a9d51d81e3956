drop table public.agent_memory;
drop table public.agent_memory_history;
drop function private.keep_agent_memory_history();
drop function private.count_agent_memory_version();
