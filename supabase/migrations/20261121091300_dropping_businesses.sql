-- Dropping a business: needs its name as a confirmation, and exports all its rows first.
--
-- Touches: private.business_exports and private.business_export_rows, private.export_business,
--          private.read_business_export, private.drop_business, the job purge-businesses, a trigger on
--          public.businesses.
-- Beware:  dropping locks the tables first, so no row is written between the export and the drop. It also locks the
--          tables that its foreign keys reference (workspaces) against all access until it commits; it gives up after
--          waiting five seconds. Purging a workspace removes its rows at once, but a statement cannot drop tables that
--          way: the job drops them, without an export.

create table private.business_exports (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  prefix text not null,
  name text not null,
  time_zone text not null,
  made_by uuid,
  made_at timestamptz not null default now(),
  dropped_at timestamptz,
  counts jsonb not null default '{}'
);
comment on table private.business_exports is
  'Exports of a business''s tables, made before it is dropped or on request. Kept for 90 days, and no longer than the '
  'workspace.';
comment on column private.business_exports.made_by is 'The person who asked for it; null: the service.';
comment on column private.business_exports.dropped_at is
  'When the business was dropped with this export; null: only exported.';
comment on column private.business_exports.counts is 'The number of rows, by template.';
create index business_exports_workspace on private.business_exports (workspace_id);
create index business_exports_made_by on private.business_exports (made_by) where made_by is not null;
create index business_exports_made_at on private.business_exports (made_at);

create table private.business_export_rows (
  export_id uuid not null references private.business_exports (id) on delete cascade,
  ordinal bigint generated always as identity,
  table_name text not null,
  contents jsonb not null,
  primary key (export_id, ordinal)
);
comment on table private.business_export_rows is 'The rows of an export: the template''s name and the row.';

create table private.ownerless_prefixes (
  prefix text primary key,
  since timestamptz not null default now()
);
comment on table private.ownerless_prefixes is
  'Prefixes of deleted businesses whose tables still exist: their workspaces were purged. The job purge-businesses '
  'drops the tables.';

create function private.queue_prefix_removal()
returns trigger
language plpgsql
volatile
security definer -- for every caller that deletes a workspace
set search_path = ''
as $$
begin
  insert into private.ownerless_prefixes (prefix) values (old.prefix) on conflict do nothing;
  return null;
end;
$$;
comment on function private.queue_prefix_removal() is
  'Trigger: records the prefix of a deleted business, so that its tables are dropped.';
create trigger queue_prefix_removal after delete on public.businesses
  for each row when (old.prefix <> '') execute function private.queue_prefix_removal();

create function private.stamped_tables(prefix text)
returns table (table_name text, stamped regclass)
language sql
stable
set search_path = ''
as $$
  select t.table_name, c.oid::regclass
  from private.business_templates as t
  join pg_catalog.pg_class as c on c.relname = prefix || t.table_name and c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r', 'p')
  where prefix <> ''
  order by t.ordinal;
$$;
comment on function private.stamped_tables(text) is
  'The tables of a business, with their templates'' names. None for the empty prefix, whose tables are the templates.';

create function private.drop_stamped_tables(prefix text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  claim regprocedure;
  tables text := (select string_agg(s.stamped::text, ', ') from private.stamped_tables(prefix) as s);
begin
  for claim in
    select f.oid::regprocedure from private.work_queues as q
    join private.stamped_tables(prefix) as s on s.stamped = q.work_table
    join pg_catalog.pg_proc as f on f.proname = 'claim_' || q.name and f.pronamespace = 'private'::regnamespace
  loop
    execute format('drop function %s', claim);
  end loop;
  delete from private.work_queues as q using private.stamped_tables(prefix) as s where q.work_table = s.stamped;
  if tables is not null then
    execute 'drop table ' || tables;
  end if;
end;
$$;
comment on function private.drop_stamped_tables(text) is
  'Drops what stamping made: tables, claim functions, queues with their lanes. If other objects depend on them, it '
  'fails and drops nothing.';

create function private.keep_export(business public.businesses, is_dropped boolean)
returns private.business_exports
language plpgsql
volatile
set search_path = ''
as $$
declare
  export private.business_exports;
  its_table record;
  n bigint;
begin
  insert into private.business_exports as e (workspace_id, prefix, name, time_zone, made_by, dropped_at)
  values (business.workspace_id, business.prefix, business.name, business.time_zone, private.current_user_id(),
    case when is_dropped then now() end)
  returning e.* into export;
  for its_table in select s.* from private.stamped_tables(business.prefix) as s loop
    execute format('insert into private.business_export_rows (export_id, table_name, contents) select $1, $2, '
      'to_jsonb(r) from %s as r', its_table.stamped)
    using export.id, its_table.table_name;
    get diagnostics n = row_count;
    export.counts := export.counts || jsonb_build_object(its_table.table_name, n);
  end loop;
  update private.business_exports as e set counts = export.counts where e.id = export.id;
  return export;
end;
$$;
comment on function private.keep_export(public.businesses, boolean) is 'Exports every row of a business''s tables.';

create function private.find_business(prefix text)
returns public.businesses
language plpgsql
volatile
set search_path = ''
as $$
declare
  business public.businesses;
begin
  select known.* into business from public.businesses as known
  where known.prefix = find_business.prefix and known.prefix <> '';
  if business.id is null then
    perform private.raise_error('not_found', 'There is no business with this prefix.', 404,
      'A workspace''s first business has none: it goes with its workspace.');
  end if;
  return business;
end;
$$;
comment on function private.find_business(text) is 'The business with a prefix. Errors: not_found 404.';

create function private.export_business(prefix text)
returns table (export_id uuid, made_at timestamptz, counts jsonb)
language plpgsql
volatile
security definer -- the exports are in private
set search_path = ''
as $$
#variable_conflict use_column
declare
  export private.business_exports;
begin
  perform private.lock_businesses();
  export := private.keep_export(private.find_business(export_business.prefix), false);
  return query select export.id, export.made_at, export.counts;
end;
$$;
comment on function private.export_business(text) is
  'Exports every row of a business''s tables and keeps the export for 90 days; read it with read_business_export. '
  'Returns the export''s id and the number of rows, by template. Errors: not_found 404.';

create function private.read_business_export(export_id uuid, after bigint default 0, most integer default 1000)
returns table (ordinal bigint, table_name text, contents jsonb)
language plpgsql
stable
security definer -- the exports are in private
set search_path = ''
as $$
#variable_conflict use_column
declare
  wanted integer := private.require_count(most, 1000, 1000, 'most');
begin
  if not exists (select from private.business_exports as e where e.id = read_business_export.export_id) then
    perform private.raise_error('not_found', 'There is no such export.', 404, 'Exports are kept for 90 days.');
  end if;
  return query
    select r.ordinal, r.table_name, r.contents from private.business_export_rows as r
    where r.export_id = read_business_export.export_id and r.ordinal > coalesce(after, 0)
    order by r.ordinal limit wanted;
end;
$$;
comment on function private.read_business_export(uuid, bigint, integer) is
  'A page of an export: at most `most` (1–1,000) rows after an ordinal (0: from the start). table_name is the '
  'template''s, contents the row. Fewer than `most` rows: the last page. Errors: not_found 404, invalid_body 400 with '
  'the field.';

create function private.drop_business(prefix text, name text)
returns table (export_id uuid, made_at timestamptz, counts jsonb)
language plpgsql
volatile
security definer -- drops tables, which only their owner may
set search_path = ''
set lock_timeout = '5s'
as $$
#variable_conflict use_column
declare
  business public.businesses;
  export private.business_exports;
  tables text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception
    using errcode = 'active_sql_transaction',
      message = 'drop_business sees what was written until now only under read committed';
  end if;
  perform private.lock_businesses();
  business := private.find_business(drop_business.prefix);
  if business.name is distinct from drop_business.name then
    perform private.raise_error('name_mismatch', 'The business with this prefix has another name.', 422,
      'Say its name to have it dropped.');
  end if;
  tables := (select string_agg(s.stamped::text, ', ') from private.stamped_tables(business.prefix) as s);
  if tables is not null then
    execute format('lock table %s in access exclusive mode', tables);
  end if;
  export := private.keep_export(business, true);
  perform private.drop_stamped_tables(business.prefix);
  delete from public.businesses as known where known.id = business.id;
  delete from private.ownerless_prefixes as known where known.prefix = business.prefix;
  perform pg_catalog.pg_notify('pgrst', 'reload schema');
  return query select export.id, export.made_at, export.counts;
exception
  when lock_not_available then
    perform private.raise_error('unavailable', 'Somebody holds a lock that this needs.', 503,
      'Nothing was dropped. Try again.');
end;
$$;
comment on function private.drop_business(text, text) is
  'Drops a business: its tables, claim functions, queues and its row. It first exports every row, for 90 days '
  '(read_business_export). name: its name, as a confirmation. Returns the export''s id and the number of rows, by '
  'template. All or nothing. Errors: not_found 404, name_mismatch 422, unavailable 503.';

create function private.purge_business_exports()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  n bigint;
begin
  delete from private.business_exports as e where e.made_at < now() - interval '90 days';
  get diagnostics n = row_count;
  return n;
end;
$$;
comment on function private.purge_business_exports() is
  'Removes exports of businesses after 90 days. Returns how many.';

create function private.purge_businesses()
returns jsonb
language plpgsql
volatile
set search_path = ''
set lock_timeout = '5s'
as $$
declare
  gone record;
  dropped integer := 0;
  waiting integer := 0;
begin
  perform private.lock_businesses();
  for gone in
    select o.prefix from private.ownerless_prefixes as o
    where not exists (select from public.businesses as known where known.prefix = o.prefix) order by o.prefix
  loop
    begin
      perform private.drop_stamped_tables(gone.prefix);
      delete from private.ownerless_prefixes as o where o.prefix = gone.prefix;
      dropped := dropped + 1;
      delete from private.job_failures as f where f.job = 'purge-businesses: ' || gone.prefix;
    exception
      when others then
        waiting := waiting + 1;
        if sqlstate not in ('55P03', '2BP01') then -- a lock, or a dependent object
          perform private.note_job_failure('purge-businesses: ' || gone.prefix, '00000000-0000-0000-0000-000000000000',
            sqlerrm);
        end if;
    end;
  end loop;
  if dropped > 0 then
    perform pg_catalog.pg_notify('pgrst', 'reload schema');
  end if;
  return jsonb_build_object('businesses', dropped, 'waiting', waiting, 'exports', private.purge_business_exports());
end;
$$;
comment on function private.purge_businesses() is
  'Drops the tables of businesses whose workspace was purged, and exports after 90 days. Returns how many of each, and '
  'how many wait for the next run because of a lock or a dependent object.';
select cron.schedule('purge-businesses', '51 2 * * *', 'select private.purge_businesses()');
