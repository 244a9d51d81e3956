-- What supabase_vault offers to SQL, with the same names, arguments and grants. The original encrypts with a key that
-- the server keeps outside of the database; that needs its C library. Here secrets are stored as they are: good for
-- development, for nothing else.

create table vault.secrets (
  id uuid primary key default gen_random_uuid(),
  name text,
  description text not null default '',
  secret text not null,
  key_id uuid,
  nonce bytea,
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);
create unique index on vault.secrets (name) where name is not null;
comment on table vault.secrets is
  'Secrets. Read them through vault.decrypted_secrets. This local stand-in does not encrypt.';

create view vault.decrypted_secrets as
select id, name, description, secret, secret as decrypted_secret, key_id, nonce, created_at, updated_at
from vault.secrets;

create function vault.create_secret(
  new_secret text,
  new_name text default null,
  new_description text default '',
  new_key_id uuid default null
)
returns uuid
language sql
security definer
set search_path = ''
as $$
  insert into vault.secrets (secret, name, description, key_id)
  values (new_secret, new_name, new_description, new_key_id)
  returning id
$$;

create function vault.update_secret(
  secret_id uuid,
  new_secret text default null,
  new_name text default null,
  new_description text default null,
  new_key_id uuid default null
)
returns void
language sql
security definer
set search_path = ''
as $$
  update vault.secrets as s
  set secret = coalesce(new_secret, s.secret),
    name = coalesce(new_name, s.name),
    description = coalesce(new_description, s.description),
    key_id = coalesce(new_key_id, s.key_id),
    updated_at = current_timestamp
  where s.id = secret_id
$$;

revoke execute on all functions in schema vault from public;

do $$
declare
  role_name text;
begin
  for role_name in select rolname from pg_catalog.pg_roles where rolname in ('postgres', 'service_role') loop
    execute pg_catalog.format('grant usage on schema vault to %I', role_name);
    execute pg_catalog.format('grant select, delete on vault.secrets, vault.decrypted_secrets to %I', role_name);
    execute pg_catalog.format('grant execute on function vault.create_secret, vault.update_secret to %I', role_name);
  end loop;
end;
$$;
