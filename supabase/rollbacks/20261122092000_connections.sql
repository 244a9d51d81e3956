-- Back from: connections. All connections are lost; people must connect again.
delete from private.personal_columns where table_name = 'public.service_connections';
drop table private.connection_renewals;
drop table public.service_connections;
drop function private.forget_secrets();
drop table public.connection_providers;
