-- Budgets: hard and soft bounds on what a workspace, a person, an agent, or a person through an agent may spend in a
-- day or a month.
--
-- Touches: public.budgets (the amounts), private.budget_pools and private.budget_slots (what is left),
--          private.usage_reservations; the next chapter spends.
-- Beware:  the rest of a budget lies in a pool and in slots filled from it, so that many spend at once without queueing
--          on one row. Always: pool + free + reserved + spent = amount. Locks are taken in one order: budgets by id;
--          within each, the slot, then the pool. A transaction that holds a pool does not wait for locks (it takes
--          other slots only when they are free), so there is no deadlock. docs/decisions/0024-budgets-in-slots.md has
--          the alternatives.

create table public.budgets (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid references public.profiles (user_id) on delete cascade,
  agent_id uuid,
  period text not null,
  currency text,
  amount bigint not null,
  per_call bigint not null default 4000,
  is_hard boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint one_budget_of_a_kind unique nulls not distinct (workspace_id, user_id, agent_id, period, currency),
  constraint period_is_known check (period in ('day', 'month')),
  constraint currency_is_iso_4217 check (currency ~ '^[A-Z]{3}$'),
  constraint amount_is_small check (amount between 0 and 1e12),
  constraint per_call_is_small check (per_call between 1 and 1e9)
);
comment on table public.budgets is
  'The most that may be spent in a UTC day or month: by a workspace, by a person in it (user_id), by an agent '
  '(agent_id), or by a person through an agent (both).';
comment on column public.budgets.currency is
  'Null: the amount is in tokens. Otherwise in minor units of this currency.';
comment on column public.budgets.per_call is 'What a call reserves when it does not say how much it will use.';
comment on column public.budgets.is_hard is
  'Hard: spending over the budget is refused. Soft: it is allowed, and reported once in a period.';
create index budgets_user_id on public.budgets (user_id);
create index budgets_agent on public.budgets (workspace_id, agent_id);
create trigger touch_updated_at before update on public.budgets for each row
  execute function private.touch_updated_at();
alter table public.budgets enable row level security;
grant select, delete on public.budgets to authenticated;
grant insert (workspace_id, user_id, agent_id, period, currency, amount, per_call, is_hard),
  update (amount, per_call, is_hard) on public.budgets to authenticated;
grant select, insert, update, delete on public.budgets to service_role;
create policy "Admins read the workspace's budgets, people their own" on public.budgets
  for select to authenticated
  using (
    workspace_id = any ((select private.workspace_ids('admin'))::uuid[])
    or user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[])
  );
comment on policy "Admins read the workspace's budgets, people their own" on public.budgets is
  'A person who is refused may see their own budget; only admins see those of colleagues.';
create policy "Admins make budgets" on public.budgets
  for insert to authenticated with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins make budgets" on public.budgets is 'In their own workspaces.';
create policy "Admins change budgets" on public.budgets
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change budgets" on public.budgets is
  'Only the amount: whose budget it is and its period have no column grant.';
create policy "Admins remove budgets" on public.budgets
  for delete to authenticated using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins remove budgets" on public.budgets is 'Without the budget, spending has no bound.';

-- Spending: pool and slots --------------------------------------------------------------------------------------------

create table private.budget_pools (
  budget_id uuid not null references public.budgets (id) on delete cascade,
  period_start date not null,
  left_over bigint not null,
  warned_at timestamptz,
  primary key (budget_id, period_start)
) with (fillfactor = 50);
comment on table private.budget_pools is
  'The part of a budget, in one period, that is in no slot. Negative: more was used than reserved, or the budget is '
  'soft or was reduced.';
create table private.budget_slots (
  budget_id uuid not null,
  period_start date not null,
  slot smallint not null,
  free bigint not null default 0,
  reserved bigint not null default 0,
  spent bigint not null default 0,
  primary key (budget_id, period_start, slot),
  foreign key (budget_id, period_start) references private.budget_pools (budget_id, period_start) on delete cascade,
  constraint nothing_is_below_nothing check (least(free, reserved, spent) >= 0)
) with (fillfactor = 50);
comment on table private.budget_slots is
  'Thirty-two slots per budget, so that many can spend at once. The check makes overspending impossible, whatever the '
  'code does.';

create table private.usage_reservations (
  workspace_id uuid not null,
  request_id private.short_text collate "C" not null,
  is_settled boolean not null default false,
  is_released boolean not null default false,
  budgets uuid[] not null,
  periods date[] not null,
  amounts bigint[] not null,
  slot smallint not null,
  expires_at timestamptz not null,
  primary key (workspace_id, request_id)
) with (fillfactor = 80);
comment on table private.usage_reservations is
  'What was reserved before a model was called: one entry per budget. Kept for two days, so that settling is '
  'idempotent.';
comment on column private.usage_reservations.is_released is
  'It expired before it was settled, and what it held went back. A late settlement still counts as spent.';
create index usage_reservations_expires_at on private.usage_reservations
  using brin (expires_at) with (pages_per_range = 16);

create function private.budget_period(period text, at timestamptz default now())
returns date
language plpgsql -- its plan is kept: a function in SQL is planned at each call
immutable
set search_path = ''
as $$
begin
  return date_trunc(period, at at time zone 'utc')::date;
end;
$$;
comment on function private.budget_period(text, timestamptz) is
  'The first UTC day of the period: of the day or the month.';

create function private.open_budget_period(budget public.budgets, since date)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  insert into private.budget_pools (budget_id, period_start, left_over) values (budget.id, since, budget.amount)
  on conflict do nothing;
  if found then
    insert into private.budget_slots (budget_id, period_start, slot) select budget.id, since, n
    from generate_series(0, 31) as n;
  end if;
end;
$$;
comment on function private.open_budget_period(public.budgets, date) is 'Makes the pool and slots of a period, once.';

create function private.change_budget_amount()
returns trigger
language plpgsql
volatile
security definer -- no caller may write pools
set search_path = ''
as $$
begin
  update private.budget_pools set left_over = left_over + new.amount - old.amount
  where budget_id = new.id and period_start = private.budget_period(new.period);
  return null;
end;
$$;
comment on function private.change_budget_amount() is
  'Trigger on budgets: a changed amount applies at once, in the current period.';
create trigger change_budget_amount after update of amount on public.budgets
  for each row when (old.amount <> new.amount) execute function private.change_budget_amount();

create function private.drain_idle_slots(in_budget uuid, since date, but_slot smallint default null)
returns bigint
language plpgsql
volatile
set search_path = ''
set lock_timeout = '10ms'
as $$
declare
  gathered bigint;
begin
  with idle as (
    select s.slot, s.free from private.budget_slots as s
    where s.budget_id = in_budget and s.period_start = since and s.slot is distinct from but_slot and s.free > 0
    for update skip locked
  ), emptied as (
    update private.budget_slots as s set free = 0 from idle
    where s.budget_id = in_budget and s.period_start = since and s.slot = idle.slot returning idle.free
  )
  select coalesce(sum(free), 0) into gathered from emptied;
  return gathered;
exception when lock_not_available then
  -- `skip locked` waits in one case: the row's writer commits while the row is read, and the next writer already has
  -- it. That writer may be waiting for the pool, which the caller holds.
  return 0;
end;
$$;
comment on function private.drain_idle_slots(uuid, date, smallint) is
  'Empties the slots that are not in use at this moment, and returns what they held. The caller holds the pool, so '
  'this does not wait (at most 10 ms).';

create function private.draw_from_budget(budget public.budgets, since date, in_slot smallint, wanted bigint)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  here private.budget_slots;
  pool private.budget_pools;
  chunk bigint;
begin
  -- The caller's slot first, then the pool; from here on nothing waits.
  select s.* into here from private.budget_slots as s
  where s.budget_id = budget.id and s.period_start = since and s.slot = in_slot for update;
  select p.* into pool from private.budget_pools as p
  where p.budget_id = budget.id and p.period_start = since for update;
  chunk := greatest(wanted - here.free, least(budget.amount / 128, pool.left_over));
  if pool.left_over < chunk then
    -- Unused amounts in other slots return to the pool, except from slots in use at this moment.
    for attempt in 1..20 loop
      pool.left_over := pool.left_over + private.drain_idle_slots(budget.id, since, in_slot);
      chunk := wanted - here.free;
      exit when pool.left_over >= chunk or not budget.is_hard or not exists (
        select from private.budget_slots as s
        where s.budget_id = budget.id and s.period_start = since and s.slot <> in_slot and s.free > 0);
      perform pg_sleep(0.001);
    end loop;
    if pool.left_over < chunk and budget.is_hard then
      return false;
    end if;
  end if;
  update private.budget_pools set left_over = pool.left_over - chunk
  where budget_id = budget.id and period_start = since;
  update private.budget_slots set free = free + chunk - wanted, reserved = reserved + wanted
  where budget_id = budget.id and period_start = since and slot = in_slot;
  if pool.left_over - chunk < 0 and pool.warned_at is null then
    update private.budget_pools set warned_at = now() where budget_id = budget.id and period_start = since;
    perform private.append_audit_entry(budget.workspace_id, null, 'billing.budget_exceeded', 'budget', budget.id::text,
      null,
      jsonb_build_object('amount', budget.amount, 'period', budget.period, 'currency', budget.currency), null);
    perform realtime.send(jsonb_build_object('id', budget.id), 'budget_exceeded', 'workspace:' || budget.workspace_id,
      true);
  end if;
  return true;
end;
$$;
comment on function private.draw_from_budget(public.budgets, date, smallint, bigint) is
  'Fills a slot from the pool, or from idle slots, and reserves. False: a hard budget does not have that much left. A '
  'soft one goes negative and reports it once.';

create function private.cover_deficit(in_budget uuid, since date)
returns void
language sql
volatile
set search_path = ''
as $$
  update private.budget_pools as p set left_over = p.left_over + private.drain_idle_slots(in_budget, since)
  where p.budget_id = in_budget and p.period_start = since and p.left_over < 0;
$$;
comment on function private.cover_deficit(uuid, date) is
  'When a pool is negative, takes from idle slots first. The caller holds the pool.';

create function private.budget_left(in_budget uuid, since date)
returns bigint
language sql
stable
set search_path = ''
as $$
  select pool.left_over + (select coalesce(sum(slot.free), 0)::bigint from private.budget_slots as slot
    where slot.budget_id = in_budget and slot.period_start = since)
  from private.budget_pools as pool where pool.budget_id = in_budget and pool.period_start = since;
$$;
comment on function private.budget_left(uuid, date) is
  'The part of a budget that is neither spent nor reserved; null before the first reservation of the period.';
