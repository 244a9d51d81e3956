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
  perform private.add_limit(
    'lead_imports_at_once', 'person', 'at_once', 'imports', 'Imports in pieces of a person that are under way.', 2, 4, 8
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
create trigger touch_updated_at before update on public.lead_imports
  for each row execute function private.touch_updated_at();
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
  with check (
    user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
  );
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
comment on table private.lead_import_keys is
  'The leads (lead_key) that an import has taken, with their rows: another row of one is a duplicate. Goes with what '
  'is finished.';
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
create trigger begin_lead_import after insert on public.lead_imports
  for each row execute function private.begin_lead_import();
