-- Credentials of agents: each agent authenticates with its own secret or client, not with a key that opens everything.
--
-- Touches: private.scopes (what a credential may allow), public.agent_credentials, create_agent_credential,
--          private.use_agent_credential.
-- Beware:  a secret is shown once; the table keeps its SHA-256, which is enough for 244 random bits. Removing a
--          credential revokes it: every statement with one of its tokens looks the row up. Instead of a secret, a
--          credential may name a client of an authorization server, and the client authenticates there
--          (clients_of_agents).

-- Scopes --------------------------------------------------------------------------------------------------------------

create function private.scopes()
returns table (name text, description text, opens text[], actors text[])
language plpgsql -- planned once in a session, however often it is asked
immutable
parallel safe
rows 10
set search_path = ''
as $$
begin
  return query values
    ('conversations:read', 'Read your conversations with it.',
      array['select conversations', 'select messages', 'select message_states', 'select votes', 'select artifacts',
        'select latest_artifacts',
        'select suggestions', 'rpc search_messages', 'POST /context/search', 'GET /context/:conversation',
        'GET /streams/:id',
        'GET /streams/v1/stream/*'],
      array['person', 'delegate']),
    ('conversations:write', 'Answer in your conversations with it.',
      array['rpc add_message', 'POST /streams', 'POST /streams/:id/chunks', 'POST /streams/:id/finish',
        'POST /streams/:id/stop',
        'GET /streams/:id/stop', 'PUT /streams/v1/stream/*', 'POST /streams/v1/stream/*',
        'DELETE /streams/v1/stream/*', 'insert artifacts'],
      array['person', 'delegate']),
    ('memory:read', 'Recall what is remembered of you, but not what other agents keep to themselves.',
      array['select memories', 'select memory_sources', 'select agent_memory', 'select agent_memory_history',
        'rpc recall', 'rpc memories_at', 'rpc load_agent_memory',
        'POST /memory/search', 'GET /context/:conversation'],
      array['person', 'delegate', 'agent']),
    ('memory:write', 'Remember and forget statements about you.',
      array['rpc remember', 'rpc forget', 'POST /memory', 'DELETE /memory/:id', 'rpc save_agent_memory'],
      array['person', 'delegate', 'agent']),
    ('knowledge:read', 'Read and search your documents and those of the workspace.',
      array['select documents', 'select document_chunks', 'rpc search_documents', 'rpc list_documents',
        'POST /knowledge/search'],
      array['person', 'delegate', 'agent']),
    ('knowledge:write', 'Add and change documents, yours and those of the workspace.',
      array['insert documents', 'update documents', 'delete documents', 'insert document_chunks',
        'update document_chunks',
        'delete document_chunks', 'rpc put_document'],
      array['person', 'delegate', 'agent']),
    ('connections:use', 'Use the accounts that you connected.',
      array['GET /connections/:id/token'],
      array['delegate']),
    ('presence', 'See who is here, and say that it is.',
      array['PUT /presence', 'DELETE /presence', 'GET /presence/:workspace', 'GET /presence/:workspace/events'],
      array['person', 'delegate', 'agent']),
    ('usage:write', 'Say what it used for you, within the budgets.',
      array['POST /sessions/:id/turns', 'rpc reserve_usage', 'rpc settle_usage'],
      array['delegate', 'agent']),
    ('work:*', 'Do the work of a queue: one scope for each, work:<queue>.',
      array['POST /work/:queue/claim', 'POST /work/:queue/heartbeat', 'POST /work/:queue/complete',
        'POST /work/:queue/fail',
        'POST /work/:queue/snooze'],
      array['agent']);
end;
$$;
comment on function private.scopes() is
  'Every scope: its name, the text that a person reads before consent, the tables and routes that it opens (what two '
  'scopes name needs both), and who can use it: a person, a delegate (an agent for a person), an agent as itself.';
create function public.scopes()
returns table (name text, description text, opens text[], actors text[])
language sql
immutable
security invoker
rows 10
set search_path = ''
as $$
  select * from private.scopes();
$$;
comment on function public.scopes() is
  'Every scope, for consent dialogs: its name, a description in the second person, what it opens, and for whom '
  '(person, delegate: an agent for a person, agent: as itself).';

create function private.check_scopes()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
declare
  wrong text;
begin
  new.scopes := array(select distinct scope from unnest(new.scopes) as scope order by scope);
  select scope into wrong from unnest(new.scopes) as scope
  where not coalesce(scope ~ '^work:[a-z][a-z0-9_]{0,50}$'
    or scope in (select known.name from private.scopes() as known where known.name <> 'work:*'), false)
  limit 1;
  if found or cardinality(new.scopes) not between 1 and 50 then
    perform private.raise_error(
      'invalid_scope', format('scopes: %s', coalesce(left(wrong, 100) || ' is none', 'from 1 to 50 of them')), 422,
      'rpc/scopes tells which there are; work:<queue> is one for each queue.'
    );
  end if;
  return new;
end;
$$;
comment on function private.check_scopes() is
  'Trigger, before insert or update of scopes: refuses an unknown scope (invalid_scope 422), sorts them, removes '
  'duplicates.';

-- Credentials ---------------------------------------------------------------------------------------------------------

create table public.agent_credentials (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  agent_id uuid not null,
  name text not null,
  secret_hash bytea unique,
  client_id text,
  client_issuer text,
  scopes text[] not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  created_by uuid references public.profiles (user_id) on delete set null,
  created_at timestamptz not null default now(),
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint name_is_short check (length(name) between 1 and 100),
  constraint secret_hash_is_sha256 check (length(secret_hash) = 32),
  constraint proof_is_a_secret_or_a_client check ((secret_hash is null) = (client_id is not null)),
  constraint client_id_is_short check (length(client_id) between 1 and 300),
  constraint client_issuer_is_an_address_of_a_client
    check (
      client_issuer is null or client_id is not null and client_issuer ~ '^https?://' and length(client_issuer) <= 500
    ),
  constraint scopes_are_few check (coalesce(array_ndims(scopes), 1) = 1 and cardinality(scopes) between 1 and 50),
  constraint it_ends_within_a_year check (expires_at <= created_at + interval '366 days')
);
comment on table public.agent_credentials is
  'The credentials with which agents authenticate at POST /agents/token. An agent may have several, so that a '
  'credential can be rotated. Removing a row revokes the credential.';
alter table public.agent_credentials enable row level security;
comment on column public.agent_credentials.secret_hash is
  'SHA-256 of the secret; readable by no role. Null: the credential belongs to a client.';
comment on column public.agent_credentials.client_id is
  'The id of the OAuth client that acts as this agent, as its authorization server names it.';
comment on column public.agent_credentials.client_issuer is
  'The issuer (iss) of that authorization server; null: the project''s own Auth.';
comment on column public.agent_credentials.scopes is 'The most scopes that a token of this credential can have.';
comment on column public.agent_credentials.last_used_at is 'Accurate to the minute.';
create index agent_credentials_agent on public.agent_credentials (workspace_id, agent_id);
create index agent_credentials_created_by on public.agent_credentials (created_by);
-- A client is one agent per workspace.
create unique index agent_credentials_client on public.agent_credentials (client_id, client_issuer, workspace_id)
  nulls not distinct where client_id is not null;
create trigger check_scopes before insert or update of scopes on public.agent_credentials
  for each row execute function private.check_scopes();

do $$
begin
  perform private.add_limit('agent_credentials', 'workspace', 'total', 'credentials', 'Credentials of agents.', 100,
    1000, 10000);
end;
$$;
create trigger count_added after insert on public.agent_credentials
  referencing new table as new_rows for each statement execute function private.count_rows('agent_credentials');
create trigger count_removed after delete on public.agent_credentials
  referencing old table as old_rows for each statement execute function private.count_rows('agent_credentials');

grant select (
    id, workspace_id, agent_id, name, client_id, client_issuer, scopes, expires_at, last_used_at, created_by, created_at
  ), delete
  on public.agent_credentials to authenticated, service_role;
-- insert is not granted: create_agent_credential makes and hashes the secret. update is not granted: a credential with
-- more scopes must be a new one.

create policy "Admins read the credentials of agents" on public.agent_credentials
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the credentials of agents" on public.agent_credentials is
  'All columns but the hash of the secret.';
create policy "Admins end credentials of agents" on public.agent_credentials
  for delete to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins end credentials of agents" on public.agent_credentials is
  'Tokens of a removed credential open nothing from then on.';

create function private.create_agent_credential(
  agent_id uuid, name text, scopes text[], expires_at timestamptz, client_id text default null,
  client_issuer text default null
)
returns table (credential_id uuid, secret text, expires timestamptz)
language plpgsql
volatile
security definer -- no role has insert
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  home uuid;
  -- The prefix lets scanners find leaked secrets.
  fresh text := case when $5 is null then
    'gwa_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '') end;
  until timestamptz := coalesce($4, now() + interval '90 days');
begin
  select agent.workspace_id into home from public.agents as agent
  where agent.id = $1 and agent.status <> 'archived'
    and (private.is_service() or agent.workspace_id = any (private.workspace_ids('admin')));
  if home is null then
    perform private.raise_error('not_found', 'No such agent in a workspace that you administer.', 404);
  end if;
  if coalesce(length($2), 0) not between 1 and 100 then
    perform private.raise_error('invalid_body', 'name: from 1 to 100 characters', 400);
  end if;
  if until <= now() or until > now() + interval '366 days' then
    perform private.raise_error('invalid_body', 'expires_at: in the future, and within a year', 400);
  end if;
  if length($5) not between 1 and 300 then
    perform private.raise_error('invalid_body', 'client_id: from 1 to 300 characters', 400);
  end if;
  if $6 is not null and ($5 is null or $6 !~ '^https?://' or length($6) > 500) then
    perform private.raise_error('invalid_body', 'client_issuer: the issuer of a client_id, an address', 400);
  end if;
  return query
    insert into public.agent_credentials as made
      (workspace_id, agent_id, name, secret_hash, client_id, client_issuer, scopes, expires_at, created_by)
    values (
      home, $1, $2, sha256(convert_to(fresh, 'UTF8')), $5, $6, coalesce($3, '{}'), until, private.current_user_id()
    )
    on conflict (client_id, client_issuer, workspace_id) where client_id is not null do nothing
    returning made.id, fresh, made.expires_at;
  if not found then
    perform private.raise_error(
      'client_taken', 'This client is an agent of the workspace already.', 409, 'End its credential first.'
    );
  end if;
end;
$$;
comment on function private.create_agent_credential(uuid, text, text[], timestamptz, text, text) is
  'The body of public.create_agent_credential.';
create function public.create_agent_credential(
  agent_id uuid, name text, scopes text[], expires_at timestamptz default null, client_id text default null,
  client_issuer text default null
)
returns table (credential_id uuid, secret text, expires timestamptz)
language sql
volatile
security invoker
rows 1
set search_path = ''
as $$
  select * from private.create_agent_credential($1, $2, $3, $4, $5, $6);
$$;
comment on function public.create_agent_credential(uuid, text, text[], timestamptz, text, text) is
  'Makes a credential of an agent and returns its secret, this once. scopes: the most scopes that a token of it can '
  'have (rpc/scopes). expires_at: within a year, by default in 90 days. client_id: an OAuth client that acts as this '
  'agent; it replaces the secret, which is then null. client_issuer: its authorization server, where it is not the '
  'project''s own Auth. Admins and the service. Errors: not_found 404, invalid_body 400, invalid_scope 422, '
  'client_taken 409, limit_reached 403.';

create function private.use_agent_credential(client_id text, secret text)
returns table (credential_id uuid, agent_id uuid, workspace_id uuid, scopes jsonb, is_published boolean)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  known public.agent_credentials;
begin
  select held.* into known from public.agent_credentials as held
  where held.secret_hash = sha256(convert_to($2, 'UTF8')) and held.expires_at > now()
    and ($1 is null or held.agent_id::text = lower($1));
  if known.id is null then
    return;
  end if;
  -- At most once a minute: an agent that requests a token each second must not write a row each second.
  update public.agent_credentials as held set last_used_at = now()
  where held.id = known.id and (held.last_used_at is null or held.last_used_at < now() - interval '1 minute');
  return query
    select known.id, known.agent_id, known.workspace_id, to_jsonb(known.scopes), agent.status = 'published'
    from public.agents as agent
    join public.workspaces as workspace on workspace.id = agent.workspace_id and workspace.deleted_at is null
      and workspace.left_at is null
    where agent.id = known.agent_id;
end;
$$;
comment on function private.use_agent_credential(text, text) is
  'Finds the valid credential with this secret and records its use; no row for any other secret. client_id: the agent, '
  'if the caller names one.';


grant execute on function
  private.scopes(), public.scopes(),
  private.create_agent_credential(uuid, text, text[], timestamptz, text, text),
  public.create_agent_credential(uuid, text, text[], timestamptz, text, text)
to authenticated, service_role;
