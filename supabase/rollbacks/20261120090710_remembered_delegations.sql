-- Back from: remembered delegations. Each statement with an agent's token decides again.
drop trigger raise_revisions_on_delete on public.agent_consents;
drop trigger raise_revisions_on_update on public.agent_consents;
drop function private.raise_revisions_of_consents();
drop function private.delegation_of_token(text);
drop function private.remember_delegation(uuid, uuid);
drop table private.delegations;
