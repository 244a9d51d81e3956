-- Exporting people: the list of columns that name a person, and the archive of one person in one document.
--
-- Touches: private.personal_columns (the list), private.personal_objects (stored objects), public.export_user_data (the
--          archive). An archive is made in pieces of some 64 KiB, so that neither the database nor a function ever
--          holds all of it.
-- Beware:  declare each new column that names a person here, or the test of the catalogue fails
--          (S/lifecycle/personal_columns). The same list drives the erasure (next chapter). Tables of businesses under
--          a prefix follow their template.

create table private.personal_columns (
  table_name text not null,
  column_name text not null,
  on_erasure text not null,
  is_exported boolean not null default false,
  workspace_column text,
  found_by text,
  primary key (table_name, column_name),
  constraint table_name_has_a_schema check (table_name ~ '^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$'),
  constraint on_erasure_is_known check (on_erasure in ('delete', 'null', 'pseudonymise', 'redact', 'with_row',
    'elsewhere'))
);
comment on table private.personal_columns is
  'Every column that names a person, by id or by address, and its treatment when the person is exported or erased.';
comment on column private.personal_columns.on_erasure is
  'delete: delete the row · null: set the column to null · pseudonymise: replace the person by a pseudonym (not where '
  'a foreign key holds) · redact: remove the person from a text or JSON · with_row: the row is deleted by another '
  'column''s rule · elsewhere: private.erase_person handles it.';
comment on column private.personal_columns.is_exported is
  'Whether rows that name the person here are part of their archive. False where the row is about another person.';
comment on column private.personal_columns.workspace_column is
  'The column with the row''s workspace. Null: the row has no workspace, and only erasing the whole account touches '
  'it.';
comment on column private.personal_columns.found_by is
  'For a large table that has no index of its persons: a condition with an index that all rows of a person meet, $1 '
  'being the person. The export adds it, so that it does not read what is of others.';

insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.profiles', 'user_id', 'elsewhere', true, null),
  ('public.profiles', 'email', 'with_row', false, null),
  ('public.members', 'user_id', 'delete', true, 'workspace_id'),
  ('public.members', 'invited_by', 'null', false, 'workspace_id'),
  ('private.known_people', 'user_id', 'delete', true, 'workspace_id'),
  ('public.permissions', 'user_id', 'delete', true, 'workspace_id'),
  ('public.permissions', 'granted_by', 'null', false, 'workspace_id'),
  ('public.permissions', 'reason', 'redact', false, 'workspace_id'),
  ('public.agent_credentials', 'created_by', 'null', false, 'workspace_id'),
  ('public.agent_consents', 'user_id', 'delete', true, 'workspace_id'),
  ('public.agent_consents', 'granted_by', 'null', false, 'workspace_id'),
  ('public.linked_identities', 'user_id', 'delete', true, null),
  ('public.invitations', 'email', 'delete', true, 'workspace_id'),
  ('public.invitations', 'invited_by', 'null', false, 'workspace_id'),
  ('public.audit_log', 'actor_id', 'elsewhere', true, 'workspace_id'),
  ('public.audit_log', 'subject_id', 'elsewhere', true, 'workspace_id'),
  ('public.billing_events', 'user_id', 'elsewhere', true, 'workspace_id'),
  ('private.permission_revisions', 'user_id', 'delete', false, null),
  ('private.delegations', 'user_id', 'delete', false, 'workspace_id'),
  ('public.budgets', 'user_id', 'delete', true, 'workspace_id'),
  ('private.counters', 'subject', 'delete', false, null),
  ('public.agent_memory_history', 'changed_by', 'null', false, 'workspace_id'),
  ('private.business_exports', 'made_by', 'null', false, 'workspace_id');

-- Whom a reason names is found without reading everybody's reasons.
create index permissions_reason_names on public.permissions using gin (private.names_in(reason))
  where reason is not null;

create function private.personal_columns_now()
returns table (of_table regclass, column_name text, column_type regtype, on_erasure text, is_exported boolean,
  workspace_column text, found_by text)
language sql
stable
set search_path = ''
as $$
  select c.oid::regclass, a.attname::text, a.atttypid::regtype, declared.on_erasure, declared.is_exported,
    declared.workspace_column, declared.found_by
  from private.personal_columns as declared
  cross join (select '' as prefix union select b.prefix from public.businesses as b) as business
  join pg_catalog.pg_class as c
    on c.relnamespace = split_part(declared.table_name, '.', 1)::regnamespace
      and c.relname = business.prefix || split_part(declared.table_name, '.', 2)
  join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = declared.column_name and not a.attisdropped
  order by 1, 2;
$$;
comment on function private.personal_columns_now() is
  'The declared columns that exist now, including those of tables that were stamped for a business.';

create function private.person_condition(column_name text, column_type regtype, workspace_column text)
returns text
language sql
stable
set search_path = ''
as $$
  select case
    when column_type = 'uuid'::regtype then format('%I = $1', column_name)
    when column_name ~ 'email$' then format('lower(%I) = lower($2) and %I = any ($4)', column_name, workspace_column)
    when column_type = 'uuid[]'::regtype then format('$1 = any (%I)', column_name)
    -- As the audit log's index of subjects has it.
    when column_name = 'subject_id' then 'lower(subject_id::text) = $1::text'
    else format('%I::text = $1::text', column_name)
  end;
$$;
comment on function private.person_condition(text, regtype, text) is
  'The condition that finds a person in a column; $1: their id, $2: their address, $4: the workspaces where it counts '
  '(private.places_of).';

create function private.personal_objects(person uuid, in_workspace uuid default null)
returns table (bucket_id text, name text)
language sql
stable
set search_path = ''
as $$
  select o.bucket_id, o.name
  from storage.objects as o
  where private.path_id(o.name, 2) = person
    and case when in_workspace is null then private.path_id(o.name, 1) is not null
      else private.path_id(o.name, 1) = in_workspace end
  order by o.bucket_id, o.name;
$$;
comment on function private.personal_objects(uuid, uuid) is
  'The stored objects of a person: those in their folder, <workspace>/<person>/…, to which only they can write. An '
  'object elsewhere with their id in its name belongs to another person. With a workspace: only that folder. Scans '
  'storage.objects.';

create function private.picked(whole jsonb, members text[])
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(member.key, member.value), '{}') from jsonb_each(whole) as member
  where member.key = any (members);
$$;
comment on function private.picked(jsonb, text[]) is 'The named members of an object, if present.';

select private.add_limit('exports_a_day', 'person', 'day', 'exports',
  'Data exports of a person.', 20, 20, 20);

create function private.in_pieces(list_of text)
returns text
language sql
immutable
set search_path = ''
as $$
  select format(
    $statement$
      select case when min(lined.n) = 1 then '' else ',' end || string_agg(lined.line, ',' order by lined.n)
      from (
        select numbered.n, numbered.line, sum(octet_length(numbered.line)) over (order by numbered.n) / 65536 as piece
        from (
          select row_number() over (order by listed.whole -> 'id', listed.whole) as n, listed.whole::text as line
          from (%s) as listed (whole)
        ) as numbered
      ) as lined
      group by lined.piece order by lined.piece
    $statement$, list_of);
$$;
comment on function private.in_pieces(text) is
  'A statement that returns the objects of another one (one column of jsonb), in order of id, as the inside of a JSON '
  'array: texts of some 64 KiB; a longer object is a text of its own.';

create function private.begin_export(user_id uuid)
returns uuid
language plpgsql
volatile
set search_path = ''
as $$
declare
  person uuid := coalesce(begin_export.user_id, private.current_user_id());
begin
  if person is null then
    perform private.raise_error('not_signed_in', 'This needs a signed-in person.', 401);
  elsif not private.is_service() and person is distinct from private.current_user_id()
    or not exists (select from public.profiles as p where p.user_id = person) then
    perform private.raise_error('not_found', 'No such person, or not you.', 404);
  end if;
  perform private.begin_long_work(null, person);
  if person = private.current_user_id() then
    perform private.count_against(null, person, 'exports_a_day', 1, 'day');
  end if;
  return person;
end;
$$;
comment on function private.begin_export(uuid) is
  'Whose archive to export (by default the caller''s), if the caller may. Counts against the limit. Errors: '
  'not_signed_in 401, not_found 404, limit_reached 429.';

create function private.export_pieces(user_id uuid)
returns setof text
language plpgsql
volatile
security definer -- reads every table, for one person
set search_path = ''
as $$
declare
  person uuid := private.begin_export(export_pieces.user_id);
  address text := (select p.email from public.profiles as p where p.user_id = person);
  hidden text[] := array['token_hash', 'claim_token', 'xid'];
  places uuid[] := private.places_of(person, address, private.has_confirmed_address(person));
  source record;
  between_tables text := '';
begin
  return next format('{"format": 1, "exported_at": %s, "person": %s, "tables": {', to_jsonb(now()),
    jsonb_build_object('id', person, 'email', address));
  for source in
    select replace(c.of_table::text, 'public.', '') as name,
      format('select to_jsonb(row_of) - $3 from %s as row_of where %s', c.of_table,
        string_agg(private.person_condition(c.column_name, c.column_type, c.workspace_column) ||
          coalesce(' and ' || c.found_by, ''), ' or ')) as list
    from private.personal_columns_now() as c
    where c.is_exported group by c.of_table
    union all
    select kept.name, kept.list from (values
      ('auth.users', $list$select private.picked(to_jsonb(u),
        array['id', 'email', 'phone', 'created_at', 'updated_at', 'last_sign_in_at',
        'email_confirmed_at', 'is_anonymous', 'raw_user_meta_data', 'raw_app_meta_data']) from auth.users as u
          where u.id = $1$list$),
      ('auth.identities', $list$select private.picked(to_jsonb(i),
        array['provider', 'identity_data', 'created_at', 'last_sign_in_at'])
        from auth.identities as i where i.user_id = $1$list$),
      ('auth.sessions', $list$select private.picked(to_jsonb(s),
        array['created_at', 'refreshed_at', 'user_agent', 'ip'])
        from auth.sessions as s where s.user_id = $1$list$),
      ('storage.objects', $list$select private.picked(to_jsonb(o),
        array['bucket_id', 'name', 'created_at', 'updated_at', 'metadata', 'user_metadata'])
        from private.personal_objects($1) as mine
        join storage.objects as o on o.bucket_id = mine.bucket_id and o.name = mine.name$list$)
    ) as kept (name, list)
    order by 1
  loop
    return next format('%s%s: [', between_tables, to_jsonb(source.name));
    return query execute private.in_pieces(source.list) using person, address, hidden, places;
    return next ']';
    between_tables := ', ';
  end loop;
  return next '}}';
end;
$$;
comment on function private.export_pieces(uuid) is
  'The archive of public.export_user_data as texts of some 64 KiB. Concatenated, they are one JSON document of any '
  'length. Errors: those of begin_export.';

create function public.export_user_data(user_id uuid default null)
returns jsonb
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
  archive jsonb;
begin
  begin
    select string_agg(made.piece, '' order by made.ordinality)::jsonb into archive
    from private.export_pieces(export_user_data.user_id) with ordinality as made (piece, ordinality);
  exception when program_limit_exceeded then
    perform private.raise_error('archive_too_large', 'The archive is longer than one value can be.', 413,
      'Ask for it with POST /account/export: there it comes in pieces.');
  end;
  return archive;
end;
$$;
comment on function public.export_user_data(uuid) is
  'All data about a person (by default the caller; others only for the service), as one document: {format: 1, '
  'exported_at, person: {id, email}, tables: {name: [rows]}}. It contains their profile, memberships, permissions, '
  'invitations to a confirmed address, the audit entries by and about them (with their sessions and turns), their '
  'billing events, the names and metadata of their stored objects, and basic sign-in data. Errors: not_signed_in 401, '
  'not_found 404, archive_too_large 413 (some 256 MB; the function account exports it whole).';
grant execute on function private.export_pieces(uuid), public.export_user_data(uuid) to authenticated, service_role;
