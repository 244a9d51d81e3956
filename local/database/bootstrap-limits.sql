-- What the platform refuses to the project's own role, imitated without its extensions (supautils, safeupdate,
-- Storage's own triggers). Run last, by the server's superuser, at each start; every statement may be repeated.

-- The platform lets `postgres` write policies and triggers on these tables, and nothing else: it is no member of their
-- services' roles. Postgres itself lets only a table's owner write policies. So these tables belong to a role of their
-- own, of which `postgres` is a member, and what an owner could do beyond the platform's permission is refused below.
do $$
declare
  relation text;
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'groundwork_policy_tables') then
    create role groundwork_policy_tables nologin noinherit;
  end if;
  grant groundwork_policy_tables to postgres, supabase_storage_admin, supabase_realtime_admin with inherit true;
  grant usage on schema storage, realtime, auth to groundwork_policy_tables;
  foreach relation in array array['storage.objects', 'storage.buckets', 'realtime.messages'] loop
    execute format('alter table %s owner to groundwork_policy_tables', relation);
  end loop;
end;
$$;

-- What `postgres` may do in the services' schemas: policies, triggers, comments, grants, and foreign keys that point
-- there from elsewhere.
create or replace function extensions.refuse_changes_of_services() returns event_trigger language plpgsql as $$
declare
  changed record;
begin
  if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) or current_user like 'supabase\_%' then
    return;
  end if;
  for changed in
    select command.command_tag, command.object_identity from pg_event_trigger_ddl_commands() as command
    where command.schema_name in ('auth', 'storage', 'realtime')
      and command.command_tag !~ '^(CREATE|ALTER) (POLICY|TRIGGER)$|^(COMMENT|GRANT|REVOKE)$'
  loop
    raise exception '% %: this schema belongs to a service of the platform', changed.command_tag,
      changed.object_identity
      using errcode = '42501', hint = 'Of its tables you may write policies and triggers, and refer to them.';
  end loop;
end;
$$;
create or replace function extensions.refuse_drops_of_services() returns event_trigger language plpgsql as $$
declare
  dropped record;
begin
  if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) or current_user like 'supabase\_%' then
    return;
  end if;
  for dropped in
    select o.object_type, o.object_identity from pg_event_trigger_dropped_objects() as o
    where o.schema_name in ('auth', 'storage', 'realtime') and o.original
      and o.object_type not in ('policy', 'trigger', 'table constraint')
  loop
    raise exception 'drop of % %: this schema belongs to a service of the platform', dropped.object_type,
      dropped.object_identity
      using errcode = '42501';
  end loop;
end;
$$;
do $$
begin
  if not exists (select from pg_catalog.pg_event_trigger where evtname = 'refuse_changes_of_services') then
    create event trigger refuse_changes_of_services on ddl_command_end
      execute function extensions.refuse_changes_of_services();
    create event trigger refuse_drops_of_services on sql_drop execute function extensions.refuse_drops_of_services();
  end if;
end;
$$;

-- A row of Storage that is deleted by hand leaves its file behind: Storage's API says that it means it.
create or replace function storage.protect_delete() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), '') <> 'true' then
    raise exception 'Direct deletion from storage tables is not allowed. Use the Storage API instead.'
      using errcode = '42501', hint = 'This prevents accidental data loss from orphaned objects.';
  end if;
  return null;
end;
$$;
alter function storage.protect_delete() owner to supabase_storage_admin;
create or replace trigger protect_buckets_delete before delete on storage.buckets
  for each statement execute function storage.protect_delete();
create or replace trigger protect_objects_delete before delete on storage.objects
  for each statement execute function storage.protect_delete();
