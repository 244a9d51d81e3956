-- Billing: usage events, and their daily sums.
--
-- Touches: public.billing_events (append-only, partitioned by month), public.usage_daily (the sums), record_usage,
--          private.roll_up_usage, public.billing_customers.
-- Beware:  money is in integer minor units of its currency. A request id makes one event per kind and unit within a
--          day: a turn may use input tokens and output tokens.

create table public.billing_events (
  id bigint generated always as identity,
  workspace_id uuid not null,
  occurred_at timestamptz not null default now(),
  kind text not null,
  quantity numeric(20, 6) not null,
  unit text not null,
  amount_minor bigint not null default 0,
  currency text not null default 'USD',
  agent_id uuid,
  user_id uuid,
  request_id text,
  occurred_on date not null default (now() at time zone 'utc')::date,
  primary key (id, occurred_on),
  constraint kind_is_known check (kind in ('message', 'tokens', 'minutes', 'seat', 'storage')),
  constraint quantity_is_not_negative check (quantity >= 0),
  -- Bounds keep a daily sum from overflowing: two events must not stop the roll-up of all workspaces.
  constraint quantity_is_small check (quantity <= 1e9),
  constraint amount_is_small check (amount_minor between -1e9 and 1e9),
  constraint unit_is_short check (length(unit) between 1 and 40),
  constraint currency_is_iso_4217 check (currency ~ '^[A-Z]{3}$'),
  constraint request_id_is_short check (length(request_id) between 1 and 200)
) partition by range (occurred_on);
comment on table public.billing_events is
  'What a workspace used, as it happened. Append-only. A request id makes one event per kind and unit within a day.';
comment on column public.billing_events.amount_minor is 'In the currency''s minor unit, e.g. cents.';
create index billing_events_by_day on public.billing_events (workspace_id, occurred_on, kind);
create index billing_events_user on public.billing_events (user_id, workspace_id) where user_id is not null;
create index billing_events_names on public.billing_events using gin (private.names_in(request_id))
  where request_id is not null;
create trigger refuse_change before update or delete on public.billing_events for each row
  execute function private.refuse_change();
create trigger refuse_truncate before truncate on public.billing_events for each statement
  execute function private.refuse_change();

alter table public.billing_events enable row level security;
grant select on public.billing_events to authenticated, service_role;
-- insert is not granted: record_usage and record_turn write.
create policy "Admins read the workspace's billing events" on public.billing_events
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the workspace's billing events" on public.billing_events is
  'Members do not see the costs of colleagues.';

create table public.usage_daily (
  workspace_id uuid not null,
  day date not null,
  kind text not null,
  currency text not null,
  quantity numeric(20, 6) not null,
  amount_minor bigint not null,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, day, kind, currency),
  constraint kind_is_known check (kind in ('message', 'tokens', 'minutes', 'seat', 'storage')),
  constraint currency_is_iso_4217 check (currency ~ '^[A-Z]{3}$')
);
comment on table public.usage_daily is
  'Billing events by workspace, UTC day, kind and currency. Only the roll-up job writes it.';
alter table public.usage_daily enable row level security;
grant select on public.usage_daily to authenticated, service_role;
-- No role has insert, update or delete: the table is derived.
create policy "Admins read the workspace's daily usage" on public.usage_daily
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the workspace's daily usage" on public.usage_daily is 'Same as for billing events.';

insert into private.partitioned_logs (table_name, keep_months) values ('billing_events', 84);
select private.maintain_partitions();

create function private.record_usage(
  by_person uuid, workspace_id uuid, kind text, quantity numeric, unit text, amount_minor bigint, currency text,
  agent_id uuid, user_id uuid, request_id text
)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  fresh bigint := nextval('public.billing_events_id_seq');
  missing text := case when workspace_id is null then 'workspace_id' when kind is null then 'kind'
    when quantity is null then 'quantity' when unit is null then 'unit' when amount_minor is null then 'amount_minor'
    when currency is null then 'currency' end;
begin
  if missing is not null then
    perform private.raise_error('invalid_body', missing || ': is missing', 400, missing);
  end if;
  if request_id is not null and private.claim_request(
    workspace_id, private.claim_scope(concat_ws('.', 'usage', kind, unit), by_person), request_id, fresh,
    jsonb_build_array(trim_scale(quantity), amount_minor, currency, agent_id, user_id)) <> fresh
  then
    return false;
  end if;
  insert into public.billing_events (id, workspace_id, kind, quantity, unit, amount_minor, currency, agent_id, user_id,
    request_id)
  overriding system value
  values (fresh, record_usage.workspace_id, record_usage.kind, record_usage.quantity, record_usage.unit,
    record_usage.amount_minor,
    record_usage.currency, record_usage.agent_id, record_usage.user_id, record_usage.request_id);
  return true;
end;
$$;
comment on function private.record_usage(uuid, uuid, text, numeric, text, bigint, text, uuid, uuid, text) is
  'The body of record_usage. by_person: the owner of the request id, null for the service. Request ids of one person '
  'never collide with those of another.';

create function public.record_usage(
  workspace_id uuid, kind text, quantity numeric, unit text, amount_minor bigint default 0, currency text default 'USD',
  agent_id uuid default null, user_id uuid default null, request_id text default null
)
returns boolean
language plpgsql
volatile
security definer -- no role has insert
set search_path = ''
as $$
begin
  return private.record_usage(null, $1, $2, $3, $4, $5, $6, $7, $8, $9);
end;
$$;
comment on function public.record_usage(uuid, text, numeric, text, bigint, text, uuid, uuid, text) is
  'Records one billing event. Returns false when this request id already recorded this kind and unit. kind: message, '
  'tokens, minutes, seat, storage; amount_minor: minor units of currency (ISO 4217). For the service only. Errors: '
  'request_id_reused 409 (with other content), invalid_body 400 with the field, invalid_value 422 on a malformed '
  'value.';
grant execute on function public.record_usage(uuid, text, numeric, text, bigint, text, uuid, uuid, text)
  to service_role;

create table public.billing_customers (
  workspace_id uuid primary key references public.workspaces (id) on delete cascade,
  customer_id text not null
    constraint customer_id_has_1_to_200_characters check (length(customer_id) between 1 and 200),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table public.billing_customers is
  'The id of a workspace in the operator''s billing system, such as Stripe''s cus_…. GET /usage/events?form=stripe '
  'puts it into each meter event. The service writes it.';
create trigger touch_updated_at before update on public.billing_customers
  for each row execute function private.touch_updated_at();
alter table public.billing_customers enable row level security;
grant select on public.billing_customers to authenticated;
grant select, insert, update, delete on public.billing_customers to service_role;
-- insert, update and delete are not granted to people: they must not choose who is billed.
create policy "Admins read the workspace's billing id" on public.billing_customers
  for select to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins read the workspace's billing id" on public.billing_customers is
  'Like the usage itself. Only the operator writes who pays for a workspace.';

create function private.usage_events(after timestamptz, after_id bigint, most integer)
returns setof public.billing_events
language sql
stable
set search_path = ''
as $$
  select event.* from public.billing_events as event
  where event.occurred_on >= (after at time zone 'utc')::date and (event.occurred_at, event.id) > (after, after_id)
    -- An event's time is the start of its transaction: events older than five minutes are complete.
    and event.occurred_at < now() - interval '5 minutes'
  order by event.occurred_at, event.id limit most;
$$;
comment on function private.usage_events(timestamptz, bigint, integer) is
  'The usage of all workspaces in order of its start, after a known event. Nothing is missed and nothing comes twice, '
  'as long as no transaction takes five minutes. For the export.';
create index billing_events_in_order on public.billing_events (occurred_at, id);

create function private.roll_up_usage_of(in_workspace uuid, first_day date, last_day date)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  changed integer;
begin
  insert into public.usage_daily as known (workspace_id, day, kind, currency, quantity, amount_minor)
  select event.workspace_id, event.occurred_on, event.kind, event.currency, sum(event.quantity), sum(event.amount_minor)
  from public.billing_events as event
  where event.occurred_on between first_day and last_day and (in_workspace is null or event.workspace_id = in_workspace)
  group by 1, 2, 3, 4
  order by 1, 2, 3, 4
  on conflict (workspace_id, day, kind, currency) do update
    set quantity = excluded.quantity, amount_minor = excluded.amount_minor, updated_at = now()
    where (known.quantity, known.amount_minor) is distinct from (excluded.quantity, excluded.amount_minor);
  get diagnostics changed = row_count;
  return changed;
end;
$$;
comment on function private.roll_up_usage_of(uuid, date, date) is
  'Sums the billing events of these UTC days, of one workspace or (null) of all. Returns the rows that changed.';

create function private.roll_up_usage(days integer default 2, today date default (now() at time zone 'utc')::date)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  done bigint[];
begin
  done := private.for_all_workspaces('roll-up-usage',
    format('select array[private.roll_up_usage_of($1, %L, %L)::bigint]', today - days + 1, today),
    format('select distinct event.workspace_id from public.billing_events as event where event.occurred_on between %L '
      'and %L order by 1',
      today - days + 1, today));
  return coalesce(done[1], 0);
end;
$$;
comment on function private.roll_up_usage(integer, date) is
  'Sums the billing events of the last `days` UTC days into usage_daily. Events are never back-dated, so two days '
  'suffice for an hourly job. Returns the rows that changed; running it twice changes nothing.';
