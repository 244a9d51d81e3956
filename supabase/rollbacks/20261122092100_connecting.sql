-- Back from: connecting. Client secrets are deleted from the vault: set them again after migrating forward.
update public.connection_providers set client_secret_id = null where client_secret_id is not null;
drop trigger drop_provider_secret on public.connection_providers;
drop function private.drop_provider_secret();
drop function public.set_provider_secret(text, text);
drop function private.set_provider_secret(text, text);
drop function private.store_connection(uuid, uuid, uuid, text, text, text[], text, text, integer);
drop function private.put_secret(uuid, text, text);
drop function private.attempt_to_confirm(text);
drop function private.take_connection_attempt(text, uuid);
drop function private.begin_connection(uuid, uuid, text, text, text, text, uuid);
delete from private.personal_columns where table_name = 'private.connection_attempts';
drop table private.connection_attempts;
