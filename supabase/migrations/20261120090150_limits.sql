-- Limits: the limits of each workspace, counters of their use, and the error that refuses more.
--
-- Touches: public.workspace_limits (limits that differ from the plan), private.counters (use), private.limit_of,
--          count_against and the triggers that call it, take_slot (concurrency), public.workspace_usage (limits and
--          use, for clients).
-- Beware:  a counter is a row that is updated in the same transaction as the rows it counts. Two transactions that want
--          the last place queue for it, and a rollback undoes the count. The row stays locked until the commit, so rows
--          that one workspace writes many times a second (messages) are not counted this way.

create table public.workspace_limits (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  name text not null references private.limits (name),
  value bigint,
  reason text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, name),
  constraint name_is_short check (length(name) <= 60),
  constraint value_is_not_negative check (value >= 0),
  constraint reason_is_short check (length(reason) <= 500)
);
comment on table public.workspace_limits is
  'Limits of one workspace that differ from its plan. The service writes them.';
comment on column public.workspace_limits.value is 'In the limit''s unit; null: unlimited for this workspace.';
create index workspace_limits_name on public.workspace_limits (name);
create trigger touch_updated_at before update on public.workspace_limits
  for each row execute function private.touch_updated_at();
alter table public.workspace_limits enable row level security;
grant select (workspace_id, name, value, created_at, updated_at) on public.workspace_limits to authenticated;
grant select, insert, update, delete on public.workspace_limits to service_role;
-- insert, update and delete are not granted to people, because they could raise their own limits; `reason` is the
-- operator's own note.

create policy "Members read their workspace's own limits" on public.workspace_limits
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read their workspace's own limits" on public.workspace_limits is
  'A caller who is refused may see the limit.';
create policy "Members read the plans" on public.plans
  for select to authenticated
  using (cardinality((select private.workspace_ids('member'))::uuid[]) > 0);
comment on policy "Members read the plans" on public.plans is
  'Guests and strangers do not choose plans.';
create policy "Members read the plans' limits" on public.plan_limits
  for select to authenticated
  using (cardinality((select private.workspace_ids('member'))::uuid[]) > 0);
comment on policy "Members read the plans' limits" on public.plan_limits is 'Same as for plans.';

create function private.limit_of(in_workspace uuid, limit_name text)
returns bigint
language plpgsql
stable
security definer -- the rows belong to the operator, the callers are bound by them
set search_path = ''
as $$
declare
  found_value bigint;
begin
  select own.value into found_value from public.workspace_limits as own
  where own.workspace_id = in_workspace and own.name = limit_name;
  if found then
    return found_value;
  end if;
  select of_plan.value into found_value
  from public.workspaces as workspace
  join public.plan_limits as of_plan on of_plan.plan = workspace.billing_plan and of_plan.name = limit_name
  where workspace.id = in_workspace;
  if found then
    return found_value;
  end if;
  return coalesce((select of_plan.value from public.plan_limits as of_plan
    where of_plan.plan = 'free' and of_plan.name = limit_name), 0);
end;
$$;
comment on function private.limit_of(uuid, text) is
  'The value of a limit for a workspace: its own row, else its plan''s, else that of free. Without a workspace it is '
  'that of free (for limits of a person). Null: unlimited; 0 for an unknown limit. Call it once per statement: (select '
  'private.limit_of(…)).';

create function private.refuse_over_limit(limit_name text, used bigint, allowed bigint)
returns void
language plpgsql
stable
security definer -- reads the list of limits for every caller
set search_path = ''
as $$
declare
  known private.limits;
  frees_at timestamptz;
  waits integer;
begin
  select l.* into known from private.limits as l where l.name = limit_name;
  frees_at := case known.period
    when 'day' then date_trunc('day', now(), 'UTC') + interval '1 day'
    when 'month' then date_trunc('month', now(), 'UTC') + interval '1 month' end;
  waits := coalesce(ceil(extract(epoch from frees_at - now())), 1)::integer;
  perform private.raise_error(
    'limit_reached',
    format('The limit %s of the %s is reached: %s of %s in use.', limit_name, known.subject, used, allowed),
    -- A limit that frees by itself is 429, so that clients retry; one that a user has to free is 403.
    case when known.period = 'total' then 403 else 429 end,
    case known.period
      when 'total' then 'Remove some, or ask for more: the limit is of the plan or of the workspace.'
      when 'at_once' then 'Wait until one of them has ended.'
      else format('More are free at %s.', to_char(frees_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) end,
    jsonb_build_object('limit', limit_name, 'used', used, 'allowed', allowed, 'unit', known.unit, 'frees_at', frees_at),
    case when known.period = 'total' then '{}' else jsonb_build_object('Retry-After', waits::text) end
  );
end;
$$;
comment on function private.refuse_over_limit(text, bigint, bigint) is
  'Refuses with limit_reached: 429 with Retry-After where the limit frees by itself (day, month, at_once), 403 where '
  'the user has to remove something. details is JSON: {limit, used, allowed, unit, frees_at}.';

-- Counters ------------------------------------------------------------------------------------------------------------

create table private.counters (
  subject uuid not null,
  name text not null references private.limits (name) on delete cascade,
  period_start date not null default '-infinity',
  used bigint not null,
  primary key (subject, name, period_start)
) with (fillfactor = 50);
comment on table private.counters is
  'The use of each limit, per workspace or person: in total (period_start -infinity) or in a UTC day or month. Half of '
  'each page stays free, so that an update stays on its page.';
create index counters_name on private.counters (name);

create function private.count_against(in_workspace uuid, whose uuid, limit_name text, amount bigint,
  in_period text default 'total')
returns void
language plpgsql
volatile
security definer -- no caller may write counters or limits
set search_path = ''
as $$
declare
  since date := case in_period when 'day' then (now() at time zone 'utc')::date
    when 'month' then date_trunc('month', now() at time zone 'utc')::date else '-infinity'::date end;
  now_used bigint;
  allowed bigint;
begin
  if amount <= 0 then
    update private.counters set used = greatest(used + amount, 0)
    where subject = whose and name = limit_name and period_start = since;
    return;
  end if;
  insert into private.counters as known (subject, name, period_start, used) values (whose, limit_name, since, amount)
  on conflict (subject, name, period_start) do update set used = known.used + excluded.used
  returning known.used into now_used;
  allowed := private.limit_of(in_workspace, limit_name);
  if now_used > allowed then
    perform private.refuse_over_limit(limit_name, now_used - amount, allowed);
  end if;
end;
$$;
comment on function private.count_against(uuid, uuid, text, bigint, text) is
  'Adds `amount` (negative to subtract) to the use of a limit by a workspace or a person, within the transaction, and '
  'refuses use over the limit. in_period: total, day, month. Errors: limit_reached 403 or 429.';

create function private.count_rows()
returns trigger
language plpgsql
volatile
security definer -- no writer has grants on the counters
set search_path = ''
as $$
declare
  here record;
begin
  if tg_op = 'INSERT' then
    for here in select workspace_id, count(*) as n from new_rows group by 1 order by 1 loop
      perform private.count_against(here.workspace_id, here.workspace_id, tg_argv[0], here.n,
        coalesce(tg_argv[1], 'total'));
    end loop;
  else
    for here in select workspace_id, count(*) as n from old_rows group by 1 order by 1 loop
      perform private.count_against(here.workspace_id, here.workspace_id, tg_argv[0], -here.n);
    end loop;
  end if;
  return null;
end;
$$;
comment on function private.count_rows() is
  'Statement trigger after insert (new_rows) or delete (old_rows): counts a workspace''s rows against a limit. '
  'Arguments: the limit; its period, total by default. Errors: limit_reached.';

create function private.count_acts()
returns trigger
language plpgsql
volatile
security definer -- no writer has grants on the counters
set search_path = ''
as $$
declare
  person uuid := private.person_of_token();
  here record;
begin
  -- What the service does by itself counts for no person. What it does for a person has their claims, and so has what
  -- an agent does.
  if person is not null then
    for here in select workspace_id, count(*) as n from new_rows group by 1 order by 1 loop
      perform private.count_against(here.workspace_id, person, tg_argv[0], here.n, tg_argv[1]);
    end loop;
  end if;
  return null;
end;
$$;
comment on function private.count_acts() is
  'Statement trigger after insert (new_rows): counts a person''s inserts against their limit. Arguments: the limit, '
  'its period. Errors: limit_reached.';

create function private.take_slot(limit_name text, whose uuid, in_workspace uuid)
returns void
language plpgsql
volatile
security definer -- no caller may read or write limits
set search_path = ''
as $$
declare
  allowed bigint := private.limit_of(in_workspace, limit_name);
begin
  for place in 1 .. least(allowed, 1000) loop
    if pg_try_advisory_xact_lock(hashtextextended(format('%s %s %s', limit_name, whose, place), 0)) then
      return;
    end if;
  end loop;
  if allowed is not null then
    perform private.refuse_over_limit(limit_name, allowed, allowed);
  end if;
end;
$$;
comment on function private.take_slot(text, uuid, uuid) is
  'Takes one of the concurrent slots of a person or a workspace until the transaction ends. Does not wait. Slots are '
  'advisory locks: nothing is written. Errors: limit_reached 429.';

create function private.begin_long_work(in_workspace uuid, person uuid default null)
returns void
language plpgsql
volatile
security definer -- no caller may read or write limits
set search_path = ''
as $$
begin
  person := coalesce(person, private.current_user_id());
  if person is not null then
    perform private.take_slot('long_work_at_once', person, in_workspace);
  end if;
  if in_workspace is not null then
    perform private.take_slot('workspace_long_work_at_once', in_workspace, in_workspace);
  end if;
end;
$$;
comment on function private.begin_long_work(uuid, uuid) is
  'Called first by operations that may take seconds (imports, exports, verifications). It bounds how many run at once '
  'per person and per workspace, until the transaction ends. Errors: limit_reached 429.';
grant execute on function private.begin_long_work(uuid, uuid) to authenticated, service_role;

create function private.purge_counters()
returns bigint
language sql
volatile
set search_path = ''
as $$
  with gone as (
    delete from private.counters as counter
    where counter.period_start > '-infinity' and counter.period_start < (now() at time zone 'utc')::date - 40
      or not exists (select from public.workspaces as w where w.id = counter.subject)
        and not exists (select from public.profiles as p where p.user_id = counter.subject)
    returning 1
  )
  select count(*) from gone;
$$;
comment on function private.purge_counters() is
  'Removes counters of past days and months, and of workspaces and people that are gone. Returns how many.';

-- Usage ---------------------------------------------------------------------------------------------------------------

create function private.read_usage(of_workspaces uuid[], of_person uuid)
returns table (workspace_id uuid, name text, subject text, period text, unit text, used bigint, allowed bigint,
  frees_at timestamptz)
language sql
stable
set search_path = ''
as $$
  select workspace.id, known.name, known.subject, known.period, known.unit,
    case when known.period in ('total', 'day', 'month') and known.subject in ('workspace', 'person')
      then coalesce(counter.used, 0) end,
    private.limit_of(workspace.id, known.name),
    case known.period
      when 'day' then date_trunc('day', now(), 'UTC') + interval '1 day'
      when 'month' then date_trunc('month', now(), 'UTC') + interval '1 month' end
  from public.workspaces as workspace
  cross join private.limits as known
  left join private.counters as counter
    on counter.subject = case known.subject when 'workspace' then workspace.id when 'person' then of_person end
    and counter.name = known.name
    and counter.period_start = case known.period when 'day' then (now() at time zone 'utc')::date
      when 'month' then date_trunc('month', now() at time zone 'utc')::date else '-infinity'::date end
  where workspace.id = any (of_workspaces) and workspace.deleted_at is null and workspace.left_at is null;
$$;
comment on function private.read_usage(uuid[], uuid) is
  'For each limit of each of these workspaces: the current use (for limits of a person: by of_person), the limit '
  '(null: unlimited) and when it frees by itself. used is null where no counter exists: concurrent use and limits of a '
  'single item are counted when they are needed.';

create function private.own_usage()
returns table (workspace_id uuid, name text, subject text, period text, unit text, used bigint, allowed bigint,
  frees_at timestamptz)
language plpgsql
stable
security definer -- no caller may read counters; it returns only the caller's workspaces
set search_path = ''
as $$
begin
  return query select * from private.read_usage(
    case when private.is_service() and private.current_user_id() is null
      then array(select w.id from public.workspaces as w) else private.workspace_ids('member') end,
    private.current_user_id());
end;
$$;
comment on function private.own_usage() is
  'The rows of the view workspace_usage: the caller''s workspaces and the caller''s own use. The service reads all.';
grant execute on function private.own_usage() to authenticated, service_role;

create view public.workspace_usage with (security_invoker = true) as
  select workspace_id, name, subject, period, unit, used, allowed, frees_at from private.own_usage();
comment on view public.workspace_usage is
  'The use of each limit in the workspaces where the caller is a member. Limits of a person show the caller''s own '
  'use; for the service they are null. allowed null: unlimited.';
grant select on public.workspace_usage to authenticated, service_role;
