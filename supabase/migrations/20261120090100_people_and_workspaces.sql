-- People and workspaces: profiles, workspaces, members, and the helpers that every policy uses.
--
-- Touches: public.profiles (a person as others see them), public.workspaces (tenants), public.members (roles), a
--          trigger on auth.users (makes profiles), the policy helpers private.workspace_ids, colleague_ids,
--          member_role.
-- Beware:  policies never join. A helper returns an array of what the caller may see, once per statement. The policy
--          compares with that array, so Postgres can use the index on workspace_id
--          (docs/decisions/0002-policies-compare-with-an-array.md has the measurement).

-- profiles ------------------------------------------------------------------------------------------------------------
create table public.profiles (
  user_id uuid primary key references auth.users (id) on delete cascade,
  email text,
  display_name text,
  avatar_url text,
  locale text not null default 'en',
  time_zone text not null default 'UTC',
  settings jsonb not null default '{}',
  embeds_messages boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint email_is_short check (length(email) <= 320),
  constraint display_name_is_short check (length(display_name) between 1 and 200),
  constraint avatar_url_is_https check (avatar_url ~ '^https://' and length(avatar_url) <= 2000),
  constraint locale_is_a_language_tag check (locale ~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$' and length(locale) <= 35),
  constraint time_zone_is_a_place check (private.is_time_zone(time_zone)),
  constraint settings_is_an_object check (jsonb_typeof(settings) = 'object' and length(settings::text) <= 65536)
);
comment on table public.profiles is
  'A person as others see them: one row per auth user, including guests who signed in anonymously. A trigger on '
  'auth.users makes it.';
alter table public.profiles enable row level security;
comment on column public.profiles.email is
  'The confirmed address, a copy from auth.users. Null before it is confirmed, and for anonymous people: signing up '
  'with another person''s address gives no access to what is addressed to it.';
comment on column public.profiles.time_zone is 'An IANA name, e.g. Europe/Lisbon.';

create trigger touch_updated_at before update on public.profiles
  for each row execute function private.touch_updated_at();

create function private.keep_profile()
returns trigger
language plpgsql
volatile
security definer -- runs as the auth service, which has no rights here
set search_path = ''
as $$
begin
  insert into public.profiles as profile (user_id, email, display_name)
  values (
    new.id,
    case when new.email_confirmed_at is not null then left(nullif(new.email, ''), 320) end,
    left(nullif(coalesce(new.raw_user_meta_data::jsonb ->> 'display_name', split_part(new.email, '@', 1)), ''), 200)
  )
  on conflict (user_id) do update set email = excluded.email
    where profile.email is distinct from excluded.email;
  return new;
end;
$$;
comment on function private.keep_profile() is
  'Trigger on auth.users: makes the profile at sign-up and copies the address once it is confirmed. The display name '
  'is only a suggestion: the person controls user_metadata, so it decides nothing.';
create trigger keep_profile after insert or update of email, email_confirmed_at on auth.users
  for each row execute function private.keep_profile();

-- workspaces ----------------------------------------------------------------------------------------------------------
create table public.workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  slug text not null,
  billing_plan text not null default 'free' references public.plans (name),
  region text not null default 'eu',
  k8s_namespace text unique,
  settings jsonb not null default '{}',
  embeds_messages boolean not null default false,
  deleted_at timestamptz,
  left_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint name_is_short check (length(name) between 1 and 200),
  constraint slug_is_a_slug check (slug ~ '^[a-z0-9](-?[a-z0-9])*$' and length(slug) <= 63),
  constraint billing_plan_is_short check (length(billing_plan) <= 40), -- the plans are in public.plans
  constraint region_is_short check (region ~ '^[a-z0-9](-?[a-z0-9])*$' and length(region) <= 40),
  constraint k8s_namespace_is_a_dns_label check (k8s_namespace ~ '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'
    and length(k8s_namespace) <= 63),
  constraint settings_is_an_object check (jsonb_typeof(settings) = 'object' and length(settings::text) <= 65536)
);
comment on table public.workspaces is
  'A tenant. Deletion is soft: deleted_at hides it from everyone at once, and a job purges it 30 days later.';
alter table public.workspaces enable row level security;
comment on column public.workspaces.region is
  'Where the workspace''s data must stay. Set when the workspace is made; only the service changes it.';
comment on column public.workspaces.left_at is
  'Since when another cell has the workspace (private.workspace_places). Hidden here from everyone, like a deleted '
  'one; only place_workspace sets it.';
comment on column public.workspaces.k8s_namespace is
  'The cluster namespace of the workspace''s agents. Agents may have in-cluster http endpoints only inside it.';
comment on column public.workspaces.billing_plan is
  'The plan, which sets the limits (public.plan_limits). Only the service changes it.';
comment on column public.workspaces.embeds_messages is
  'Whether messages get embeddings, so that search_messages finds them by meaning too. Admins choose: each message '
  'costs a call of the embedding model.';
create index workspaces_billing_plan on public.workspaces (billing_plan);
-- Deleting a workspace frees its slug.
create unique index workspaces_slug on public.workspaces (slug) where deleted_at is null;
create index workspaces_deleted_at on public.workspaces (deleted_at) where deleted_at is not null;
create function private.only_workspace()
returns uuid
language sql
stable
set search_path = ''
as $$
  select case when count(*) = 1 then (array_agg(w.id))[1] end from (select id from public.workspaces limit 2) as w;
$$;
comment on function private.only_workspace() is
  'The workspace of an installation that has exactly one; null where there are several, deleted ones included.';
create trigger touch_updated_at before update on public.workspaces
  for each row execute function private.touch_updated_at();

-- members -------------------------------------------------------------------------------------------------------------
create table public.members (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null references public.profiles (user_id) on delete cascade,
  role text not null default 'member',
  invited_by uuid references public.profiles (user_id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, user_id),
  constraint role_is_known check (role in ('owner', 'admin', 'member', 'guest'))
);
comment on table public.members is
  'The people of each workspace, and their roles. A workspace always keeps at least one owner, also under concurrent '
  'removals.';
alter table public.members enable row level security;
create index members_user_id on public.members (user_id, workspace_id) include (role);
create index members_invited_by on public.members (invited_by);
create trigger touch_updated_at before update on public.members
  for each row execute function private.touch_updated_at();

-- Policy helpers ------------------------------------------------------------------------------------------------------

create function private.roles_from(minimum_role text)
returns text[]
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  return case minimum_role
    when 'guest' then array['guest', 'member', 'admin', 'owner']
    when 'member' then array['member', 'admin', 'owner']
    when 'admin' then array['admin', 'owner']
    when 'owner' then array['owner']
    else array[]::text[]
  end;
end;
$$;
comment on function private.roles_from(text) is 'The roles from this one upwards; none for a role that does not exist.';

create function private.workspace_ids(minimum_role text default 'guest', for_scope text default null)
returns uuid[]
language plpgsql
stable
parallel safe
security definer -- reads members past RLS: the policies on members use it
set search_path = ''
as $$
declare
  roles text[] := private.roles_from(minimum_role);
  known record;
  person uuid;
begin
  if for_scope is not null then
    -- An agent: what was remembered where its token was issued, otherwise what is decided now.
    known := private.delegation_of_token(for_scope);
    if known.agent_id is not null then
      return case when known.role = any (roles) then array[known.workspace_id] else '{}' end;
    end if;
  end if;
  person := private.current_user_id();
  if person is null and for_scope is not null and private.agent_of_token() is not null then
    return private.workspaces_of_agent(minimum_role, for_scope);
  end if;
  return array(
    select member.workspace_id
    from public.members as member
    join public.workspaces as workspace on workspace.id = member.workspace_id
    where member.user_id = person and member.role = any (roles) and workspace.deleted_at is null
      and workspace.left_at is null
  );
end;
$$;
comment on function private.workspace_ids(text, text) is
  'The workspaces in which the caller has at least `minimum_role` (guest, member, admin, owner). Empty without a '
  'session, and for an agent without a for_scope that allows it; with one, the agent''s workspace. Never raises. For '
  'policies: workspace_id = any ((select private.workspace_ids())::uuid[]).';
grant execute on function private.workspace_ids(text, text) to authenticated, service_role;

create function private.colleague_ids()
returns uuid[]
language plpgsql
stable
parallel safe
security definer -- reads members past RLS
set search_path = ''
as $$
declare
  shared uuid[] := private.workspace_ids('member');
begin
  return array(select distinct member.user_id from public.members as member where member.workspace_id = any (shared));
end;
$$;
comment on function private.colleague_ids() is
  'The people of the workspaces in which the caller is at least a member. Guests have none: they see only themselves.';
grant execute on function private.colleague_ids() to authenticated, service_role;

create function private.member_role(for_user uuid, in_workspace uuid)
returns text
language plpgsql -- planned once in a session
stable
parallel safe
set search_path = ''
as $$
begin
  return (
    select member.role
    from public.members as member
    join public.workspaces as workspace on workspace.id = member.workspace_id
    where member.workspace_id = in_workspace and member.user_id = for_user and workspace.deleted_at is null
      and workspace.left_at is null
  );
end;
$$;
comment on function private.member_role(uuid, uuid) is
  'The person''s role in the workspace; null when they do not belong to it or it is deleted.';

create function private.belongs_to(for_user uuid, in_workspace uuid)
returns boolean
language sql
stable
parallel safe
set search_path = ''
as $$
  select private.member_role(for_user, in_workspace) is not null;
$$;
comment on function private.belongs_to(uuid, uuid) is 'Whether the person is in the workspace, in any role.';

create function private.administers(for_user uuid, in_workspace uuid)
returns boolean
language sql
stable
parallel safe
set search_path = ''
as $$
  select coalesce(private.member_role(for_user, in_workspace) in ('admin', 'owner'), false);
$$;
comment on function private.administers(uuid, uuid) is 'Whether the person is an admin or an owner of the workspace.';
