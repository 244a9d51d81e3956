-- Erasing people: the right to be forgotten, in the database.
--
-- Touches: private.erase_person and its parts (columns, calls, sign-in, scratchpad, logs). The next chapter turns it
--          into requests.
-- Beware:  an erasure is one transaction: all or nothing. Rows go first, because their triggers still write audit
--          entries and calls; then the calls, then the logs. Stored objects must be removed before (only the Storage
--          API can remove them); Redis is told afterwards. A second run is safe and removes data that arrived
--          meanwhile. Erasures queue, so that two people in one entry do not conflict. A person is found everywhere by
--          id, but by address only where it counts (private.places_of). So a user cannot erase other tenants' data by
--          signing up with another person's address.

create function private.erasure_places(person uuid, in_workspace uuid)
returns uuid[]
language sql
stable
set search_path = ''
as $$
  select coalesce(array_agg(place.id order by place.id), '{}') from (
    select member.workspace_id as id from public.members as member where member.user_id = person
    union
    select entry.workspace_id from public.audit_log as entry where entry.actor_id = person
    union
    select entry.workspace_id from private.audit_words as entry where lower(entry.subject_id) = person::text
    union
    select entry.workspace_id from private.audit_words as entry where entry.names @> array[person::text]
    union
    select event.workspace_id from public.billing_events as event where event.user_id = person
    union
    select event.workspace_id from public.billing_events as event
    where event.request_id is not null and private.names_in(event.request_id) @> array[person::text]
  ) as place
  where in_workspace is null or place.id = in_workspace;
$$;
comment on function private.erasure_places(uuid, uuid) is
  'The workspaces whose logs name a person by their id, or (in_workspace) whether one does.';

create function private.erase_personal_columns(person uuid, address text, reach uuid[], in_workspace uuid, alias uuid)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  declared record;
  is_they text;
  its_address text;
  here text;
  touched bigint;
  counts jsonb := '{}'::jsonb;
begin
  for declared in
    select c.* from private.personal_columns_now() as c
    where c.on_erasure in ('redact', 'null', 'pseudonymise', 'delete')
      and (in_workspace is null or c.workspace_column is not null)
    -- Clean the rows that stay before deleting others, always in the same order.
    order by array_position(array['redact', 'null', 'pseudonymise', 'delete'], c.on_erasure), c.of_table::text,
      c.column_name
  loop
    is_they := private.person_condition(declared.column_name, declared.column_type, declared.workspace_column);
    its_address := case when declared.workspace_column is null then 'null'
      else format('case when row_of.%I = any ($4) then $2 end', declared.workspace_column) end;
    here := case when in_workspace is null then ''
      else format(' and row_of.%I = %L', declared.workspace_column, in_workspace) end;
    execute case declared.on_erasure
      when 'delete' then
        format('delete from %s as row_of where (%s)%s', declared.of_table, is_they, here)
      when 'null' then
        format('update %s as row_of set %I = null where (%s)%s', declared.of_table, declared.column_name, is_they, here)
      when 'pseudonymise' then
        format('update %s as row_of set %I = $3::text::%s where (%s)%s', declared.of_table, declared.column_name,
          declared.column_type, is_they, here)
      else
        format('update %1$s as row_of set %2$I = private.redacted_text(%2$I::text, $1, %5$s, $3::text)::%3$s where '
          '%2$I is not null and %6$s and private.redacted_text(%2$I::text, $1, %5$s, $3::text) <> %2$I::text%4$s',
          declared.of_table, declared.column_name, declared.column_type, here, its_address,
          case when address <> '' and private.names_in(address) is null
            then format('private.text_names(%I::text, $1, $2)', declared.column_name)
            else format('private.names_in(%I%s) && (array[$1::text] || private.names_in($2))', declared.column_name,
              case when declared.column_type <> 'text'::regtype then '::text' end) end)
      end
    using person, address, alias, reach;
    get diagnostics touched = row_count;
    if touched > 0 then
      counts := counts || jsonb_build_object(format('%s.%s', declared.of_table, declared.column_name), touched);
    end if;
  end loop;
  return counts;
end;
$$;
comment on function private.erase_personal_columns(uuid, text, uuid[], uuid, uuid) is
  'Applies private.personal_columns, column by column; the address counts in the workspaces of `reach`. Returns how '
  'many rows of each. Errors: last_owner 409.';

create function private.without_person(body jsonb, person uuid)
returns jsonb
language sql
immutable
set search_path = ''
as $$
  select case when jsonb_typeof(body -> 'floors') = 'object' then body #- array['floors', person::text] else body end;
$$;
comment on function private.without_person(jsonb, uuid) is 'The body of a call to agents/invalidate, without a person.';

-- Whom a call names is found without reading everybody's calls. Most name nobody.
create index function_calls_names on private.function_calls using gin (private.names_in(body::text, last_error))
  where private.names_in(body::text, last_error) is not null;

create function private.erase_calls(person uuid, address text, alias uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  silent constant jsonb := '{"floors": {}, "agents": []}'::jsonb;
  named bigint[] := case when address <> '' and private.names_in(address) is null
    then array(select call.id from private.function_calls as call
      where private.text_names(concat_ws(' ', call.body::text, call.last_error), person, address))
    else array(select call.id from private.function_calls as call
      where private.names_in(call.body::text, call.last_error)
        && (array[person::text] || private.names_in(address))) end;
begin
  -- Calls without content are deleted; finished ones stay as a record.
  update private.function_calls as call set
    body = private.redacted_text(private.without_person(call.body, person)::text, person, address, alias::text)::jsonb,
    last_error = private.redacted_text(call.last_error, person, address, alias::text)
  where call.id = any (named);
  delete from private.function_calls as call where call.body = silent and call.status in ('sent', 'retrying');
  -- Requests that pg_net has not sent yet. Its worker removes those that it sent.
  if has_table_privilege('net.http_request_queue', 'select, update, delete') then
    update net.http_request_queue as request set
      body = convert_to(private.redacted_text(
        case when convert_from(request.body, 'UTF8') is json object
          then private.without_person(convert_from(request.body, 'UTF8')::jsonb, person)::text
          else convert_from(request.body, 'UTF8') end,
        person, address, alias::text), 'UTF8')
    where private.text_names(convert_from(request.body, 'UTF8'), person, address);
    delete from net.http_request_queue as request
    where convert_from(request.body, 'UTF8') is json object and convert_from(request.body, 'UTF8')::jsonb = silent;
  end if;
  if has_table_privilege('net._http_response', 'select, delete') then
    delete from net._http_response as answer
    where private.text_names(concat_ws(' ', answer.content, answer.error_msg, answer.headers::text), person, address);
  end if;
  delete from cron.job_run_details as run
  where private.text_names(concat_ws(' ', run.command, run.return_message), person, address);
end;
$$;
comment on function private.erase_calls(uuid, text, uuid) is
  'Removes a person from past and pending calls to functions, and from the records of scheduled jobs.';

create function private.erase_sign_in(person uuid, address text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  known record;
begin
  -- Tables that reference a user differ between versions of Auth: delete every row with the id.
  for known in
    select c.oid::regclass as relation from pg_catalog.pg_class as c
    join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped
    where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r' order by c.relname
  loop
    execute format('delete from %s where user_id::text = $1::text', known.relation) using person;
  end loop;
  if to_regclass('auth.audit_log_entries') is not null then
    delete from auth.audit_log_entries as entry where private.text_names(entry.payload::text, person, address);
  end if;
  -- This deletes the profile too.
  delete from auth.users as u where u.id = person;
end;
$$;
comment on function private.erase_sign_in(uuid, text) is 'Removes the auth user and all that Auth stores about them.';

create function private.erase_scratchpad(person uuid, address text, in_workspace uuid, sessions text[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  delete from private.scratch_values as v
  where case
    when in_workspace is null then private.text_names(v.key || ' ' || coalesce(v.value::text, ''), person, address)
    else v.key = any (select 'session:' || s from unnest(sessions) as s) end;
  delete from private.scratch_members as m
  where private.text_names(concat_ws(' ', m.key, m.member, m.info::text), person, address)
    and (in_workspace is null or m.key in ('presence:' || in_workspace, 'typing:' || in_workspace)
      or m.member = any (sessions));
  delete from private.scratch_counters as c where in_workspace is null and private.text_names(c.key, person, address);
end;
$$;
comment on function private.erase_scratchpad(uuid, text, uuid, text[]) is
  'Removes a person from the Postgres scratchpad, or only what belongs to one workspace.';

create function private.erase_person(
  person uuid, address text default null, in_workspace uuid default null, is_proven boolean default null,
  addressed uuid[] default '{}'
)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  alias uuid := gen_random_uuid();
  proven_address text := case when coalesce(is_proven, private.has_confirmed_address(person)) then address end;
  reach uuid[] := private.places_of(person, address, proven_address is not null) || addressed;
  places uuid[];
  place uuid;
  pseudonym_here uuid;
  address_here text;
  sessions text[];
  counts jsonb;
  entries bigint := 0;
  events bigint := 0;
  changed bigint;
  billed bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('groundwork erasures', 0));
  -- What has left this cell is erased here, too: until it is forgotten, it is kept (private.refuse_elsewhere).
  perform set_config('groundwork.placing', 'any', true);
  if exists (select from private.personal_objects(person, in_workspace)) then
    raise exception 'stored objects of the person remain: the Storage API removes them first'
    using errcode = 'object_in_use';
  end if;
  -- Rows first: their triggers write entries, which name the person's workspaces.
  counts := private.erase_personal_columns(person, address, reach, in_workspace, alias);
  update storage.objects as o set owner = null, owner_id = null
  where person::text in (o.owner::text, o.owner_id)
    and (in_workspace is null or private.path_id(o.name, 1) = in_workspace);
  if in_workspace is null then
    perform private.erase_sign_in(person, proven_address);
    -- The deletion raised it again.
    delete from private.permission_revisions as known where known.user_id = person;
    perform private.erase_calls(person, proven_address, alias);
    update storage.objects as o set user_metadata = private.redacted_text(o.user_metadata::text, person,
      case when private.path_id(o.name, 1) = any (reach) then address end, alias::text)::jsonb
    where private.text_names(o.user_metadata::text, person,
      case when private.path_id(o.name, 1) = any (reach) then address end);
    update storage.buckets as b set owner = null, owner_id = null where person::text in (b.owner::text, b.owner_id);
  end if;
  places := private.erasure_places(person, in_workspace) ||
    case when in_workspace is null then reach else array[in_workspace] end;
  places := array(select distinct place_id from unnest(places) as place_id order by place_id);

  -- End their sessions, in the log as well: an open socket then finds its session closed.
  sessions := array(
    select opened.subject_id from public.audit_log as opened
    where opened.workspace_id = any (places) and opened.action = 'session.opened' and opened.actor_id = person
    order by opened.id);
  insert into public.audit_log (workspace_id, actor_id, agent_id, action, subject_type, subject_id)
  select opened.workspace_id, person, opened.agent_id, 'session.closed', 'session', opened.subject_id
  from public.audit_log as opened
  where opened.workspace_id = any (places) and opened.action = 'session.opened' and opened.actor_id = person
    and not exists (select from public.audit_log as closed
      where closed.subject_id = opened.subject_id and closed.action = 'session.closed'
        and closed.workspace_id = opened.workspace_id)
  order by opened.id;
  perform private.erase_scratchpad(person, proven_address, in_workspace, sessions);
  delete from private.request_claims as claim
  where claim.workspace_id = any (places)
    and private.text_names(concat_ws(' ', claim.scope, claim.request_id), person,
      case when claim.workspace_id = any (reach) then address end);

  -- The logs last, to include entries of the steps above.
  foreach place in array places loop
    pseudonym_here := gen_random_uuid();
    insert into private.erasure_pseudonyms (workspace_id, pseudonym) values (place, pseudonym_here);
    address_here := case when place = any (reach) then address end;
    changed := private.redact_audit_log(place, person, address_here, pseudonym_here);
    billed := private.redact_billing_events(place, person, address_here, pseudonym_here);
    entries := entries + changed;
    events := events + billed;
    if changed + billed = 0 then
      -- The entry named only another person, whose id or address contains this one's.
      delete from private.erasure_pseudonyms as p where p.workspace_id = place and p.pseudonym = pseudonym_here;
    end if;
  end loop;
  perform set_config('groundwork.placing', '', true);
  return jsonb_build_object(
    'rows', counts, 'audit_entries', entries, 'billing_events', events,
    'leftovers', jsonb_build_object('sessions', to_jsonb(sessions), 'workspaces', to_jsonb(places), 'addressed',
      to_jsonb(reach)));
end;
$$;
comment on function private.erase_person(uuid, text, uuid, boolean, uuid[]) is
  'Erases a person (address: their confirmed email), or only their data in one workspace. is_proven: whether the '
  'address counts where it was invited, by default private.has_confirmed_address; addressed: workspaces where it '
  'counted in an earlier pass. Refuses while the person has stored objects. Returns the number of rows, entries and '
  'events that it changed, and as leftovers the sessions and workspaces that Redis may still hold. Safe to run again. '
  'Errors: last_owner 409.';
