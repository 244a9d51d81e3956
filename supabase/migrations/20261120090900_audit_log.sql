-- The audit log: each action with its actor, agent and time. Append-only, partitioned by month, idempotent by request
-- id.
--
-- Touches: public.audit_log and its partitions (in `private`, so that no client bypasses the parent's policies),
--          private.maintain_partitions, private.request_claims (idempotency), and the functions that write entries.
-- Beware:  only the tables' owner and superusers can change, delete or truncate an entry; the seals of a later chapter
--          detect it. Entries have no foreign keys: they outlive the rows that they name.

create domain private.action_name as text
  constraint action_is_a_dotted_name check (value ~ '^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$' and length(value) <= 100);
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
  detail private.small_object not null default '{}',
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

-- Writing -------------------------------------------------------------------------------------------------------------

create table private.request_claims (
  workspace_id uuid not null,
  scope text not null,
  request_id text not null,
  entry_id bigint not null,
  content_digest bytea,
  claimed_at timestamptz not null default now(),
  primary key (workspace_id, scope, request_id)
);
comment on table private.request_claims is
  'Which request id made which entry, for a day: this makes a retry harmless. A separate table, because a unique key '
  'on the partitioned log would have to include the day (and miss a retry across midnight), and would cost each writer '
  'more.';
comment on column private.request_claims.scope is
  'The kind of request and its owner. Each person has their own request ids, and no client can take the service''s '
  'first.';
comment on column private.request_claims.content_digest is
  'SHA-256 of the request: the same id with other content is refused.';
create index request_claims_claimed_at on private.request_claims using brin (claimed_at);

create function private.claim_request(in_workspace uuid, in_scope text, for_request text, new_entry bigint,
  content jsonb)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  holder bigint;
  digest bytea := sha256(convert_to(content::text, 'UTF8'));
  first_digest bytea;
begin
  insert into private.request_claims as known (workspace_id, scope, request_id, entry_id, content_digest)
  values (in_workspace, in_scope, for_request, new_entry, digest)
  on conflict (workspace_id, scope, request_id) do update
    set entry_id = excluded.entry_id, content_digest = excluded.content_digest, claimed_at = excluded.claimed_at
    where known.claimed_at <= now() - interval '1 day'
  returning known.entry_id into holder;
  if holder is null then
    select known.entry_id, known.content_digest into holder, first_digest from private.request_claims as known
    where known.workspace_id = in_workspace and known.scope = in_scope and known.request_id = for_request;
    if first_digest <> digest then
      perform private.raise_error('request_id_reused', 'This request id belongs to another request.', 409,
        'Use a fresh request id for each request.');
    end if;
  end if;
  return holder;
end;
$$;
comment on function private.claim_request(uuid, text, text, bigint, jsonb) is
  'Gives the request id to new_entry unless another entry claimed it within a day; returns the entry that has it. '
  'content: the request. A concurrent second attempt waits for the first. Errors: request_id_reused 409 (the same id '
  'with other content).';

create function private.claim_scope(subject text, by_person uuid)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select subject || coalesce('.person.' || by_person, '');
$$;
comment on function private.claim_scope(text, uuid) is 'The owner of request ids: a person, or the service (null).';

create function private.append_audit_entry(
  in_workspace uuid, actor uuid, action text, subject_type text, subject_id text, through_agent uuid, detail jsonb,
    request_id text,
  by_person uuid default null, content jsonb default null,
  out id bigint, out is_new boolean
)
language plpgsql
volatile
set search_path = ''
as $$
declare
  fresh bigint := nextval('public.audit_log_id_seq');
begin
  if request_id is null then
    id := fresh;
  else
    id := private.claim_request(in_workspace, private.claim_scope('audit', by_person), request_id, fresh,
      coalesce(content, jsonb_build_array(actor, action, subject_type, subject_id, through_agent, detail)));
  end if;
  is_new := id = fresh;
  if is_new then
    insert into public.audit_log (id, workspace_id, actor_id, agent_id, action, subject_type, subject_id, detail,
      request_id)
    overriding system value
    values (fresh, in_workspace, actor, through_agent, append_audit_entry.action, append_audit_entry.subject_type,
      append_audit_entry.subject_id, coalesce(append_audit_entry.detail, '{}'::jsonb), append_audit_entry.request_id);
  end if;
end;
$$;
comment on function private.append_audit_entry(uuid, uuid, text, text, text, uuid, jsonb, text, uuid, jsonb) is
  'Writes one entry, or finds the one that this request id made within a day. by_person: the owner of the request id, '
  'null for the service. content: what must be equal when the request is repeated, by default all of it. Returns the '
  'id and whether it is new. The callers check rights. Errors: request_id_reused 409.';

create function private.require_reportable(action text)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  if action ~ concat(
      '^(workspace|member|invitation|agent|agent_credential|agent_consent|permission|session|audit|account',
      '|billing|connection|lead|erasure)\.') then
    perform private.raise_error('reserved_action', 'Actions beginning so are written by the platform itself.', 403,
      'Name the action after your own subject, e.g. report.exported.');
  end if;
end;
$$;
comment on function private.require_reportable(text) is
  'Refuses (reserved_action 403) actions that only the platform writes. So a person cannot forge a grant, a turn, a '
  'do-not-call flag or the reading of a token.';

create function private.log_audit_entries(entries jsonb, acting_user uuid)
returns table (ordinal integer, id bigint, is_new boolean)
language plpgsql
volatile
set search_path = ''
as $$
declare
  entry record;
  allowed_in uuid[];
begin
  if acting_user is not null then
    perform private.act_as(acting_user);
    allowed_in := private.workspace_ids();
  end if;
  for entry in
    select given.ordinality::integer as place, given.value as fields
    from jsonb_array_elements(entries) with ordinality as given
    -- A fixed order of request ids, so that two batches with common ids queue and do not deadlock.
    order by given.value ->> 'request_id', given.ordinality
  loop
    if acting_user is not null then
      if not coalesce((entry.fields ->> 'workspace_id')::uuid = any (allowed_in), false) then
        perform private.raise_error('not_found', 'No such workspace of yours.', 404, 'Entry ' || entry.place);
      end if;
      perform private.require_reportable(entry.fields ->> 'action');
      perform private.count_against((entry.fields ->> 'workspace_id')::uuid, acting_user, 'audit_entries_a_day', 1,
        'day');
    elsif not exists (select from public.workspaces as workspace
      where workspace.id = (entry.fields ->> 'workspace_id')::uuid) then
      perform private.raise_error('not_found', 'No such workspace.', 404, 'Entry ' || entry.place);
    end if;
    return query
      select entry.place, written.id, written.is_new
      from private.append_audit_entry(
        (entry.fields ->> 'workspace_id')::uuid,
        coalesce(acting_user, (entry.fields ->> 'actor_id')::uuid),
        entry.fields ->> 'action',
        entry.fields ->> 'subject_type',
        entry.fields ->> 'subject_id',
        (entry.fields ->> 'agent_id')::uuid,
        entry.fields -> 'detail',
        entry.fields ->> 'request_id',
        acting_user
      ) as written;
  end loop;
end;
$$;
comment on function private.log_audit_entries(jsonb, uuid) is
  'Writes a batch in one transaction: [{workspace_id, action, subject_type?, subject_id?, agent_id?, detail?, '
  'request_id?, actor_id?}]. A person writes as themselves into their own workspaces; acting_user null is the '
  'service, which may name the actor. Errors: reserved_action 403, not_found 404, request_id_reused 409.';

create function private.log_audit(
  workspace_id uuid, action text, subject_type text, subject_id text,
  agent_id uuid, detail jsonb, request_id text
)
returns bigint
language plpgsql
volatile
security definer -- no role has insert
set search_path = ''
as $$
declare
  entry record;
begin
  if not private.is_service() then
    if not coalesce(log_audit.workspace_id = any (private.workspace_ids()), false) then
      perform private.raise_error('not_found', 'No such workspace of yours.', 404);
    end if;
    perform private.require_reportable(log_audit.action);
    perform private.count_against(log_audit.workspace_id, private.current_user_id(), 'audit_entries_a_day', 1, 'day');
  end if;
  entry := private.append_audit_entry(
    log_audit.workspace_id, private.current_user_id(), log_audit.action, log_audit.subject_type, log_audit.subject_id,
    log_audit.agent_id, log_audit.detail, log_audit.request_id,
    case when not private.is_service() then private.current_user_id() end
  );
  return entry.id;
end;
$$;
comment on function private.log_audit(uuid, text, text, text, uuid, jsonb, text) is
  'The body of public.log_audit. It runs with more rights than its caller has.';
grant execute on function private.log_audit(uuid, text, text, text, uuid, jsonb, text) to authenticated, service_role;
