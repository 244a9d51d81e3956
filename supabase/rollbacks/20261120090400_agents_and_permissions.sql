-- Back from: agents and permissions. The registry of agents and every grant is gone.
drop table public.permissions;
drop table public.agents;
drop function private.stamp_granted_by();
drop function private.keep_endpoint_in_namespace();
drop function private.endpoint_namespace(text);
