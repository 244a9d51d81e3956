-- Back from: revoking tokens. Tokens still to be revoked are deleted from the vault, and stay valid at the provider
-- until they expire.
select cron.unschedule('refresh-connections');
drop function private.refresh_connections();
drop function private.remove_connection(uuid, uuid);
drop function private.finish_revocation(bigint, uuid, text);
drop function private.begin_revocations(integer, uuid);
drop function private.revoke_later(uuid, uuid, text, text, text);
drop trigger part_with_tokens on public.service_connections;
drop function private.part_with_tokens();
delete from private.token_revocations;
drop table private.token_revocations;
drop function private.drop_revoked_secrets();
