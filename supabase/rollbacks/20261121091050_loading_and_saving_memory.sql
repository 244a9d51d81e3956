select cron.unschedule('prune-agent-memory');
drop function private.prune_agent_memory_history(interval, integer);
drop function public.save_agent_memory(uuid, jsonb, uuid, text);
drop function public.load_agent_memory(uuid, uuid, text[], text);
drop function private.save_agent_memory(uuid, jsonb, uuid, text);
drop function private.check_memory_entries(jsonb);
drop function private.load_agent_memory(uuid, uuid, text[], text);
drop function private.agent_memory_table(uuid, text);
