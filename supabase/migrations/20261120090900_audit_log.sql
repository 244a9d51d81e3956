-- The audit log: each action with its actor, agent and time. Append-only, partitioned by month.
--
-- Touches: public.audit_log and its partitions (in `private`, so that no client bypasses the parent's policies),
--          private.maintain_partitions. The next chapter writes entries.
-- Beware:  only the tables' owner and superusers can change, delete or truncate an entry; the seals of a later chapter
--          detect it. Entries have no foreign keys: they outlive the rows that they name.

create domain private.action_name as text
  constraint action_is_a_dotted_name check (
    coalesce(value ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$' and length(value) <= 100, true)
    or private.refuse('action', 'action_is_a_dotted_name'));
create domain private.audit_detail as jsonb
  constraint detail_is_an_object_of_16_kib check (
    coalesce(jsonb_typeof(value) = 'object' and pg_column_size(value) <= 16384, true)
    or private.refuse('detail', 'detail_is_an_object_of_16_kib'));
comment on domain private.audit_detail is 'A JSON object of at most 16 KiB.';
comment on domain private.action_name is 'An action: subject.verb in lowercase, e.g. report.exported.';

create function private.names_in(a text, b text default null, c text default null)
returns text[]
language plpgsql -- a SQL function is planned at each call
immutable
parallel safe
set search_path = ''
as $$
declare
  id constant text := '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
  address constant text := '[[:alnum:]._%+-]+@[[:alnum:]_-]+(?:\.[[:alnum:]][[:alnum:]_-]*)*';
  whole text := lower(coalesce(a, '') || ' ' || coalesce(b, '') || ' ' || coalesce(c, ''));
  found text;
  names text[];
begin
  if strpos(whole, '-') > 0 then
    -- One after the other: of the few that there mostly are, a query for all takes three times as long.
    for n in 1 .. 4 loop
      found := regexp_substr(whole, id, 1, n);
      exit when found is null;
      names := names || found;
    end loop;
    if found is not null then
      names := array(select name[1] from regexp_matches(whole, '(' || id || ')', 'g') as name);
    end if;
  end if;
  if strpos(whole, '@') > 0 then
    names := names || array(select name[1] from regexp_matches(whole, '(' || address || ')', 'g') as name);
  end if;
  return nullif(names, '{}');
end;
$$;
comment on function private.names_in(text, text, text) is
  'The ids and addresses in texts, in lowercase; null without any. For indexes that find where a person is named: an '
  'erasure must not read what names others.';
grant execute on function private.names_in(text, text, text) to authenticated, service_role;

create function private.names_beside(subject text, request text, detail text)
returns text[]
language plpgsql -- as above
immutable
parallel safe
set search_path = ''
as $$
begin
  return private.names_in(case when not pg_catalog.pg_input_is_valid(subject, 'uuid') then subject end, request,
    detail);
end;
$$;
comment on function private.names_beside(text, text, text) is
  'The names in an audit entry beside its actor, and beside its subject where that is an id: those have indexes that '
  'cost a writer less.';

create table public.audit_log (
  id bigint generated always as identity,
  workspace_id uuid not null,
  occurred_at timestamptz not null default now(),
  actor_id uuid,
  agent_id uuid,
  action private.action_name not null,
  subject_type private.short_text,
  subject_id private.short_text,
  detail private.audit_detail not null default '{}',
  request_id private.short_text,
  occurred_on date not null default (now() at time zone 'utc')::date,
  xid bigint not null default pg_current_xact_id()::text::bigint,
  primary key (workspace_id, id, occurred_on)
) partition by range (occurred_on);
comment on table public.audit_log is
  'What was done in a workspace, by which person (actor_id, null: the service) and through which agent. Append-only. A '
  'request id makes one entry within a day.';
comment on column public.audit_log.occurred_on is 'The UTC day of occurred_at; the partition key.';
comment on column public.audit_log.xid is
  'The writing transaction. Sealing waits until every older transaction has ended.';
create index audit_log_sessions on public.audit_log (subject_id, id)
  where action in ('session.opened', 'session.closed');
-- By these a person's own entries are found among everyone's, when they are exported or erased. The third costs a
-- writer as much as all the rest: only entries with names in their detail or request id pay for it.
create index audit_log_actor on public.audit_log (actor_id, workspace_id) where actor_id is not null;
create index audit_log_subject on public.audit_log (lower(subject_id::text)) where subject_id is not null;
create index audit_log_names on public.audit_log
  using gin (private.names_beside(subject_id::text, request_id::text, detail::text))
  where private.names_beside(subject_id::text, request_id::text, detail::text) is not null;
-- Rows are stored in the order of their transactions, so a block-range index finds a minute's entries at almost no cost
-- for writers.
create index audit_log_xid on public.audit_log using brin (xid) with (pages_per_range = 16);

alter table public.audit_log enable row level security;
grant select on public.audit_log to authenticated, service_role;
-- insert is not granted: log_audit and triggers write entries. No role has update, delete or truncate.

create policy "Admins read the workspace's audit log" on public.audit_log
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the workspace's audit log" on public.audit_log is
  'The log shows what colleagues did, so members do not read it.';

-- Append-only ---------------------------------------------------------------------------------------------------------

create function private.refuse_change()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.raise_error('append_only', coalesce(tg_argv[0], 'Entries of this log are never changed or removed.'),
    403, tg_argv[1]);
  return null;
end;
$$;
comment on function private.refuse_change() is
  'Trigger of append-only tables: append_only (403). Arguments: the message (default: that of a log), and a hint.';
create trigger refuse_change before update or delete on public.audit_log
  for each row execute function private.refuse_change();
create trigger refuse_truncate before truncate on public.audit_log
  for each statement execute function private.refuse_change();

-- Partitions ----------------------------------------------------------------------------------------------------------

create table private.partitioned_logs (
  table_name text primary key,
  keep_months integer not null,
  constraint keeps_at_least_a_year check (keep_months >= 12)
);
comment on table private.partitioned_logs is
  'The logs in public that are partitioned by month on occurred_on, and how many months each is kept.';
insert into private.partitioned_logs (table_name, keep_months) values ('audit_log', 84);

create function private.maintain_partitions(today date default (now() at time zone 'utc')::date)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  log private.partitioned_logs;
  month date;
  old record;
  made text[] := array[]::text[];
  dropped text[] := array[]::text[];
begin
  for log in select * from private.partitioned_logs order by table_name loop
    for month in
      select generate_series(date_trunc('month', today), date_trunc('month', today) + interval '3 months',
        interval '1 month')::date
    loop
      continue when to_regclass(format('private.%I', log.table_name || to_char(month, '_YYYY_MM'))) is not null;
      execute format(
        'create table private.%1$I partition of public.%2$I for values from (%3$L) to (%4$L)',
        log.table_name || to_char(month, '_YYYY_MM'), log.table_name, month, month + interval '1 month'
      );
      execute format(
        'create trigger refuse_truncate before truncate on private.%I for each statement execute function '
          'private.refuse_change()',
        log.table_name || to_char(month, '_YYYY_MM')
      );
      made := made || (log.table_name || to_char(month, '_YYYY_MM'));
    end loop;
    for old in
      select child.relname::text as name
      from pg_catalog.pg_inherits as link join pg_catalog.pg_class as child on child.oid = link.inhrelid
      where link.inhparent = to_regclass(format('public.%I', log.table_name))
        and child.relname ~ ('^' || log.table_name || '_\d{4}_\d{2}$')
        and to_date(right(child.relname, 7), 'YYYY_MM') < date_trunc('month',
          today) - make_interval(months => log.keep_months)
      order by child.relname
    loop
      execute format('drop table private.%I', old.name);
      dropped := dropped || old.name;
    end loop;
  end loop;
  return jsonb_build_object('made', to_jsonb(made), 'dropped', to_jsonb(dropped));
end;
$$;
comment on function private.maintain_partitions(date) is
  'Makes this month''s and the next three months'' partitions of every log and drops those past retention, as of '
  '`today` (UTC). Returns the names made and dropped. Safe to run twice.';
select private.maintain_partitions();

do $$
begin
  perform private.add_limit('audit_entries_a_day', 'person', 'day', 'entries', 'Audit entries that a person writes.',
    10000, 50000, 200000);
end;
$$;
