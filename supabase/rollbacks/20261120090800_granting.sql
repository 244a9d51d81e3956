-- Back from: granting for the edge functions.
drop function private.remove_access(uuid, uuid, uuid, text);
drop function private.set_access(uuid, uuid, uuid, boolean, timestamptz, text, text);
drop function private.require_agent_admin(uuid, uuid);
drop function private.access_after_change(uuid, uuid);
