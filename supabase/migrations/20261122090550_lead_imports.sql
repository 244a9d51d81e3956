-- Imports in pieces: a file in Storage is read bit by bit by the function leads, and whoever began it watches a row.
--
-- Touches: public.lead_imports, private.lead_import_work, lead_import_keys, lead_import_reports, the jobs import-leads
--          and purge-lead-imports.
-- Beware:  a piece's rows, the count of them and where the next piece begins are one transaction: what is repeated
--          after a failure is taken once. Rows are written as the person who began it, with what they may at that time.
--
--            waiting ──► checking (on_error reject: the whole file is tried, nothing is written) ──► refused
--               │            │ no row is refused
--               └────────────┴──► importing ──► reporting ──► done          at any time ──► failed

do $$
begin
  perform private.add_limit('lead_imports_at_once', 'person', 'at_once', 'imports', 'Imports in pieces of a person that are under way.',
    2, 4, 8);
end;
$$;

create table public.lead_imports (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null default private.current_user_id() references public.profiles (user_id) on delete cascade,
  prefix text not null default '',
  path text not null,
  on_error text not null default 'reject',
  status text not null default 'waiting',
  rows_total integer,
  rows_read integer not null default 0,
  rows_taken integer not null default 0,
  rows_refused integer not null default 0,
  headings jsonb,
  report_path text,
  error_code text,
  error_message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint prefix_is_a_businesss check (prefix ~ '^([a-z][a-z0-9]{0,9}_)?$'),
  constraint path_is_in_the_persons_folder check (starts_with(path, workspace_id || '/' || user_id || '/') and length(path) <= 1000
    and path !~ '(^|/)\.\.?(/|$)'),
  constraint on_error_is_known check (on_error in ('reject', 'skip')),
  constraint status_is_known check (status in ('waiting', 'checking', 'importing', 'reporting', 'done', 'refused', 'failed')),
  constraint finished_has_a_time check ((status in ('done', 'refused', 'failed')) = (finished_at is not null)),
  constraint failed_says_why check ((status = 'failed') = (error_code is not null)),
  constraint rows_add_up check (rows_read = rows_taken + rows_refused and rows_taken >= 0 and rows_refused >= 0),
  constraint rows_total_is_not_negative check (rows_total >= 0),
  constraint headings_are_bounded check (length(headings::text) <= 100000),
  constraint report_path_is_short check (length(report_path) <= 1000),
  constraint error_code_is_short check (length(error_code) <= 100),
  constraint error_message_is_short check (length(error_message) <= 500)
);
comment on table public.lead_imports is
  'A file in the bucket attachments that becomes leads, in pieces. Inserted by an admin, watched by reading it, '
  'stopped by deleting it: what was taken stays. Finished ones go after 90 days.';
comment on column public.lead_imports.path is 'The file''s name in attachments: <workspace_id>/<user_id>/….';
comment on column public.lead_imports.on_error is 'reject: one bad row, and nothing is imported; skip: the others are.';
comment on column public.lead_imports.rows_total is
  'Rows of the file, once it was looked through. rows_read begins anew when checking becomes importing.';
comment on column public.lead_imports.rows_taken is
  'Inserted, updated, unchanged; while it is checked: those that would be.';
comment on column public.lead_imports.headings is
  'What each heading of the file means, as POST /leads/import tells it.';
comment on column public.lead_imports.report_path is
  'A table with what became of each row, in attachments; there when the import has ended.';
create index lead_imports_open on public.lead_imports (created_at) where finished_at is null;
create index lead_imports_workspace on public.lead_imports (workspace_id, created_at desc);
create index lead_imports_person on public.lead_imports (user_id, finished_at);
create trigger touch_updated_at before update on public.lead_imports for each row execute function private.touch_updated_at();
alter table public.lead_imports enable row level security;
grant select, delete on public.lead_imports to authenticated;
grant insert (workspace_id, prefix, path, on_error) on public.lead_imports to authenticated;
grant select, insert, update, delete on public.lead_imports to service_role;
-- update is not granted: how far it is, is the function's to say.
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.lead_imports', 'user_id', 'delete', true, 'workspace_id');
create policy "Admins watch their workspace's imports" on public.lead_imports
  for select to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins watch their workspace's imports" on public.lead_imports is 'Who imports is an admin.';
create policy "Admins begin imports" on public.lead_imports
  for insert to authenticated
  with check (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins begin imports" on public.lead_imports is
  'Of a file in their own folder: rows are written as them.';
create policy "Admins stop imports" on public.lead_imports
  for delete to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins stop imports" on public.lead_imports is 'The next piece finds it gone. What was taken stays.';

create table private.lead_import_work (
  import_id uuid primary key references public.lead_imports (id) on delete cascade,
  next_byte bigint not null default 0,
  format jsonb,
  outcome text not null default 'done',
  attempts integer not null default 0,
  taken_at timestamptz,
  leased_until timestamptz,
  constraint outcome_is_known check (outcome in ('done', 'refused'))
);
comment on table private.lead_import_work is
  'Where the next piece of an import begins, and how its file is read. Goes with what is finished.';
create table private.lead_import_keys (
  import_id uuid not null references public.lead_imports (id) on delete cascade,
  key text not null,
  line integer not null,
  primary key (import_id, key)
);
comment on table private.lead_import_keys is 'The leads (lead_key) that an import has taken, with their rows: another row of one is a duplicate. Goes with what is finished.';
create table private.lead_import_reports (
  import_id uuid not null references public.lead_imports (id) on delete cascade,
  first_line integer not null,
  report text not null,
  primary key (import_id, first_line)
);
comment on table private.lead_import_reports is 'Pieces of a report, until it is a file.';

create function private.begin_lead_import()
returns trigger
language plpgsql
volatile
security definer -- whoever is bound by it, limits and work are the owner's
set search_path = ''
as $$
declare
  allowed bigint := private.limit_of(new.workspace_id, 'lead_imports_at_once');
  used bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('lead_imports ' || new.user_id, 0));
  used := (select count(*) from public.lead_imports as i where i.user_id = new.user_id and i.finished_at is null) - 1;
  if used >= allowed then
    perform private.refuse_over_limit('lead_imports_at_once', used, allowed);
  end if;
  insert into private.lead_import_work (import_id) values (new.id);
  return null;
end;
$$;
comment on function private.begin_lead_import() is
  'Trigger on lead_imports: so many of a person at once. Errors: limit_reached 429.';
create trigger begin_lead_import after insert on public.lead_imports for each row execute function private.begin_lead_import();

create function private.take_lead_import()
returns table (
  import_id uuid, workspace_id uuid, user_id uuid, path text, status text, next_byte bigint, format jsonb, headings jsonb, kept_headings jsonb, skips boolean
)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  taken private.lead_import_work;
begin
  update private.lead_import_work as w set attempts = w.attempts + 1, taken_at = clock_timestamp(), leased_until = clock_timestamp() + interval '30 seconds'
  where w.import_id = (
    select next.import_id from private.lead_import_work as next
    where coalesce(next.leased_until <= clock_timestamp(), true) order by next.taken_at nulls first limit 1 for update skip locked)
  returning * into taken;
  if taken.attempts > 20 then
    perform private.fail_lead_import(taken.import_id, 'unavailable', 'The file or the database was away for too long.');
    return query select * from private.take_lead_import();
    return;
  end if;
  return query
  select i.id, i.workspace_id, i.user_id, i.path, i.status, taken.next_byte, taken.format, i.headings,
    (select coalesce(jsonb_object_agg(h.heading, h.column_name), '{}') from public.import_headings as h where h.workspace_id = i.workspace_id),
    i.on_error = 'skip'
  from public.lead_imports as i where i.id = taken.import_id;
end;
$$;
comment on function private.take_lead_import() is
  'Leases the import that was waited for longest, for 30 s or until its next piece; nothing when none is open. After '
  '20 attempts without a piece it fails.';

create function private.start_lead_import(import_id uuid, format jsonb, headings jsonb, rows_total integer)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.lead_imports as i set status = case i.on_error when 'reject' then 'checking' else 'importing' end, headings = $3, rows_total = $4
  where i.id = $1 and i.status = 'waiting';
  if found then
    update private.lead_import_work as w set format = $2, next_byte = ($2 ->> 'first_byte')::bigint, attempts = 0, leased_until = null
    where w.import_id = $1;
  end if;
end;
$$;
comment on function private.start_lead_import(uuid, jsonb, jsonb, integer) is
  'The file was looked through: how it is read (first_byte: where the rows begin), what its headings mean, and how '
  'many rows there are.';

create function private.csv_field(value text)
returns text
language sql
immutable
set search_path = ''
as $$ select case when $1 ~ '[",\r\n]' then '"' || replace($1, '"', '""') || '"' else coalesce($1, '') end; $$;
comment on function private.csv_field(text) is 'A value as a field of a CSV.';

create function private.import_lead_piece(import_id uuid, from_byte bigint, to_byte bigint, leads jsonb, is_last boolean)
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
  -- A lead that an earlier piece has taken is not taken again.
  with given as (
    select one.place::integer as place, one.value, k.line as taken_by from jsonb_array_elements(leads) with ordinality as one (value, place)
    left join private.lead_import_keys as k on k.import_id = import.id
      and k.key = private.lead_key(one.value ->> 'state', one.value ->> 'county', one.value ->> 'parcel')
  )
  select array_agg(g.place order by g.place) filter (where g.taken_by is null), jsonb_agg(g.value order by g.place) filter (where g.taken_by is null),
    coalesce(jsonb_agg(jsonb_build_object('line', g.place, 'result', 'refused', 'code', 'duplicate_row', 'field', 'parcel',
      'message', 'The same parcel is in row ' || g.taken_by || '.')) filter (where g.taken_by is not null), '[]')
  into lines, fresh, told from given as g;
  if fresh is not null then
    told := told || (select jsonb_agg(to_jsonb(t) || jsonb_build_object('line', lines[t.line]))
      from private.import_leads_as(import.user_id, import.prefix, import.workspace_id, fresh, case import.status when 'checking' then 'check' else 'skip' end) as t);
  end if;
  insert into private.lead_import_keys (import_id, key, line)
  select import.id, private.lead_key(one ->> 'state', one ->> 'county', one ->> 'parcel'), import.rows_read + (t ->> 'line')::integer
  from jsonb_array_elements(told) as t cross join lateral (select leads -> ((t ->> 'line')::integer - 1)) as l (one)
  where t ->> 'result' <> 'refused' on conflict do nothing;
  insert into private.lead_import_reports (import_id, first_line, report)
  select import.id, import.rows_read + 1, string_agg(concat_ws(',', import.rows_read + (t ->> 'line')::integer, t ->> 'result',
    coalesce(t ->> 'lead_id', ''), private.csv_field(t ->> 'code'), private.csv_field(t ->> 'field'), private.csv_field(t ->> 'message')), E'\r\n'
    order by (t ->> 'line')::integer)
  from jsonb_array_elements(told) as t having count(*) > 0;
  refused := (select count(*) from jsonb_array_elements(told) as t where t ->> 'result' = 'refused');
  import.rows_refused := import.rows_refused + refused;
  if is_last and import.status = 'checking' and import.rows_refused = 0 then
    -- All would be taken: now they are.
    delete from private.lead_import_keys as k where k.import_id = import.id;
    delete from private.lead_import_reports as r where r.import_id = import.id;
    update public.lead_imports as i set status = 'importing', rows_read = 0, rows_taken = 0 where i.id = import.id;
    update private.lead_import_work as w set next_byte = (w.format ->> 'first_byte')::bigint, attempts = 0, leased_until = null where w.import_id = import.id;
    return 'importing';
  end if;
  update public.lead_imports as i set status = case when is_last then 'reporting' else i.status end,
    rows_read = i.rows_read + total, rows_taken = i.rows_taken + total - refused, rows_refused = import.rows_refused where i.id = import.id;
  update private.lead_import_work as w set next_byte = to_byte, attempts = 0, leased_until = null,
    outcome = case when is_last and import.status = 'checking' then 'refused' else w.outcome end where w.import_id = import.id;
  return case when is_last then 'reporting' else import.status end;
end;
$$;
comment on function private.import_lead_piece(uuid, bigint, bigint, jsonb, boolean) is
  'Takes the rows of a file between two bytes, as the person who began the import, and counts them: all or nothing. A '
  'piece that was taken already, or whose import is gone, does nothing. Returns the status. Errors: those of '
  'import_leads.';

create function private.lead_import_report(import_id uuid)
returns text
language sql
stable
set search_path = ''
as $$
  select E'row,result,lead_id,code,field,message\r\n' || coalesce(string_agg(r.report, E'\r\n' order by r.first_line) || E'\r\n', '')
  from private.lead_import_reports as r where r.import_id = $1;
$$;
comment on function private.lead_import_report(uuid) is 'What became of each row, as CSV.';

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
  'The report is in Storage: the import is done, or refused.';

create function private.fail_lead_import(import_id uuid, code text, message text, headings jsonb default null)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  update public.lead_imports as i set status = 'failed', error_code = left($2, 100), error_message = left($3, 500), finished_at = now(),
    headings = coalesce($4, i.headings)
  where i.id = $1 and i.finished_at is null;
  delete from private.lead_import_work as w where w.import_id = $1;
  delete from private.lead_import_keys as k where k.import_id = $1;
  delete from private.lead_import_reports as r where r.import_id = $1;
end;
$$;
comment on function private.fail_lead_import(uuid, text, text, jsonb) is
  'Ends an import with the code that POST /leads/import would have answered. What was taken stays.';

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
comment on function private.request_lead_import() is 'The job import-leads: calls leads/import-due when an import is open and no call is on its way. Returns the call''s id.';
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
  'Removes imports that ended 90 days ago; their files are their people''s. Returns how many.';
select cron.schedule('purge-lead-imports', '41 3 * * *', 'select private.purge_lead_imports()');
