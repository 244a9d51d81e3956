-- Agents and permissions: the registry of agents, and who may use which.
--
-- Touches: public.agents, public.permissions. Their policies are in the chapter `access`, after the function that
--          decides.
-- Beware:  foreign keys inside a tenant are composite, so a permission cannot join a person of one workspace to an
--          agent of another.

create table public.agents (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  slug text not null,
  name text not null,
  description text not null default '',
  endpoint_url text not null,
  endpoint_host text generated always as (substring(endpoint_url from '^https?://([^/?#]+)')) stored,
  status text not null default 'draft',
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, slug),
  unique (workspace_id, id),
  constraint slug_is_a_slug check (slug ~ '^[a-z0-9](-?[a-z0-9])*$' and length(slug) <= 63),
  constraint name_is_short check (length(name) between 1 and 200),
  constraint description_is_short check (length(description) <= 4000),
  constraint endpoint_url_is_https_or_in_cluster check (
    length(endpoint_url) <= 2000
    and (endpoint_url ~ '^https://[^/?#@\s]+(/[^?#\s]*)?$'
      or endpoint_url ~ '^http://[a-z0-9.-]+\.svc\.cluster\.local(:[0-9]{1,5})?(/[^?#\s]*)?$')
  ),
  constraint endpoint_host_is_short check (length(endpoint_host) <= 2000),
  constraint status_is_known check (status in ('draft', 'published', 'paused', 'archived')),
  constraint settings_is_an_object check (jsonb_typeof(settings) = 'object' and length(settings::text) <= 65536)
);
comment on table public.agents is
  'The registry of agents: that an agent exists, where it answers and who owns it. The agent itself runs in its own '
  'pod.';
alter table public.agents enable row level security;
comment on column public.agents.endpoint_url is
  'https, or http inside the cluster in the workspace''s own namespace. Functions check the address again when they '
  'connect.';
comment on column public.agents.endpoint_host is
  'The host of endpoint_url. The audit log records only the host, because a path may reveal more than a log should '
  'keep.';
comment on column public.agents.status is
  'draft: admins only · published: people with permission · paused, archived: no one.';
create trigger touch_updated_at before update on public.agents
  for each row execute function private.touch_updated_at();

create function private.endpoint_namespace(endpoint_url text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select substring(endpoint_url from '^http://(?:[a-z0-9-]+\.)+?([a-z0-9-]+)\.svc\.cluster\.local(?:[:/]|$)');
$$;
comment on function private.endpoint_namespace(text) is
  'The cluster namespace of an in-cluster endpoint; null for https endpoints.';

create function private.keep_endpoint_in_namespace()
returns trigger
language plpgsql
volatile
security definer -- reads the workspace's namespace for every writer
set search_path = ''
as $$
begin
  if new.endpoint_url ~ '[?]' or new.endpoint_url ~ '^https?://[^/]*@' then
    perform private.raise_error(
      'secret_in_url', 'endpoint_url: an address has neither a query nor a password.', 422,
      'What an address says is logged on its way and shown to admins. Secrets go to the vault.'
    );
  end if;
  -- An address without a namespace is outside, and so is every address if the workspace has none.
  if new.endpoint_url like 'http://%' and not coalesce(private.endpoint_namespace(new.endpoint_url) = (
    select workspace.k8s_namespace from public.workspaces as workspace where workspace.id = new.workspace_id
  ), false) then
    perform private.raise_error(
      'endpoint_outside_namespace', 'An in-cluster endpoint must lie in the workspace''s own namespace.', 422,
      'Use http://<service>.<namespace>.svc.cluster.local with the workspace''s namespace, or https.'
    );
  end if;
  return new;
end;
$$;
comment on function private.keep_endpoint_in_namespace() is
  'Trigger on agents: refuses another tenant''s cluster address (endpoint_outside_namespace, 422) and an address that '
  'could carry a secret (secret_in_url, 422).';
create trigger keep_endpoint_in_namespace before insert or update of endpoint_url, workspace_id on public.agents
  for each row execute function private.keep_endpoint_in_namespace();

-- permissions ---------------------------------------------------------------------------------------------------------
create table public.permissions (
  user_id uuid not null,
  agent_id uuid not null,
  workspace_id uuid not null,
  can_use boolean not null default true,
  granted_by uuid references public.profiles (user_id) on delete set null,
  reason text,
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (user_id, agent_id),
  constraint person_is_a_member foreign key (workspace_id, user_id)
    references public.members (workspace_id, user_id) on delete cascade,
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint reason_is_short check (length(reason) <= 500)
);
comment on table public.permissions is
  'Who may use which agent. A row allows or denies. Without a row, owners and admins may use the agent and others may '
  'not.';
alter table public.permissions enable row level security;
comment on column public.permissions.can_use is 'false is an explicit denial. It also overrides an admin''s right.';
comment on column public.permissions.expires_at is
  'From then on the row has no effect. It needs no job: readers compare the time.';
create index permissions_workspace_id_user_id on public.permissions (workspace_id, user_id);
create index permissions_workspace_id_agent_id on public.permissions (workspace_id, agent_id);
create index permissions_granted_by on public.permissions (granted_by);
create trigger touch_updated_at before update on public.permissions
  for each row execute function private.touch_updated_at();

create function private.stamp_granted_by()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- The service may name a person; a person is always recorded as themselves.
  new.granted_by := coalesce(private.current_user_id(), new.granted_by);
  return new;
end;
$$;
comment on function private.stamp_granted_by() is 'Trigger on permissions: records who granted or revoked.';
create trigger stamp_granted_by before insert or update of can_use, expires_at, reason on public.permissions
  for each row execute function private.stamp_granted_by();
