-- Reading and renewing tokens.
--
-- Touches: SQL functions of the edge function `connections`, for /:id/token, /:id/refresh and /refresh-due.
-- Beware:  A refresh token may work only once: the provider returns a new one with each renewal, and revokes the whole
--          grant when an old one is used again. So one caller at a time holds a renewal, by a lease in a row. A lock
--          would not do: a renewal spans an HTTP request, and the functions hold no transaction open. The request times
--          out after 10 seconds, the lease after 60.

create function private.read_connection_token(
  connection_id uuid, reason text, for_agent uuid default null, margin interval default '0'
)
returns table (access_token text, expires_at timestamptz, provider text, account text, scopes text[], is_due boolean)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  known public.service_connections;
begin
  select * into known from public.service_connections as c where c.id = read_connection_token.connection_id;
  if known.id is null or not private.belongs_to(known.user_id, known.workspace_id) then
    perform private.raise_error('not_found', 'No such connection.', 404);
  end if;
  -- An agent gets no more than the person for whom it acts may grant.
  if for_agent is not null and not exists (
    select from private.access_of(known.user_id, for_agent) as access
    where access.allowed and access.workspace_id = known.workspace_id
  ) then
    perform private.raise_error('access_denied', 'The person of this connection may not use this agent.', 403);
  end if;
  if known.status = 'revoked' then
    perform private.raise_error('connection_revoked', 'The provider says that this was taken back.', 409,
      'The person must connect the account again.');
  end if;
  -- A token of unknown end is never due.
  is_due := known.refresh_secret_id is not null and coalesce(known.expires_at <= now() + margin, false)
    and margin > interval '0';
  if not is_due then
    if known.status = 'expired' or known.expires_at <= now() then
      perform private.raise_error('connection_expired', 'This connection has ended.', 409,
        'The person must connect the account again, unless it can be refreshed.');
    end if;
    access_token := (select secret.decrypted_secret from vault.decrypted_secrets as secret
      where secret.id = known.access_secret_id);
    -- Each statement sees what has committed: the connection was removed after its row was read.
    if access_token is null then
      perform private.raise_error('not_found', 'No such connection.', 404);
    end if;
    perform private.append_audit_entry(
      known.workspace_id, known.user_id, 'connection.token_read', 'connection', known.id::text, for_agent,
      jsonb_build_object('provider', known.provider, 'reason', reason), null
    );
  end if;
  expires_at := known.expires_at;
  provider := known.provider;
  account := known.account;
  scopes := known.scopes;
  return next;
end;
$$;
comment on function private.read_connection_token(uuid, text, uuid, interval) is
  'Returns the access token and writes the audit entry connection.token_read (actor: the owner of the account; agent: '
  'for_agent; detail: provider, reason). is_due: no token and no entry, because it expires within the margin and can '
  'be renewed first. Errors: not_found 404, access_denied 403, connection_revoked 409, connection_expired 409.';

create function private.begin_renewal(connection_id uuid, reason text, within interval, for_user uuid default null)
returns table (
  outcome text, lease uuid, token_url text, client_id text, client_secret text, client_authentication text,
  refresh_token text, next_attempt_at timestamptz,
  workspace_id uuid, provider text
)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  known public.service_connections;
  renewal private.connection_renewals;
begin
  select * into known from public.service_connections as c where c.id = begin_renewal.connection_id for update;
  if known.id is null or (for_user is not null and known.user_id <> for_user)
    or not private.belongs_to(known.user_id, known.workspace_id) then
    perform private.raise_error('not_found', 'No such connection.', 404);
  end if;
  select * into renewal from private.connection_renewals as r where r.connection_id = known.id;
  next_attempt_at := renewal.next_attempt_at;
  outcome := case
    when known.status in ('revoked', 'expired') then known.status
    when known.refresh_secret_id is null then 'not_renewable'
    when renewal.lease_ends_at > now() then 'held'
    when known.expires_at > now() + within and known.status = 'active' then 'fresh'
    when renewal.next_attempt_at > now() then 'later'
    else 'begun'
  end;
  if outcome = 'begun' then
    lease := gen_random_uuid();
    workspace_id := known.workspace_id;
    provider := known.provider;
    insert into private.connection_renewals as r (connection_id, lease, lease_ends_at)
    values (known.id, lease, now() + interval '60 seconds')
    on conflict (connection_id) do update set lease = excluded.lease, lease_ends_at = excluded.lease_ends_at;
    select p.token_url, p.client_id, p.client_authentication,
      (select secret.decrypted_secret from vault.decrypted_secrets as secret where secret.id = p.client_secret_id),
      (select secret.decrypted_secret from vault.decrypted_secrets as secret where secret.id = known.refresh_secret_id)
    into token_url, client_id, client_authentication, client_secret, refresh_token
    from public.connection_providers as p where p.name = known.provider;
    perform private.append_audit_entry(
      known.workspace_id, coalesce(for_user, private.person_of_token()), 'connection.token_read', 'connection',
      known.id::text,
      private.agent_of_token(), jsonb_build_object('provider', known.provider, 'reason', reason, 'token', 'refresh'),
      null
    );
  end if;
  return next;
end;
$$;
comment on function private.begin_renewal(uuid, text, interval, uuid) is
  'Takes the lease to renew a connection whose token expires within the interval (a token of unknown expiry is always '
  'due). outcome: begun (with what the request needs) · held (by another caller) · fresh · later (it failed recently) '
  '· not_renewable · revoked · expired. for_user: only if it is theirs. Reading the refresh token is audited. Errors: '
  'not_found 404.';

create function private.finish_renewal(
  connection_id uuid, lease uuid, access_token text, refresh_token text, expires_in integer, scopes text[]
)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  known public.service_connections;
  about text := 'token of connection ' || finish_renewal.connection_id;
begin
  select * into known from public.service_connections as c where c.id = finish_renewal.connection_id for update;
  if known.id is null then
    return 'gone';
  end if;
  delete from private.connection_renewals as r where r.connection_id = known.id and r.lease = finish_renewal.lease;
  if not found then
    return 'overtaken';
  end if;
  update public.service_connections as c set
    status = 'active', last_error = null, refreshed_at = now(),
    scopes = coalesce(finish_renewal.scopes, c.scopes),
    access_secret_id = private.put_secret(c.access_secret_id, finish_renewal.access_token, 'access ' || about),
    refresh_secret_id = coalesce(private.put_secret(c.refresh_secret_id, finish_renewal.refresh_token,
      'refresh ' || about), c.refresh_secret_id),
    expires_at = now() + make_interval(secs => finish_renewal.expires_in)
  where c.id = known.id;
  return 'stored';
end;
$$;
comment on function private.finish_renewal(uuid, uuid, text, text, integer, text[]) is
  'Stores the provider''s answer to a refresh token; a null refresh_token or scopes keeps the old value. Returns '
  'stored, gone (the connection was removed meanwhile) or overtaken (another caller has the lease, or the account was '
  'connected anew). After gone and overtaken nothing is stored.';

create function private.fail_renewal(connection_id uuid, lease uuid, trouble text, is_revoked boolean)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  known public.service_connections;
  tries integer;
begin
  select * into known from public.service_connections as c where c.id = fail_renewal.connection_id for update;
  if known.id is null then
    return 'gone';
  end if;
  if is_revoked then
    delete from private.connection_renewals as r where r.connection_id = known.id and r.lease = fail_renewal.lease;
    if not found then
      return 'overtaken';
    end if;
    update public.service_connections as c
    set status = 'revoked', last_error = trouble, access_secret_id = null, refresh_secret_id = null
    where c.id = known.id;
    return 'revoked';
  end if;
  update private.connection_renewals as r set
    lease = null, lease_ends_at = null, failures = r.failures + 1,
    -- Backoff: 30 s, 1, 2, 4 … 60 minutes, each with up to a quarter of jitter.
    next_attempt_at = now() + least(30 * power(2, least(r.failures, 10)),
      3600) * (1 + random() / 4) * interval '1 second'
  where r.connection_id = known.id and r.lease = fail_renewal.lease
  returning r.failures into tries;
  if not found then
    return 'overtaken';
  end if;
  update public.service_connections as c set
    last_error = trouble,
    status = case when tries >= 3 or c.expires_at <= now() then 'failed' else c.status end
  where c.id = known.id;
  return 'later';
end;
$$;
comment on function private.fail_renewal(uuid, uuid, text, boolean) is
  'Records a failed renewal. is_revoked: the provider reports that the grant is gone, so the connection is revoked and '
  'its tokens are deleted from the vault. Otherwise the tokens stay, and the next attempt is delayed (30 s, doubled up '
  'to an hour). After three failures, or when the token has expired, the status is failed. Returns revoked, later, '
  'gone or overtaken.';

create function private.begin_due_renewals(batch integer, within interval default '10 minutes')
returns table (
  connection_id uuid, lease uuid, token_url text, client_id text, client_secret text, client_authentication text,
  refresh_token text,
  workspace_id uuid, provider text
)
language plpgsql
volatile
set search_path = ''
as $$
declare
  due record;
begin
  for due in
    select c.id, c.expires_at from public.service_connections as c
    left join private.connection_renewals as r on r.connection_id = c.id
    join public.workspaces as w on w.id = c.workspace_id
    where c.status in ('active', 'failed') and c.refresh_secret_id is not null and c.expires_at <= now() + within
      and coalesce(r.next_attempt_at <= now(), true) and coalesce(r.lease_ends_at <= now(), true)
        and w.deleted_at is null and w.left_at is null
    order by c.expires_at
    limit batch
    for update of c skip locked
  loop
    return query
      select due.id, begun.lease, begun.token_url, begun.client_id, begun.client_secret, begun.client_authentication,
        begun.refresh_token,
        begun.workspace_id, begun.provider
      from private.begin_renewal(due.id, 'about to expire', within) as begun
      where begun.outcome = 'begun';
  end loop;
end;
$$;
comment on function private.begin_due_renewals(integer, interval) is
  'Takes the leases of up to `batch` connections whose tokens expire within the interval, earliest first. Safe to run '
  'concurrently.';
