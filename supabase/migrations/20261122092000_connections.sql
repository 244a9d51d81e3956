-- Connections: a person's accounts at other services (calendar, mailbox, repository), which agents use on the person's
-- behalf.
--
-- Touches: public.connection_providers: OAuth 2 providers.
--          public.service_connections: a person's accounts.
--          private.connection_renewals: leases of running renewals.
-- Beware:  No table holds a token. A row has the ids of its secrets in the vault, which only the tables' owner can
--          read. The edge function `connections` and its SQL functions in the next chapters are the only way there. The
--          operator sets a provider's URLs; the edge function still checks the target of each request.

create table public.connection_providers (
  name text primary key,
  display_name text not null,
  authorize_url text not null,
  token_url text not null,
  revoke_url text,
  client_id text not null,
  client_secret_id uuid,
  client_authentication text not null default 'basic',
  uses_pkce boolean not null default true,
  needs_confirmation boolean not null default false,
  scopes text[] not null default '{}',
  authorize_parameters jsonb not null default '{}',
  is_enabled boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint name_is_a_slug check (name ~ '^[a-z][a-z0-9-]*$' and length(name) <= 60),
  constraint display_name_is_short check (length(display_name) between 1 and 200),
  -- Plain http is for a provider on the operator's own machine. The functions refuse it unless configured otherwise.
  constraint authorize_url_is_https check (length(authorize_url) <= 2000
    and authorize_url ~ '^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s#]+$'),
  constraint token_url_is_https check (length(token_url) <= 2000
    and token_url ~ '^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s#]+$'),
  constraint revoke_url_is_https check (length(revoke_url) <= 2000
    and revoke_url ~ '^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s#]+$'),
  constraint client_id_is_short check (length(client_id) between 1 and 500),
  constraint client_authentication_is_known check (client_authentication in ('basic', 'post', 'none')),
  constraint a_client_without_a_secret_uses_pkce check (client_authentication <> 'none' or uses_pkce),
  constraint scopes_are_few_and_short check (cardinality(scopes) <= 100
    and length(array_to_string(scopes, ' ', '?')) <= 4000),
  constraint authorize_parameters_are_a_small_object check (jsonb_typeof(authorize_parameters) = 'object'
    and length(authorize_parameters::text) <= 2000)
);
comment on table public.connection_providers is
  'OAuth 2 providers that people can connect to, as registered by the operator. People read what a button needs.';
comment on column public.connection_providers.client_secret_id is
  'In the vault; set by set_provider_secret. Null for a public client.';
comment on column public.connection_providers.client_authentication is
  'How the client authenticates at the token endpoint: basic (a header), post (in the body), none (PKCE alone).';
comment on column public.connection_providers.needs_confirmation is
  'The callback redirects to the page that the person came from, which finishes the connection with their token (POST '
  '/connections/finish). So no attacker can trick another user into connecting that user''s account to the attacker''s '
  'connection. Requires return_to.';
comment on column public.connection_providers.authorize_parameters is
  'Extra parameters of the authorize URL, e.g. {"access_type": "offline", "prompt": "consent"}. The protocol''s own '
  'parameters win.';
create trigger touch_updated_at before update on public.connection_providers
  for each row execute function private.touch_updated_at();

alter table public.connection_providers enable row level security;
grant select (name, display_name, scopes, is_enabled) on public.connection_providers to authenticated;
grant select, insert, update, delete on public.connection_providers to service_role;
-- insert, update and delete are not granted to people: a user who could write token_url would receive the tokens.

create policy "Members read the providers that they can connect to" on public.connection_providers
  for select to authenticated
  using (is_enabled and cardinality((select private.workspace_ids('member'))::uuid[]) > 0);
comment on policy "Members read the providers that they can connect to" on public.connection_providers is
  'A name, a label and the scopes: enough for a button. Guests of a workspace use agents; they bring no accounts into '
  'it.';

-- service_connections -------------------------------------------------------------------------------------------------
create table public.service_connections (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  user_id uuid not null,
  provider text not null references public.connection_providers (name) on update cascade,
  account text,
  scopes text[] not null default '{}',
  status text not null default 'active',
  access_secret_id uuid,
  refresh_secret_id uuid,
  expires_at timestamptz,
  refreshed_at timestamptz,
  last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, id),
  constraint one_connection_per_account unique nulls not distinct (workspace_id, user_id, provider, account),
  constraint person_is_a_member foreign key (workspace_id, user_id)
    references public.members (workspace_id, user_id) on delete cascade,
  constraint provider_is_short check (length(provider) <= 60),
  constraint account_is_short check (length(account) between 1 and 320),
  constraint scopes_are_few_and_short check (cardinality(scopes) <= 100
    and length(array_to_string(scopes, ' ', '?')) <= 4000),
  constraint status_is_known check (status in ('active', 'expired', 'revoked', 'failed')),
  constraint living_connections_have_a_token check ((status in ('active', 'failed')) = (access_secret_id is not null)),
  constraint dead_connections_renew_nothing check (access_secret_id is not null or refresh_secret_id is null),
  constraint failure_says_why check (status <> 'failed' or last_error is not null),
  constraint last_error_is_short check (length(last_error) between 1 and 500)
);
comment on table public.service_connections is
  'A person''s account at a provider. Its tokens are in the vault. Reading one is audited (connection.token_read).';
comment on column public.service_connections.account is
  'The account''s name, as the provider gives it (the email or subject of its id token); null if it gives none.';
comment on column public.service_connections.status is
  'active · failed: the provider currently refuses to renew it; retried, and the token is valid until expires_at · '
  'expired: ended, without a refresh token · revoked: the provider reports that access was withdrawn. After expired '
  'and revoked the person must connect again.';
comment on column public.service_connections.access_secret_id is 'In the vault.';
comment on column public.service_connections.expires_at is
  'When the access token expires; null when the provider does not say.';
comment on column public.service_connections.last_error is
  'The error of the last renewal: the protocol''s code or the HTTP status, never the provider''s own text.';
create index service_connections_user_id on public.service_connections (user_id, workspace_id);
create index service_connections_provider on public.service_connections (provider);
create index service_connections_due on public.service_connections (expires_at) where status in ('active', 'failed');
create trigger touch_updated_at before update on public.service_connections
  for each row execute function private.touch_updated_at();

alter table public.service_connections enable row level security;
grant select, delete on public.service_connections to authenticated, service_role;
-- insert and update are granted to no role: the functions of the next chapters write a connection together with its
-- tokens.

create policy "People read their connections, admins the workspace's" on public.service_connections
  for select to authenticated
  using (
    (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[]))
    or workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
comment on policy "People read their connections, admins the workspace's" on public.service_connections is
  'An admin sees what is connected to the workspace; the ids of secrets open nothing.';
create policy "People remove their connections" on public.service_connections
  for delete to authenticated
  using (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People remove their connections" on public.service_connections is
  'The account belongs to the person. To end a colleague''s connections, an admin removes the colleague.';

do $$
declare
  operation text;
begin
  foreach operation in array array['insert', 'update', 'delete'] loop
    execute format(
      'create trigger audit_%1$s after %1$s on public.service_connections referencing %2$s for each statement execute '
        'function private.audit_changes(%3$L, %4$L, %5$L, %6$L)',
      operation,
      case operation when 'insert' then 'new table as new_rows' when 'delete' then 'old table as old_rows'
        else 'old table as old_rows new table as new_rows' end,
      'connection', 'id', 'user_id,provider,scopes,status', 'workspace_id'
    );
  end loop;
end;
$$;

-- connection_renewals -------------------------------------------------------------------------------------------------
create table private.connection_renewals (
  connection_id uuid primary key references public.service_connections (id) on delete cascade,
  lease uuid,
  lease_ends_at timestamptz,
  failures integer not null default 0,
  next_attempt_at timestamptz,
  constraint a_lease_ends check ((lease is null) = (lease_ends_at is null)),
  constraint failures_are_counted check (failures >= 0)
);
comment on table private.connection_renewals is
  'Leases of running renewals, and when the next attempt is due after failures. No row: none is running, and none '
  'failed.';

create function private.forget_secrets()
returns trigger
language plpgsql
volatile
security definer -- the vault belongs to the owner
set search_path = ''
as $$
begin
  delete from vault.secrets
  where id in (old.access_secret_id, old.refresh_secret_id)
    and id not in (select kept from unnest(array[new.access_secret_id, new.refresh_secret_id]) as kept
      where kept is not null);
  return null;
end;
$$;
comment on function private.forget_secrets() is
  'Trigger on service_connections: deletes secrets from the vault that the row no longer references.';
create trigger forget_secrets after update of access_secret_id, refresh_secret_id on public.service_connections
  for each row
  when (old.access_secret_id is distinct from new.access_secret_id
    or old.refresh_secret_id is distinct from new.refresh_secret_id)
  execute function private.forget_secrets();

insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.service_connections', 'user_id', 'delete', true, 'workspace_id'),
  ('public.service_connections', 'account', 'with_row', false, 'workspace_id');
