-- After @supabase/lite has made its tables of Auth and Storage: their owners, the platform's columns that it lacks, and
-- who may do what. Run by the server's superuser at each start; every statement may be repeated.

alter table auth.users add column if not exists instance_id uuid;
alter table auth.users add column if not exists is_super_admin boolean;

-- The client of Auth's OAuth 2.1 server that a session is of.
alter table auth.sessions add column if not exists oauth_client_id uuid;

-- How a session was begun, and how sure of the person it is since.
create table if not exists auth.mfa_amr_claims (
  id uuid primary key,
  session_id uuid not null references auth.sessions (id) on delete cascade,
  authentication_method text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint mfa_amr_claims_session_id_authentication_method_pkey unique (session_id, authentication_method)
);

do $$
declare
  relation record;
begin
  for relation in
    select n.nspname as schema, c.relname as name,
      case n.nspname when 'auth' then 'supabase_auth_admin' else 'supabase_storage_admin' end as owner
    from pg_catalog.pg_class as c
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where n.nspname in ('auth', 'storage') and c.relkind = 'r'
  loop
    execute format('alter table %I.%I owner to %I', relation.schema, relation.name, relation.owner);
  end loop;
end;
$$;

grant all on all tables in schema auth to postgres;
grant usage on schema storage to anon, authenticated, service_role, postgres;
-- Row-level security decides, as on the platform.
grant all on storage.buckets, storage.objects to anon, authenticated, service_role;
grant all on all tables in schema storage to postgres;
