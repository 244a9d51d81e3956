-- Connecting: from the user's click to tokens in the vault.
--
-- Touches: private.connection_attempts: who was sent to which provider.
--          SQL functions of the edge function `connections`, for /:provider/authorize and /callback.
--          set_provider_secret: stores a provider's client secret.
-- Beware:  A browser calls the callback without a credential. It has only the `state`, 256 random bits that were given
--          to one person for one connection. The digest of the state is the key here; a state works once, for ten
--          minutes. The PKCE verifier is derived from the state and this row's salt, so neither the browser's history
--          nor this table is enough to compute it.

create table private.connection_attempts (
  state_digest text primary key,
  salt text not null,
  user_id uuid not null,
  workspace_id uuid not null,
  provider text not null references public.connection_providers (name) on update cascade on delete cascade,
  connection_id uuid not null,
  scopes text[] not null,
  return_to text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '10 minutes',
  constraint person_is_a_member foreign key (user_id, workspace_id)
    references public.members (user_id, workspace_id) on delete cascade,
  constraint state_digest_is_sha_256 check (state_digest ~ '^[0-9a-f]{64}$'),
  constraint return_to_is_short check (length(return_to) <= 2000)
);
comment on table private.connection_attempts is
  'Open connection attempts: who was sent to which provider. The key is the SHA-256 of the state.';
create index connection_attempts_user_id on private.connection_attempts (user_id, workspace_id);
create index connection_attempts_provider on private.connection_attempts (provider);
create index connection_attempts_expires_at on private.connection_attempts (expires_at);

create function private.begin_connection(
  for_user uuid, in_workspace uuid, to_provider text, state_digest text, salt text, return_to text default null,
    reconnect uuid default null
)
returns table (
  connection_id uuid, authorize_url text, client_id text, uses_pkce boolean, needs_confirmation boolean, scopes text[],
  authorize_parameters jsonb,
  expires_at timestamptz
)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  provider public.connection_providers;
begin
  if coalesce(private.member_role(for_user, in_workspace), 'guest') = 'guest' then
    perform private.raise_error('not_found', 'No such workspace of yours.', 404,
      'It takes a member; guests connect no accounts.');
  end if;
  select * into provider from public.connection_providers as known where known.name = to_provider and known.is_enabled;
  if provider.name is null then
    perform private.raise_error('not_found', 'No such provider.', 404);
  end if;
  if reconnect is not null and not exists (
    select from public.service_connections as known
    where known.id = reconnect and known.workspace_id = in_workspace and known.user_id = for_user
      and known.provider = to_provider
  ) then
    perform private.raise_error('not_found', 'No such connection of yours to this provider.', 404);
  end if;
  -- A person has few open attempts: the oldest are dropped.
  delete from private.connection_attempts as open using (
    select known.state_digest from private.connection_attempts as known
    where known.workspace_id = in_workspace and known.user_id = for_user
    order by known.created_at desc offset 9
  ) as surplus where open.state_digest = surplus.state_digest;
  return query
    insert into private.connection_attempts as attempt (state_digest, salt, user_id, workspace_id, provider,
      connection_id, scopes, return_to)
    values (
      begin_connection.state_digest, begin_connection.salt, for_user, in_workspace, provider.name,
      coalesce(reconnect, gen_random_uuid()), provider.scopes, begin_connection.return_to
    )
    returning attempt.connection_id, provider.authorize_url, provider.client_id, provider.uses_pkce,
      provider.needs_confirmation, provider.scopes,
      provider.authorize_parameters,
      attempt.expires_at;
end;
$$;
comment on function private.begin_connection(uuid, uuid, text, text, text, text, uuid) is
  'Starts an attempt, which expires after 10 minutes. reconnect: the connection to renew; default: a new one. Keeps '
  'the person''s ten latest attempts. Errors: not_found 404.';

create function private.take_connection_attempt(state_digest text, for_user uuid default null)
returns table (
  user_id uuid, workspace_id uuid, provider text, connection_id uuid, salt text, scopes text[], return_to text,
  is_late boolean,
  token_url text, client_id text, client_secret text, client_authentication text, uses_pkce boolean
)
language sql
volatile
rows 1
set search_path = ''
as $$
  with taken as (
    delete from private.connection_attempts as open using public.connection_providers as p
    where open.state_digest = take_connection_attempt.state_digest and p.name = open.provider
      and case when for_user is null then not p.needs_confirmation else open.user_id = for_user end
    returning open.*
  )
  select taken.user_id, taken.workspace_id, taken.provider, taken.connection_id, taken.salt, taken.scopes,
    taken.return_to,
    taken.expires_at <= now() or not known.is_enabled or not private.belongs_to(taken.user_id, taken.workspace_id),
    known.token_url, known.client_id,
    (select secret.decrypted_secret from vault.decrypted_secrets as secret where secret.id = known.client_secret_id),
    known.client_authentication, known.uses_pkce
  from taken join public.connection_providers as known on known.name = taken.provider;
$$;
comment on function private.take_connection_attempt(text, uuid) is
  'Takes the attempt of a state, which then works no second time, with what the code exchange needs. for_user: the '
  'person who finishes it, only if it is theirs; null: the browser that returns, which is enough where no confirmation '
  'is needed. is_late: it has expired, or the person or the provider is gone. No row: unknown or used.';

create function private.attempt_to_confirm(state_digest text)
returns text
language sql
stable
set search_path = ''
as $$
  select open.return_to from private.connection_attempts as open
  join public.connection_providers as p on p.name = open.provider and p.needs_confirmation
  where open.state_digest = attempt_to_confirm.state_digest and open.expires_at > now();
$$;
comment on function private.attempt_to_confirm(text) is
  'The page that finishes this attempt, where the person must confirm it; otherwise null.';

create function private.put_secret(secret_id uuid, secret text, about text)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
begin
  if secret is null then
    return null;
  end if;
  if secret_id is null then
    return vault.create_secret(secret, null, about);
  end if;
  perform vault.update_secret(secret_id, secret);
  return secret_id;
end;
$$;
comment on function private.put_secret(uuid, text, text) is
  'Writes a secret to the vault, replacing the one with this id, if any. Returns its id; null for no secret.';

create function private.store_connection(
  connection_id uuid, for_user uuid, in_workspace uuid, to_provider text, account text, scopes text[],
  access_token text, refresh_token text, expires_in integer
)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  known public.service_connections;
  about text;
begin
  perform private.act_as(for_user);
  if private.member_role(for_user, in_workspace) is null then
    perform private.raise_error('not_found', 'No such workspace of yours.', 404);
  end if;
  -- The connection to renew, or the same account connected again.
  select * into known from public.service_connections as c
  where c.workspace_id = in_workspace and c.user_id = for_user and c.provider = to_provider
    and (c.id = store_connection.connection_id or c.account is not distinct from store_connection.account)
  order by c.account is not distinct from store_connection.account desc
  limit 1 for update;
  about := 'token of connection ' || coalesce(known.id, store_connection.connection_id);
  if known.id is null then
    insert into public.service_connections (id, workspace_id, user_id, provider, account, scopes, access_secret_id,
      refresh_secret_id, expires_at)
    values (
      store_connection.connection_id, in_workspace, for_user, to_provider, store_connection.account,
      store_connection.scopes,
      private.put_secret(null, access_token, 'access ' || about),
      private.put_secret(null, refresh_token, 'refresh ' || about),
      now() + make_interval(secs => expires_in)
    );
    return store_connection.connection_id;
  end if;
  -- A renewal of the old grant that is still running loses its lease.
  delete from private.connection_renewals as renewal where renewal.connection_id = known.id;
  update public.service_connections as c set
    status = 'active', account = coalesce(store_connection.account, c.account), scopes = store_connection.scopes,
    last_error = null,
    access_secret_id = private.put_secret(c.access_secret_id, access_token, 'access ' || about),
    -- Some providers return a refresh token the first time only.
    refresh_secret_id = coalesce(private.put_secret(c.refresh_secret_id, refresh_token, 'refresh ' || about),
      c.refresh_secret_id),
    expires_at = now() + make_interval(secs => expires_in)
  where c.id = known.id;
  return known.id;
end;
$$;
comment on function private.store_connection(uuid, uuid, uuid, text, text, text[], text, text, integer) is
  'Stores a provider''s answer to a code: tokens in the vault and their row, all or nothing. expires_in: seconds, null '
  'when the provider does not say. Returns the connection''s id, the existing one when the same account was connected '
  'before. Errors: not_found 404.';

create function private.set_provider_secret(provider text, secret text)
returns void
language plpgsql
volatile
security definer -- the vault belongs to the owner
set search_path = ''
as $$
declare
  known public.connection_providers;
begin
  select * into known from public.connection_providers as p where p.name = set_provider_secret.provider for update;
  if known.name is null then
    perform private.raise_error('not_found', 'No such provider.', 404);
  end if;
  update public.connection_providers as p
  set client_secret_id = private.put_secret(p.client_secret_id, set_provider_secret.secret,
    'client secret of ' || p.name)
  where p.name = known.name;
end;
$$;
comment on function private.set_provider_secret(text, text) is 'The body of public.set_provider_secret.';
grant execute on function private.set_provider_secret(text, text) to service_role;

create function public.set_provider_secret(provider text, secret text)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.set_provider_secret($1, $2);
$$;
comment on function public.set_provider_secret(text, text) is
  'Stores a provider''s client secret in the vault; null deletes it. For the service only. Errors: not_found 404.';
grant execute on function public.set_provider_secret(text, text) to service_role;

create function private.drop_provider_secret()
returns trigger
language plpgsql
volatile
security definer -- the vault belongs to the owner
set search_path = ''
as $$
begin
  if old.client_secret_id is not null
    and (tg_op = 'DELETE' or new.client_secret_id is distinct from old.client_secret_id) then
    delete from vault.secrets where id = old.client_secret_id;
  end if;
  return null;
end;
$$;
comment on function private.drop_provider_secret() is
  'Trigger on connection_providers: deletes a client secret from the vault that no row references any more.';
create trigger drop_provider_secret after delete or update of client_secret_id on public.connection_providers
  for each row execute function private.drop_provider_secret();

insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('private.connection_attempts', 'user_id', 'delete', false, 'workspace_id');
