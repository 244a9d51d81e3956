-- Lead imports: the function leads reads a file in Storage piece by piece, and the admin who started it watches a row.
--
-- Touches: public.lead_imports: an import and its progress.
--          private.lead_import_work: the start of the next piece.
--          private.lead_import_keys: leads already taken.
--          private.lead_import_reports: the report so far.
-- Beware:  One transaction stores a piece's rows, their count and the start of the next piece. So a retry after a
--          failure takes each row once. Rows are written with the current rights of the admin who started the import.
--
--            waiting ──► checking (on_error reject: the whole file is tried, nothing is written) ──► refused
--               │            │ no row is refused
--               └────────────┴──► importing ──► reporting ──► done          at any time ──► failed

do $$
begin
  perform private.add_limit(
    'lead_imports_at_once', 'person', 'at_once', 'imports', 'Running piecewise imports of a person.', 2, 4, 8
  );
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
  constraint path_is_in_the_persons_folder check (
    starts_with(path, workspace_id || '/' || user_id || '/') and length(path) <= 1000 and path !~ '(^|/)\.\.?(/|$)'
  ),
  constraint on_error_is_known check (on_error in ('reject', 'skip')),
  constraint status_is_known check (
    status in ('waiting', 'checking', 'importing', 'reporting', 'done', 'refused', 'failed')
  ),
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
  'Imports of leads from a file in the bucket attachments, piece by piece. An admin starts one by an insert, watches '
  'it by reading the row, and stops it by a delete; rows already imported stay. Finished imports are deleted after 90 '
  'days.';
comment on column public.lead_imports.path is 'The file''s name in attachments: <workspace_id>/<user_id>/….';
comment on column public.lead_imports.on_error is
  'reject: one bad row refuses the whole file; skip: bad rows are skipped.';
comment on column public.lead_imports.rows_total is
  'Rows of the file, known after the first pass. rows_read restarts when checking becomes importing.';
comment on column public.lead_imports.rows_taken is
  'Rows inserted, updated or unchanged. During checking: the rows that would be.';
comment on column public.lead_imports.headings is
  'The meaning of each heading of the file, as POST /leads/import returns it.';
comment on column public.lead_imports.report_path is
  'A table with the result of each row, in attachments. Set when the import has ended.';
create index lead_imports_open on public.lead_imports (created_at) where finished_at is null;
create index lead_imports_workspace on public.lead_imports (workspace_id, created_at desc);
create index lead_imports_person on public.lead_imports (user_id, finished_at);
create trigger touch_updated_at before update on public.lead_imports
  for each row execute function private.touch_updated_at();
alter table public.lead_imports enable row level security;
grant select, delete on public.lead_imports to authenticated;
grant insert (workspace_id, prefix, path, on_error) on public.lead_imports to authenticated;
grant select, insert, update, delete on public.lead_imports to service_role;
-- update is not granted: only the function sets the progress.
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.lead_imports', 'user_id', 'delete', true, 'workspace_id');
create policy "Admins watch their workspace's imports" on public.lead_imports
  for select to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins watch their workspace's imports" on public.lead_imports is 'Who imports is an admin.';
create policy "Admins begin imports" on public.lead_imports
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
comment on policy "Admins begin imports" on public.lead_imports is
  'Of a file in their own folder. Rows are written with their rights.';
create policy "Admins stop imports" on public.lead_imports
  for delete to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins stop imports" on public.lead_imports is
  'The next piece finds the row gone. Rows already imported stay.';

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
  'The start of an import''s next piece, and how its file is parsed. Deleted when the import ends.';
create table private.lead_import_keys (
  import_id uuid not null references public.lead_imports (id) on delete cascade,
  key text not null,
  line integer not null,
  primary key (import_id, key)
);
comment on table private.lead_import_keys is
  'The leads (lead_key) that an import has taken, with their rows. Another row of the same lead is a duplicate. '
  'Deleted when the import ends.';
create table private.lead_import_reports (
  import_id uuid not null references public.lead_imports (id) on delete cascade,
  first_line integer not null,
  report text not null,
  primary key (import_id, first_line)
);
comment on table private.lead_import_reports is 'Pieces of a report, until they become a file.';

create function private.begin_lead_import()
returns trigger
language plpgsql
volatile
security definer -- limits and work belong to the owner
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
  'Trigger on lead_imports: limits how many a person runs at once. Errors: limit_reached 429.';
create trigger begin_lead_import after insert on public.lead_imports
  for each row execute function private.begin_lead_import();
