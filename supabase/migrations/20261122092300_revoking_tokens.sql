-- Revoking tokens: tokens of a removed connection are revoked at the provider too.
--
-- Touches: private.token_revocations, with a trigger on service_connections: the revocation queue.
--          The job refresh-connections: calls the edge function for due renewals and revocations.
-- Beware:  A connection disappears for all callers with its row. Its tokens stay in the vault until the provider has
--          confirmed, or for twenty attempts (about three days): an outage of the provider must not leave a valid token
--          behind. A row here names no person.

create table private.token_revocations (
  id bigint generated always as identity primary key,
  connection_id uuid not null,
  workspace_id uuid not null,
  provider text not null references public.connection_providers (name) on update cascade on delete cascade,
  access_secret_id uuid,
  refresh_secret_id uuid,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  lease uuid,
  last_error text,
  created_at timestamptz not null default now(),
  constraint there_is_a_token_to_revoke check (num_nonnulls(access_secret_id, refresh_secret_id) > 0),
  constraint attempts_are_bounded check (attempts between 0 and 20)
);
comment on table private.token_revocations is
  'Tokens of removed connections that are still to be revoked at the provider.';
create index token_revocations_next_attempt_at on private.token_revocations (next_attempt_at);
create index token_revocations_connection_id on private.token_revocations (connection_id);
create index token_revocations_provider on private.token_revocations (provider);

create function private.drop_revoked_secrets()
returns trigger
language plpgsql
volatile
security definer -- the vault belongs to the owner
set search_path = ''
as $$
begin
  delete from vault.secrets where id in (old.access_secret_id, old.refresh_secret_id);
  return null;
end;
$$;
comment on function private.drop_revoked_secrets() is
  'Trigger on token_revocations: deletes the tokens from the vault with the row.';
create trigger drop_revoked_secrets after delete on private.token_revocations
  for each row execute function private.drop_revoked_secrets();

create function private.queue_token_revocation()
returns trigger
language plpgsql
volatile
security definer -- people delete their own rows
set search_path = ''
as $$
begin
  if exists (select from public.connection_providers as p where p.name = old.provider and p.revoke_url is not null) then
    insert into private.token_revocations (connection_id, workspace_id, provider, access_secret_id, refresh_secret_id)
    values (old.id, old.workspace_id, old.provider, old.access_secret_id, old.refresh_secret_id);
  else
    delete from vault.secrets where id in (old.access_secret_id, old.refresh_secret_id);
  end if;
  return null;
end;
$$;
comment on function private.queue_token_revocation() is
  'Trigger on service_connections: however a row was deleted (by its person, with a member, by a purge), queues its '
  'tokens for revocation at the provider. If the provider has no revocation URL, deletes them from the vault at once.';
create trigger queue_token_revocation after delete on public.service_connections
  for each row when (old.access_secret_id is not null) execute function private.queue_token_revocation();

create function private.queue_late_revocation(of_connection uuid, in_workspace uuid, at_provider text,
  access_token text, refresh_token text)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into private.token_revocations (connection_id, workspace_id, provider, access_secret_id, refresh_secret_id)
  select of_connection, in_workspace, p.name, private.put_secret(null, access_token, 'stray access token'),
    private.put_secret(null, refresh_token, 'stray refresh token')
  from public.connection_providers as p where p.name = at_provider and p.revoke_url is not null;
$$;
comment on function private.queue_late_revocation(uuid, uuid, text, text, text) is
  'Queues tokens for revocation that a provider returned after their connection was removed.';

create function private.begin_revocations(batch integer, of_connection uuid default null)
returns table (
  id bigint, lease uuid, revoke_url text, client_id text, client_secret text, client_authentication text,
  access_token text, refresh_token text
)
language sql
volatile
set search_path = ''
as $$
  with due as (
    select r.id from private.token_revocations as r
    where r.next_attempt_at <= now() and (of_connection is null or r.connection_id = of_connection)
    order by r.next_attempt_at, r.id
    limit batch
    for update skip locked
  ), begun as (
    -- An attempt without a result may still be running: wait a minute before the next.
    update private.token_revocations as r
    set lease = gen_random_uuid(), attempts = r.attempts + 1, next_attempt_at = now() + interval '60 seconds'
    from due where r.id = due.id
    returning r.*
  ), read as (
    select begun.*, private.append_audit_entry(begun.workspace_id, null, 'connection.token_read', 'connection',
      begun.connection_id::text, null,
      jsonb_build_object('provider', begun.provider, 'reason', 'revoking'), null) as entry
    from begun
  )
  select read.id, read.lease, p.revoke_url, p.client_id,
    (select secret.decrypted_secret from vault.decrypted_secrets as secret where secret.id = p.client_secret_id),
    p.client_authentication,
    (select secret.decrypted_secret from vault.decrypted_secrets as secret where secret.id = read.access_secret_id),
    (select secret.decrypted_secret from vault.decrypted_secrets as secret where secret.id = read.refresh_secret_id)
  from read join public.connection_providers as p on p.name = read.provider
  where read.entry is not null;
$$;
comment on function private.begin_revocations(integer, uuid) is
  'Leases for a minute up to `batch` tokens that are due for revocation, or those of one connection, with what the '
  'request needs. Reading them is audited. Safe to run concurrently.';

create function private.finish_revocation(id bigint, lease uuid, trouble text default null)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.token_revocations;
begin
  select * into known from private.token_revocations as r
  where r.id = finish_revocation.id and r.lease = finish_revocation.lease for update;
  if known.id is null then
    return 'overtaken';
  end if;
  if trouble is not null and known.attempts < 20 then
    update private.token_revocations as r set
      lease = null, last_error = left(trouble, 500),
      -- Backoff: 1, 2, 4 … minutes, 6 hours at most.
      next_attempt_at = now() + least(60 * power(2, r.attempts - 1), 21600) * (1 + random() / 4) * interval '1 second'
    where r.id = known.id;
    return 'later';
  end if;
  delete from private.token_revocations as r where r.id = known.id;
  perform private.append_audit_entry(
    known.workspace_id, null, case when trouble is null then 'connection.tokens_revoked'
      else 'connection.revocation_given_up' end,
    'connection', known.connection_id::text, null,
    jsonb_strip_nulls(jsonb_build_object('provider', known.provider, 'attempts', known.attempts, 'trouble', trouble)),
    null
  );
  return case when trouble is null then 'revoked' else 'given_up' end;
end;
$$;
comment on function private.finish_revocation(bigint, uuid, text) is
  'Records the result of a revocation. Without an error the tokens are revoked and deleted from the vault (revoked). '
  'Otherwise it is retried later, and given up after twenty attempts, which is audited. overtaken: another attempt has '
  'the lease.';

create function private.remove_connection(connection_id uuid, for_user uuid)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.act_as(for_user);
  delete from public.service_connections as c
  where c.id = remove_connection.connection_id and c.user_id = for_user
    and private.belongs_to(for_user, c.workspace_id);
  if not found then
    perform private.raise_error('not_found', 'No such connection of yours.', 404);
  end if;
  return exists (select from private.token_revocations as r where r.connection_id = remove_connection.connection_id);
end;
$$;
comment on function private.remove_connection(uuid, uuid) is
  'Removes a person''s connection at once. Returns true when its tokens are still to be revoked at the provider. '
  'Errors: not_found 404.';

-- The job -------------------------------------------------------------------------------------------------------------

create function private.refresh_connections()
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  ended integer;
  due bigint;
  revocations bigint;
begin
  delete from private.connection_attempts where expires_at <= now();
  -- Expired tokens without a refresh token.
  ended := coalesce((private.for_all_workspaces('refresh-connections', $each$
    with ended as (update public.service_connections as c set status = 'expired', access_secret_id = null
      where c.status in ('active', 'failed') and c.refresh_secret_id is null and c.expires_at <= now()
        and ($1 is null or c.workspace_id = $1) returning 1)
    select array[count(*)] from ended$each$,
    'select distinct c.workspace_id from public.service_connections as c where c.expires_at <= now() order by 1'))[1],
      0);
  select count(*) into due
  from public.service_connections as c
  left join private.connection_renewals as r on r.connection_id = c.id
  join public.workspaces as w on w.id = c.workspace_id
  where c.status in ('active', 'failed') and c.refresh_secret_id is not null
    and c.expires_at <= now() + interval '10 minutes'
    and coalesce(r.next_attempt_at <= now(), true) and coalesce(r.lease_ends_at <= now(), true)
      and w.deleted_at is null and w.left_at is null;
  -- A call handles up to 50 and is not retried: the rest is due again in five minutes.
  perform private.call_function('refresh-connections', 'connections/refresh-due', '{}', 1)
  from generate_series(1, least(ceil(due / 50.0), 20)::integer);
  select count(*) into revocations from private.token_revocations as r where r.next_attempt_at <= now();
  perform private.call_function('refresh-connections', 'connections/revoke-due', '{}', 1)
  from generate_series(1, least(ceil(revocations / 50.0), 20)::integer);
  return jsonb_build_object('expired', ended, 'due', due, 'revocations', revocations);
end;
$$;
comment on function private.refresh_connections() is
  'Calls connections/refresh-due for tokens that expire within ten minutes, and connections/revoke-due for those to be '
  'revoked, one call for each 50. Marks connections as expired that ended for good. Deletes unused states. Returns the '
  'counts.';
select cron.schedule('refresh-connections', '*/5 * * * *', 'select private.refresh_connections()');
