-- Back from: agents as principals.
drop function private.delegation_of(uuid, uuid, jsonb);
drop function private.workspaces_of_agent(text, text);
drop function private.person_behind_agent(text);
drop function private.agent_rights(text);
drop function private.is_allowed_for(uuid, uuid, text);
