-- Businesses: a workspace may have several, each with its own operations tables under a prefix.
--
-- Touches: public.businesses, private.business_prefix (from a table's name), private.business_time_zone.
-- Beware:  the first business of every workspace has no prefix and uses the unprefixed tables (`leads`, `dial_queue`,
--          …). These are also the templates of the others (`pn_leads`, …), which a later chapter stamps from the
--          catalogue.

create table public.businesses (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null,
  prefix text not null default '',
  time_zone text not null default 'UTC',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, prefix),
  constraint name_is_short check (length(name) between 1 and 200),
  constraint prefix_is_short_and_ends_with_an_underscore check (prefix ~ '^([a-z][a-z0-9]{0,9}_)?$'),
  constraint time_zone_is_a_place check (private.is_time_zone(time_zone))
);
comment on table public.businesses is
  'A business of a workspace: its name, the prefix of its tables (empty for the first) and its time zone, which its '
  'schedules use.';
comment on column public.businesses.prefix is
  'The start of the names of its operations tables: pn_ for pn_leads. Empty: the workspace''s first business, which '
  'uses the unprefixed tables.';
comment on column public.businesses.time_zone is 'An IANA name, e.g. America/Chicago.';
create unique index businesses_prefix on public.businesses (prefix) where prefix <> '';
alter table public.businesses enable row level security;
create policy "Members read the workspace's businesses" on public.businesses
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's businesses" on public.businesses is
  'Guests use an agent; they have no access to the business.';
grant select on public.businesses to authenticated, service_role;
-- No role has insert, update or delete: a business is made and dropped together with its tables.
create trigger touch_updated_at before update on public.businesses
  for each row execute function private.touch_updated_at();

create function private.business_prefix(table_name text, template text)
returns text
language sql
immutable
set search_path = ''
as $$
  select left(table_name, length(table_name) - length(template));
$$;
comment on function private.business_prefix(text, text) is
  'The prefix of a stamped table: pn_ for (pn_leads, leads), '''' for the template itself.';

create function private.business_time_zone(workspace_id uuid, prefix text default '')
returns text
language sql
stable
set search_path = ''
as $$
  select coalesce((select b.time_zone from public.businesses as b where b.workspace_id = $1 and b.prefix = $2), 'UTC');
$$;
comment on function private.business_time_zone(uuid, text) is
  'The time zone of a workspace''s business; UTC by default.';
