-- Clients as agents: OAuth clients of the project's own Auth (its OAuth 2.1 server), and of other authorization servers
-- that the configuration trusts, act as agents.
--
-- Touches: public.linked_identities (a person's identity at another server), private.link_identity,
--          use_client_credential, delegation_of_client, agents_of_client, private.custom_access_token_hook.
-- Beware:  a client has the rights of any agent: its credential (agent_credentials.client_id, set by an admin), the
--          person's consent and the agent's status, looked up for each statement. The hook runs before every token that
--          Auth issues, also for people who sign in: an error in it locks everyone out.

-- Linked identities -------------------------------------------------------------------------------------------------

create table public.linked_identities (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (user_id) on delete cascade,
  issuer text not null,
  subject text not null,
  created_at timestamptz not null default now(),
  constraint a_subject_is_one_person unique (issuer, subject),
  constraint a_person_is_one_subject unique (user_id, issuer),
  constraint issuer_is_an_address check (issuer ~ '^https?://' and length(issuer) <= 500),
  constraint subject_is_short check (length(subject) between 1 and 300)
);
comment on table public.linked_identities is
  'The identity of a person at an authorization server that the configuration trusts. Never matched by e-mail address.';
alter table public.linked_identities enable row level security;
comment on column public.linked_identities.issuer is 'The server''s issuer (iss), as in its tokens.';
comment on column public.linked_identities.subject is 'The person''s id at that server (sub).';

grant select, delete on public.linked_identities to authenticated, service_role;
grant insert (user_id, issuer, subject) on public.linked_identities to service_role;
-- insert is not granted to people: they prove an identity with one of its tokens (POST /mcp/identities). update is not
-- granted: another subject is another identity.

create policy "People read their linked identities" on public.linked_identities
  for select to authenticated
  using (user_id = (select private.current_user_id()));
comment on policy "People read their linked identities" on public.linked_identities is
  'Only their own; admins cannot read those of others.';
create policy "People unlink their identities" on public.linked_identities
  for delete to authenticated
  using (user_id = (select private.current_user_id()));
comment on policy "People unlink their identities" on public.linked_identities is
  'From then on, tokens of that identity belong to no person.';

create function private.link_identity(person uuid, issuer text, subject text)
returns table (id uuid, is_new boolean)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  made uuid;
begin
  insert into public.linked_identities (user_id, issuer, subject) values ($1, $2, $3)
  on conflict do nothing returning linked_identities.id into made;
  if made is not null then
    return query select made, true;
    return;
  end if;
  return query
    select known.id, false from public.linked_identities as known
    where known.user_id = $1 and known.issuer = $2 and known.subject = $3;
  if not found then
    perform private.raise_error(
      'identity_taken', 'This identity is somebody''s, or you have another one of this issuer.', 409,
      'Whose it is, they take it back first.'
    );
  end if;
end;
$$;
comment on function private.link_identity(uuid, text, text) is
  'Links a person to an identity at another server, after they have proved it. Linking again changes nothing. Errors: '
  'identity_taken 409.';

-- Rights of a client --------------------------------------------------------------------------------------------------

create function private.use_client_credential(person uuid, client text, issuer text)
returns table (credential_id uuid, agent_id uuid, workspace_id uuid, scopes jsonb)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
  given record;
begin
  select held.id, held.agent_id, held.workspace_id, delegation.allowed into given
  from public.agent_credentials as held
  -- Only the person's own consent counts: an admin's consent for all must not move a person's client to another
  -- workspace.
  join public.agent_consents as consent on consent.agent_id = held.agent_id and consent.user_id = person
  cross join lateral private.delegation_of(held.id, person, null) as delegation
  where held.client_id = client and held.client_issuer is not distinct from issuer and held.expires_at > now()
    and delegation.reason is null and delegation.allowed <> '[]'
  order by consent.updated_at desc, held.id limit 1;
  if given.id is null then
    return;
  end if;
  -- At most once a minute: a client that asks each second must not write a row each second.
  update public.agent_credentials as held set last_used_at = now()
  where held.id = given.id and (held.last_used_at is null or held.last_used_at < now() - interval '1 minute');
  perform private.remember_delegation(given.agent_id, person);
  return query select given.id, given.agent_id, given.workspace_id, given.allowed;
end;
$$;
comment on function private.use_client_credential(uuid, text, text) is
  'What a client may do for a person now, and as which agent; records its use. If the client is an agent in several '
  'workspaces, the latest consent decides. issuer null: the project''s own Auth. No row: nothing.';

create function private.delegation_of_client(issuer text, subject text, client text)
returns table (user_id uuid, is_known boolean, credential_id uuid, agent_id uuid, workspace_id uuid, scopes jsonb)
language sql
volatile
rows 1
set search_path = ''
as $$
  select known.user_id,
    exists (
      select from public.agent_credentials as held
      where held.client_id = client and held.client_issuer = delegation_of_client.issuer and held.expires_at > now()
    ),
    given.credential_id, given.agent_id, given.workspace_id, given.scopes
  from (select issuer, subject) as asked
  left join public.linked_identities as known on known.issuer = asked.issuer and known.subject = asked.subject
  left join lateral private.use_client_credential(known.user_id, client, asked.issuer) as given on true;
$$;
comment on function private.delegation_of_client(text, text, text) is
  'For a verified token of a trusted issuer: the person (null: not linked), whether the client is an agent of any '
  'workspace, and what it may do for the person (null: nothing). Always one row.';

create function private.agents_of_client(client_id text, client_issuer text)
returns table (agent_id uuid, workspace_id uuid, name text, scopes text[], consented text[])
language plpgsql
stable
security definer -- people may not read credentials; it returns only agents that the caller may use
rows 5
set search_path = ''
as $$
#variable_conflict use_column
begin
  -- The form that a credential's client has: nobody can have registered another one.
  if coalesce(length(agents_of_client.client_id), 0) not between 1 and 300 then
    perform private.raise_error('invalid_body', 'client_id: from 1 to 300 characters', 400, 'client_id');
  elsif agents_of_client.client_issuer !~ '^https?://' or length(agents_of_client.client_issuer) > 500 then
    perform private.raise_error('invalid_body', 'client_issuer: an address of at most 500 characters', 400,
      'client_issuer');
  end if;
  return query
    select held.agent_id, held.workspace_id, agent.name,
      array(select scope from unnest(held.scopes) as scope where scope not like 'work:%'),
      coalesce(consent.scopes, '{}')
    from public.agent_credentials as held
    join public.agents as agent on agent.id = held.agent_id
    left join public.agent_consents as consent
      on consent.agent_id = held.agent_id and consent.user_id = private.current_user_id()
    where held.client_id = agents_of_client.client_id
      and held.client_issuer is not distinct from agents_of_client.client_issuer and held.expires_at > now()
      and held.agent_id = any (private.usable_agent_ids())
    order by agent.name, held.agent_id;
end;
$$;
comment on function private.agents_of_client(text, text) is 'The body of public.agents_of_client.';
create function public.agents_of_client(client_id text, client_issuer text default null)
returns table (agent_id uuid, workspace_id uuid, name text, scopes text[], consented text[])
language sql
stable
security invoker
rows 5
set search_path = ''
as $$
  select * from private.agents_of_client($1, $2);
$$;
comment on function public.agents_of_client(text, text) is
  'For a consent page: the agents of an OAuth client that the caller may use, the scopes that each may request '
  '(scopes), and those already allowed (consented). client_id: 1 to 300 characters. client_issuer: an address of at '
  'most 500; null: the project''s own Auth. Errors: invalid_body 400 with the field.';

-- Tokens of the project's own OAuth 2.1 server -----------------------------------------------------------------------

create function private.custom_access_token_hook(event jsonb)
returns jsonb
language plpgsql
volatile
security definer -- Auth has no grants on these tables
set search_path = ''
as $$
declare
  claims jsonb := event -> 'claims';
  client text := event #>> '{claims,client_id}';
  given record;
begin
  -- People who sign in: no lookup, so nothing can fail.
  if client is null then
    return jsonb_build_object('claims', claims);
  end if;
  if exists (
    select from public.agent_credentials as held where held.client_id = client and held.client_issuer is null
  ) then
    -- Auth looks up a token's session and finds none, so an agent's token cannot enter the account. Refresh still
    -- works: the refresh token knows its session.
    claims := claims || jsonb_build_object('session_id', gen_random_uuid());
    select * into given
    from private.use_client_credential(private.uuid_or_null(claims ->> 'sub'), client, null);
    if found then
      claims := claims || jsonb_build_object(
        'client_id', given.agent_id, 'azp', client, 'credential_id', given.credential_id,
        'act', jsonb_build_object('sub', given.agent_id, 'credential_id', given.credential_id),
        'workspace_id', given.workspace_id,
        'scope', array_to_string(
          -- Of the scopes from Auth, keep only those of OpenID.
          array(
            select scope from unnest(string_to_array(claims ->> 'scope', ' ')) as scope
            where scope in ('openid', 'email', 'profile', 'phone')
          ) || array(select jsonb_array_elements_text(given.scopes)),
          ' '
        )
      );
    end if;
  end if;
  return jsonb_build_object('claims', claims);
end;
$$;
comment on function private.custom_access_token_hook(jsonb) is
  'Auth''s hook before each access token (supabase/config.toml, [auth.hook.custom_access_token]). The token of an '
  'OAuth client for a person becomes a token of its agent: act, scope and workspace_id come from the person''s '
  'consent. Without consent the token stays as it is, and opens nothing. Tokens of people who sign in do not change.';

grant usage on schema private to supabase_auth_admin;
grant execute on function private.custom_access_token_hook(jsonb) to supabase_auth_admin;
grant execute on function private.agents_of_client(text, text), public.agents_of_client(text, text)
to authenticated, service_role;
