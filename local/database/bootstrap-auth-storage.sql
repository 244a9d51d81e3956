-- After @supabase/lite has made its tables of Auth and Storage: their owners, the platform's columns that it lacks, and who may do what.
-- Run by the server's superuser at each start; every statement may be repeated.

alter table auth.users add column if not exists instance_id uuid;
alter table auth.users add column if not exists is_super_admin boolean;

do $$
declare
  relation record;
begin
  for relation in
    select n.nspname as schema, c.relname as name, case n.nspname when 'auth' then 'supabase_auth_admin' else 'supabase_storage_admin' end as owner
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

-- An anonymous person who gives an address becomes a known one; the platform's Auth does this itself.
create or replace function auth.end_anonymity() returns trigger language plpgsql set search_path = '' as $$
begin
  new.is_anonymous := false;
  return new;
end;
$$;
create or replace trigger end_anonymity before update of email, phone on auth.users
  for each row when (old.is_anonymous and (new.email is not null or new.phone is not null))
  execute function auth.end_anonymity();
