-- Foundations: extensions, the schema `private`, default privileges, and the helpers that all later chapters use.
--
-- Touches: extensions, the schema `private`, default privileges; private.raise_error (errors with a code) and refuse,
--          the helpers that read the request's token, act_as, touch_updated_at.
-- Beware:  no client can reach anything in `public` unless a chapter grants it. Newer projects of the platform begin
--          that way; older ones do not, so the default privileges are revoked here. pgvector before 0.8.2 overflows a
--          buffer in parallel HNSW builds, and before 0.8.3 vacuum may corrupt an index: run 0.8.3 or later where
--          possible.

create extension if not exists ltree with schema extensions;
create extension if not exists vector with schema extensions;
create extension if not exists pg_net with schema extensions;
create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists supabase_vault with schema vault;

alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;

create schema private;
comment on schema private is
  'Policy helpers, triggers, ledgers and the scratchpad. The Data API never exposes it; clients reach it only through '
  'functions.';
-- Usage lets policies call their helpers; no table in here is granted to any client.
grant usage on schema private to authenticated, service_role;

-- A domain and not checks on the busiest tables: Postgres compiles a table's checks for each statement, but a domain's
-- once per session. For the audit log that was 30 µs against 12 µs an insert. A domain cannot say which column it
-- refuses: tables that clients write have checks.
create domain private.short_text as text
  constraint short_text_has_1_to_200_characters check (length(value) between 1 and 200);
comment on domain private.short_text is 'A name or an id: 1 to 200 characters.';

-- Errors for clients --------------------------------------------------------------------------------------------------

create function private.raise_error(
  code text, message text, status integer, hint text default null, details jsonb default null,
  headers jsonb default '{}'
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  raise sqlstate 'PGRST' using
    message = pg_catalog.json_build_object('code', code, 'message', message, 'hint', hint, 'details',
      details::text)::text,
    detail = pg_catalog.json_build_object('status', status, 'headers', headers)::text;
end;
$$;
comment on function private.raise_error(text, text, integer, text, jsonb, jsonb) is
  'Raises an error that the Data API and the edge functions answer with `status`, `headers` and {code, message, hint, '
  'details}. Programs read details. docs/errors.md registers each `code`. Form: PostgREST''s custom errors (SQLSTATE '
  'PGRST).';

create function private.refuse(fields text, rule text default null)
returns boolean
language plpgsql
volatile -- or the planner would call it
set search_path = ''
as $$
declare
  columns text[] := string_to_array(fields, ', ');
begin
  -- A SQL session hears of Postgres itself which constraint it broke.
  if coalesce(pg_catalog.current_setting('request.jwt.claims', true), '') = '' then
    return false;
  elsif rule is null then
    perform private.raise_error('missing_value', fields || ': is missing', 422, null,
      jsonb_build_object('fields', columns));
  end if;
  perform private.raise_error('invalid_value', format('%s: breaks the rule "%s"', fields, replace(rule, '_', ' ')), 422,
    null, jsonb_build_object('fields', columns, 'rule', rule));
  return false;
end;
$$;
comment on function private.refuse(text, text) is
  'The last word of a check: coalesce(condition, true) or refuse(columns, name of the check). To a client of the API '
  'it raises invalid_value 422 (missing_value without a rule) that names the columns, and not the row; elsewhere it is '
  'false. See private.name_refusals.';
-- A check's functions run with the rights of who writes.
grant execute on function private.refuse(text, text) to authenticated, service_role;

create function private.require_count(given integer, usual integer, most integer, field text)
returns integer
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
  if given not between 1 and most then
    perform private.raise_error('invalid_body', format('%s: from 1 to %s', field, most), 400, field);
  end if;
  return coalesce(given, usual);
end;
$$;
comment on function private.require_count(integer, integer, integer, text) is
  'How many a caller asks for, 1 to `most`; null: the usual. Who asks for more is told, and not answered with less. '
  'Errors: invalid_body 400 with the field.';

create function private.require_known(given text[], known text[], field text)
returns void
language plpgsql
stable
parallel safe
set search_path = ''
as $$
begin
  if not given <@ known then
    perform private.raise_error('invalid_body', format('%s: of %s', field, array_to_string(known, ', ')), 400, field);
  end if;
end;
$$;
comment on function private.require_known(text[], text[], text) is
  'Refuses what no row can be: it would be answered with nothing. Null: nothing is asked for. Errors: invalid_body 400 '
  'with the field.';
grant execute on function private.require_count(integer, integer, integer, text),
  private.require_known(text[], text[], text) to authenticated, service_role;

create function private.is_time_zone(name text)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
  -- A place whose clocks change, or UTC. An offset or an abbreviation would be wrong after they change.
  if name is null or name !~ '^(UTC|[A-Z][A-Za-z_-]*(/[A-Z][A-Za-z0-9_-]*)+)$'
    or name ~ '^(Etc|SystemV|US|Brazil|Canada|Chile|Mexico)/' then
    return false;
  end if;
  perform now() at time zone name;
  return true;
exception when invalid_parameter_value then
  return false;
end;
$$;
comment on function private.is_time_zone(text) is
  'Whether a text is UTC or an IANA place name such as America/Chicago. EST, UTC-6 and Etc/GMT+6 are refused: they '
  'follow no place''s clocks.';
grant execute on function private.is_time_zone(text) to authenticated, service_role;

-- The caller ----------------------------------------------------------------------------------------------------------

create function private.jwt_claims()
returns jsonb
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  claims text := pg_catalog.current_setting('request.jwt.claims', true);
begin
  if claims is null or claims = '' or not pg_catalog.pg_input_is_valid(claims, 'jsonb') then
    return '{}'::jsonb;
  end if;
  return case when pg_catalog.jsonb_typeof(claims::jsonb) = 'object' then claims::jsonb else '{}'::jsonb end;
end;
$$;
comment on function private.jwt_claims() is
  'The verified claims of the request''s token; {} without a token. Never raises: a helper that raises can silence '
  'every realtime subscriber.';

create function private.current_user_id(for_scope text default null)
returns uuid
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  claims text := pg_catalog.current_setting('request.jwt.claims', true);
  subject text;
begin
  -- Not by calling jwt_claims(): every policy begins here, and the nested call takes a third of the time.
  if pg_catalog.pg_input_is_valid(claims, 'jsonb') then
    if claims::json ->> 'client_id' is not null or claims::json ->> 'act' is not null then
      -- An agent counts as its person only where a scope is named; without one, it is closed out.
      return case when for_scope is not null then private.person_behind_agent(for_scope) end;
    end if;
    subject := claims::json ->> 'sub';
  end if;
  return case when pg_catalog.pg_input_is_valid(subject, 'uuid') then subject::uuid end;
end;
$$;
comment on function private.current_user_id(text) is
  'The person whose rights apply: the subject of the request''s token, or null when the token is missing or malformed. '
  'With an agent''s token it is null, unless for_scope names the scope that the agent needs (private.scopes). Then it '
  'is the person for whom the agent acts, as long as every check still allows it. The only place that reads `sub` to '
  'decide rights.';

create function private.person_of_token()
returns uuid
language plpgsql -- a SQL function that is not inlined is planned by each call
stable
parallel safe
set search_path = ''
as $$
declare
  claims jsonb := private.jwt_claims();
begin
  return case
    when pg_catalog.pg_input_is_valid(claims ->> 'sub', 'uuid') and (claims ->> 'client_id' is null or claims ? 'act')
    then (claims ->> 'sub')::uuid end;
end;
$$;
comment on function private.person_of_token() is
  'The person of the token, or the person for whom an agent acts. Use it to count and to record, never to decide. Null '
  'for an agent as itself.';

create function private.agent_of_token()
returns uuid
language plpgsql -- as above
stable
parallel safe
set search_path = ''
as $$
declare
  claims text := pg_catalog.current_setting('request.jwt.claims', true);
  token jsonb;
begin
  -- Not by calling jwt_claims(), as in current_user_id().
  if not coalesce(pg_catalog.pg_input_is_valid(claims, 'jsonb'), false) then
    return null;
  end if;
  token := claims::jsonb;
  return case
    when pg_catalog.pg_input_is_valid(token ->> 'client_id', 'uuid') then (token ->> 'client_id')::uuid
    -- Never null for an agent that acts for a person: the null uuid is no agent.
    when token ? 'client_id' or token ? 'act' then '00000000-0000-0000-0000-000000000000'::uuid end;
end;
$$;
comment on function private.agent_of_token() is
  'The agent that acts with this token; null for a person. It narrows a query (agent_id = …) and is recorded. The '
  'helpers with a scope decide whether the agent may.';
grant execute on function
  private.jwt_claims(), private.current_user_id(text), private.person_of_token(), private.agent_of_token()
to authenticated, service_role;

create function private.is_service()
returns boolean
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  acting_role text := pg_catalog.current_setting('role', true);
begin
  -- `role` is the role that SET ROLE chose; a security definer function does not change it.
  return acting_role in ('service_role', 'postgres', 'supabase_admin')
      or (acting_role = 'none' and session_user <> 'authenticator');
end;
$$;
comment on function private.is_service() is
  'Whether the caller is the backend itself (secret key, scheduled job, direct connection) and not a person.';
grant execute on function private.is_service() to authenticated, service_role;

create function private.act_as(person uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform pg_catalog.set_config(
    'request.jwt.claims',
    pg_catalog.json_build_object('sub', person, 'role', 'authenticated')::text,
    true
  );
end;
$$;
comment on function private.act_as(uuid) is
  'Until the transaction ends, changes count as this person''s (in the audit log, in granted_by). For functions that '
  'have verified the token themselves. Granted to no role.';

-- updated_at ----------------------------------------------------------------------------------------------------------

create function private.touch_updated_at()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
begin
  new.updated_at := pg_catalog.now();
  return new;
end;
$$;
comment on function private.touch_updated_at() is 'Before-update trigger: sets updated_at.';
