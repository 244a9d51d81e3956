-- Importing in pieces: the calls of the function leads, piece by piece, and the jobs that call it and clean up.
--
-- Touches: private.take_lead_import, start_lead_import, import_lead_piece: lease an import, prepare it, take a piece.
--          private.lead_import_report, finish_lead_import, fail_lead_import: end it with a report or an error.
--          The jobs import-leads and purge-lead-imports: call the function, and delete old imports.
-- Beware:  A piece is idempotent: it names its first byte, which must equal the import's position.

create function private.take_lead_import()
returns table (
  import_id uuid, workspace_id uuid, user_id uuid, path text, status text, next_byte bigint, format jsonb,
  headings jsonb, kept_headings jsonb, skips boolean
)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  taken private.lead_import_work;
begin
  update private.lead_import_work as w set attempts = w.attempts + 1, taken_at = clock_timestamp(),
    leased_until = clock_timestamp() + interval '30 seconds'
  where w.import_id = (
    select next.import_id from private.lead_import_work as next
    where coalesce(next.leased_until <= clock_timestamp(), true)
    order by next.taken_at nulls first limit 1 for update skip locked)
  returning * into taken;
  if taken.attempts > 20 then
    perform private.fail_lead_import(taken.import_id, 'unavailable', 'The file or the database was away for too long.');
    return query select * from private.take_lead_import();
    return;
  end if;
  return query
  select i.id, i.workspace_id, i.user_id, i.path, i.status, taken.next_byte, taken.format, i.headings,
    (select coalesce(jsonb_object_agg(h.heading, h.column_name), '{}') from public.import_headings as h
      where h.workspace_id = i.workspace_id),
    i.on_error = 'skip'
  from public.lead_imports as i where i.id = taken.import_id;
end;
$$;
comment on function private.take_lead_import() is
  'Leases the import that has waited longest, for 30 s or until its next piece. Returns nothing when none is open. '
  'After 20 attempts without a piece the import fails.';

create function private.start_lead_import(import_id uuid, format jsonb, headings jsonb, rows_total integer)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.lead_imports as i set
    status = case i.on_error when 'reject' then 'checking' else 'importing' end, headings = $3, rows_total = $4
  where i.id = $1 and i.status = 'waiting';
  if found then
    update private.lead_import_work as w set format = $2, next_byte = ($2 ->> 'first_byte')::bigint, attempts = 0,
      leased_until = null
    where w.import_id = $1;
  end if;
end;
$$;
comment on function private.start_lead_import(uuid, jsonb, jsonb, integer) is
  'Stores the result of the first pass: the file''s format (first_byte: where the rows begin), the meaning of its '
  'headings, and the number of rows.';

create function private.csv_field(value text)
returns text
language sql
immutable
set search_path = ''
as $$ select case when $1 ~ '[",\r\n]' then '"' || replace($1, '"', '""') || '"' else coalesce($1, '') end; $$;
comment on function private.csv_field(text) is 'A value as a CSV field.';

create function private.import_lead_piece(
  import_id uuid, from_byte bigint, to_byte bigint, leads jsonb, is_last boolean
)
returns text
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_variable
declare
  import public.lead_imports;
  work private.lead_import_work;
  lines integer[];
  fresh jsonb;
  told jsonb;
  refused integer;
  total integer := coalesce(jsonb_array_length(leads), 0);
begin
  select i.* into import from public.lead_imports as i where i.id = import_id for update;
  select w.* into work from private.lead_import_work as w where w.import_id = import_lead_piece.import_id for update;
  if work.import_id is null or import.status not in ('checking', 'importing') or work.next_byte <> from_byte then
    return import.status;
  end if;
  -- Skip leads that an earlier piece has taken.
  with given as (
    select one.place::integer as place, one.value, k.line as taken_by
    from jsonb_array_elements(leads) with ordinality as one (value, place)
    left join private.lead_import_keys as k on k.import_id = import.id
      and k.key = private.lead_key(one.value ->> 'state', one.value ->> 'county', one.value ->> 'parcel')
  )
  select array_agg(g.place order by g.place) filter (where g.taken_by is null),
    jsonb_agg(g.value order by g.place) filter (where g.taken_by is null),
    coalesce(jsonb_agg(jsonb_build_object(
      'line', g.place, 'result', 'refused', 'code', 'duplicate_row', 'field', 'parcel',
      'message', 'The same parcel is in row ' || g.taken_by || '.'
    )) filter (where g.taken_by is not null), '[]')
  into lines, fresh, told from given as g;
  if fresh is not null then
    told := told || (select jsonb_agg(to_jsonb(t) || jsonb_build_object('line', lines[t.line]))
      from private.import_leads_as(import.user_id, import.prefix, import.workspace_id, fresh,
        case import.status when 'checking' then 'check' else 'skip' end) as t);
  end if;
  insert into private.lead_import_keys (import_id, key, line)
  select import.id, private.lead_key(one ->> 'state', one ->> 'county', one ->> 'parcel'),
    import.rows_read + (t ->> 'line')::integer
  from jsonb_array_elements(told) as t
  cross join lateral (select leads -> ((t ->> 'line')::integer - 1)) as l (one)
  where t ->> 'result' <> 'refused' on conflict do nothing;
  insert into private.lead_import_reports (import_id, first_line, report)
  select import.id, import.rows_read + 1, string_agg(concat_ws(',',
    import.rows_read + (t ->> 'line')::integer, t ->> 'result', coalesce(t ->> 'lead_id', ''),
    private.csv_field(t ->> 'code'), private.csv_field(t ->> 'field'), private.csv_field(t ->> 'message')
  ), E'\r\n' order by (t ->> 'line')::integer)
  from jsonb_array_elements(told) as t having count(*) > 0;
  refused := (select count(*) from jsonb_array_elements(told) as t where t ->> 'result' = 'refused');
  import.rows_refused := import.rows_refused + refused;
  if is_last and import.status = 'checking' and import.rows_refused = 0 then
    -- Every row passed the check: start importing.
    delete from private.lead_import_keys as k where k.import_id = import.id;
    delete from private.lead_import_reports as r where r.import_id = import.id;
    update public.lead_imports as i set status = 'importing', rows_read = 0, rows_taken = 0 where i.id = import.id;
    update private.lead_import_work as w set next_byte = (w.format ->> 'first_byte')::bigint, attempts = 0,
      leased_until = null
    where w.import_id = import.id;
    return 'importing';
  end if;
  update public.lead_imports as i set status = case when is_last then 'reporting' else i.status end,
    rows_read = i.rows_read + total, rows_taken = i.rows_taken + total - refused, rows_refused = import.rows_refused
  where i.id = import.id;
  update private.lead_import_work as w set next_byte = to_byte, attempts = 0, leased_until = null,
    outcome = case when is_last and import.status = 'checking' then 'refused' else w.outcome end
  where w.import_id = import.id;
  return case when is_last then 'reporting' else import.status end;
end;
$$;
comment on function private.import_lead_piece(uuid, bigint, bigint, jsonb, boolean) is
  'Imports the rows of a file between two bytes, with the rights of the admin who started the import, and counts them. '
  'All or nothing. Idempotent: it does nothing when the piece was taken already or the import is gone. Returns the '
  'status. Errors: those of import_leads.';

create function private.lead_import_report(import_id uuid)
returns text
language sql
stable
set search_path = ''
as $$
  select E'row,result,lead_id,code,field,message\r\n'
    || coalesce(string_agg(r.report, E'\r\n' order by r.first_line) || E'\r\n', '')
  from private.lead_import_reports as r where r.import_id = $1;
$$;
comment on function private.lead_import_report(uuid) is 'The result of each row, as CSV.';

create function private.finish_lead_import(import_id uuid, report_path text)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.lead_imports as i set status = w.outcome, report_path = $2, finished_at = now()
  from private.lead_import_work as w where i.id = $1 and w.import_id = i.id and i.status = 'reporting';
  delete from private.lead_import_work as w where w.import_id = $1;
  delete from private.lead_import_keys as k where k.import_id = $1;
  delete from private.lead_import_reports as r where r.import_id = $1;
end;
$$;
comment on function private.finish_lead_import(uuid, text) is
  'The report is in Storage: ends the import as done or refused.';

create function private.fail_lead_import(import_id uuid, code text, message text, headings jsonb default null)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.lead_imports as i set status = 'failed', error_code = left($2, 100), error_message = left($3, 500),
    finished_at = now(), headings = coalesce($4, i.headings)
  where i.id = $1 and i.finished_at is null;
  delete from private.lead_import_work as w where w.import_id = $1;
  delete from private.lead_import_keys as k where k.import_id = $1;
  delete from private.lead_import_reports as r where r.import_id = $1;
end;
$$;
comment on function private.fail_lead_import(uuid, text, text, jsonb) is
  'Fails an import with the error code that POST /leads/import would have returned. Rows already imported stay.';

create function private.request_lead_import()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
begin
  if exists (select from private.lead_import_work) then
    return private.call_function_once('import-leads', 'leads/import-due', 3);
  end if;
  return null;
end;
$$;
comment on function private.request_lead_import() is
  'The job import-leads: calls leads/import-due when an import is open and no call is in progress. Returns the call''s '
  'id.';
select cron.schedule('import-leads', '10 seconds', 'select private.request_lead_import()');

create function private.purge_lead_imports()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
begin
  return coalesce((private.for_all_workspaces('purge-lead-imports', $each$
    with gone as (
      delete from public.lead_imports as i
      where i.finished_at < now() - interval '90 days' and ($1 is null or i.workspace_id = $1) returning 1)
    select array[count(*)] from gone$each$,
    $places$select distinct i.workspace_id from public.lead_imports as i
      where i.finished_at < now() - interval '90 days' order by 1$places$))[1], 0);
end;
$$;
comment on function private.purge_lead_imports() is
  'Deletes imports that ended 90 days ago. Their files stay with their owners. Returns how many.';
select cron.schedule('purge-lead-imports', '41 3 * * *', 'select private.purge_lead_imports()');
