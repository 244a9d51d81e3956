-- Back from: credentials of agents. Existing credentials stop working.
drop function private.use_agent_credential(text, text);
drop function public.create_agent_credential(uuid, text, text[], timestamptz, text, text);
drop function private.create_agent_credential(uuid, text, text[], timestamptz, text, text);
drop table public.agent_credentials;
select private.remove_limits(array['agent_credentials']);
drop function private.check_scopes();
drop function public.scopes();
drop function private.scopes();
