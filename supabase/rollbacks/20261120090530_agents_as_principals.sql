-- Back from: agents as principals.
drop function private.delegation_of(uuid, uuid, jsonb);
drop function private.workspaces_of_agent(text, text);
drop function private.person_behind_agent(text);
drop function private.agent_rights(text);
drop function private.scope_decision(uuid, jsonb, text, boolean);
drop function private.actor_decision(uuid, uuid, uuid, text);
drop function private.opens_for(text, text);
drop function private.token_has_scope(text);
drop function private.actor_of_token();
