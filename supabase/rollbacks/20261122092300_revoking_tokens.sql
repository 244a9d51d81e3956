-- Back from: revoking tokens. Tokens still to be revoked are deleted from the vault, and stay valid at the provider
-- until they expire.
select cron.unschedule('refresh-connections');
drop function private.refresh_connections();
drop function private.remove_connection(uuid, uuid);
drop function private.finish_revocation(bigint, uuid, text);
drop function private.begin_revocations(integer, uuid);
drop function private.queue_late_revocation(uuid, uuid, text, text, text);
drop trigger queue_token_revocation on public.service_connections;
drop function private.queue_token_revocation();
delete from private.token_revocations;
drop table private.token_revocations;
drop function private.drop_revoked_secrets();
