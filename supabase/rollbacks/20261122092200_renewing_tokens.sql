-- Back from: reading and renewing tokens.
drop function private.begin_due_renewals(integer, interval);
drop function private.fail_renewal(uuid, uuid, text, boolean);
drop function private.finish_renewal(uuid, uuid, text, text, integer, text[]);
drop function private.begin_renewal(uuid, text, interval, uuid);
drop function private.read_connection_token(uuid, text, uuid, interval);
