-- Back from: connections. Every connection is gone; people must connect again.
create or replace function private.require_reportable(action text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if action ~ '^(workspace|member|invitation|agent|permission|session|audit|account|billing)\.' then
    perform private.raise_error('reserved_action', 'Actions beginning so are written by the platform itself.', 403, 'Name the action after your own subject, e.g. report.exported.');
  end if;
end;
$$;
comment on function private.require_reportable(text) is 'reserved_action (403) for the actions that only the platform writes: a person cannot forge a grant or a turn.';
delete from private.personal_columns where table_name = 'public.service_connections';
drop table private.connection_renewals;
drop table public.service_connections;
drop function private.forget_secrets();
drop table public.connection_providers;
