-- Spending from budgets: reserve before a model call, settle after it; a reservation expires if the caller dies.
--
-- Touches: private.reserve_usage (before), settle_usage (after), require_budget (refuses when empty), charge_usage
--          (without a reservation); the job release-reservations (expired ones).
-- Beware:  locks are taken in the order of the previous chapter. Sessions, streams and background queries reserve by
--          themselves.

create function private.refuse_over_budget(budget public.budgets, since date, wanted bigint)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
  perform private.raise_error('budget_exhausted', 'The budget does not have so much left.', 402, null,
    jsonb_build_object(
    'budget', budget.id, 'wanted', wanted, 'left',
    greatest(coalesce(private.budget_left(budget.id, since), budget.amount), 0), 'amount', budget.amount,
    'unit', coalesce(budget.currency, 'tokens'), 'renews_at',
    (since + ('1 ' || budget.period)::interval) at time zone 'utc'));
end;
$$;
comment on function private.refuse_over_budget(public.budgets, date, bigint) is
  'Refuses with budget_exhausted 402. details is JSON: {budget, wanted, left, amount, unit, renews_at}.';

create function private.require_budget(in_workspace uuid, for_user uuid, through_agent uuid)
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
  budget public.budgets;
begin
  for budget in
    select b.* from public.budgets as b
    where b.workspace_id = in_workspace and (b.user_id is null or b.user_id = for_user)
      and (b.agent_id is null or b.agent_id = through_agent)
      and b.is_hard
    order by b.id
  loop
    if coalesce(private.budget_left(budget.id, private.budget_period(budget.period)), budget.amount) <= 0 then
      perform private.refuse_over_budget(budget, private.budget_period(budget.period), budget.per_call);
    end if;
  end loop;
end;
$$;
comment on function private.require_budget(uuid, uuid, uuid) is
  'For work that cannot reserve, because its use is known only at the end (a session): refuses when a hard budget is '
  'empty. Errors: budget_exhausted 402.';

create function private.budget_status(budget public.budgets)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with slots as (
    select coalesce(sum(s.reserved), 0)::bigint as reserved, coalesce(sum(s.spent), 0)::bigint as spent
    from private.budget_slots as s
    where s.budget_id = (budget).id and s.period_start = private.budget_period((budget).period)
  )
  select jsonb_build_object('id', (budget).id, 'user_id', (budget).user_id, 'agent_id', (budget).agent_id, 'period',
    (budget).period,
    'unit', coalesce((budget).currency, 'tokens'), 'amount', (budget).amount, 'is_hard', (budget).is_hard,
    'left', coalesce(private.budget_left((budget).id, private.budget_period((budget).period)), (budget).amount),
    'reserved', slots.reserved, 'spent', slots.spent,
    'renews_at', (private.budget_period((budget).period) + ('1 ' || (budget).period)::interval) at time zone 'utc')
  from slots;
$$;
comment on function private.budget_status(public.budgets) is
  'A budget as GET /usage returns it: what is left (negative: overspent), reserved and spent in the current period, '
  'and when it renews.';

create function private.reserve_usage(
  in_workspace uuid, for_user uuid, through_agent uuid, for_request text, tokens bigint, amount_minor bigint,
    in_currency text, lease interval
)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  own_slot smallint := pg_backend_pid() % 32;
  ids uuid[];
  periods date[];
  amounts bigint[];
  budget public.budgets;
begin
  -- A duplicate that comes at the same time waits here, before it holds anything, and then takes nothing.
  insert into private.usage_reservations as noted
    (workspace_id, request_id, budgets, periods, amounts, slot, expires_at)
  select in_workspace, for_request, array_agg(mine.id), array_agg(mine.since), array_agg(mine.wanted), own_slot,
    now() + least(lease, interval '1 day')
  from (
    select b.id, private.budget_period(b.period) as since,
      coalesce(case when b.currency is null then tokens else amount_minor end, b.per_call) as wanted
    from public.budgets as b
    where b.workspace_id = in_workspace and (b.user_id is null or b.user_id = for_user)
      and (b.agent_id is null or b.agent_id = through_agent)
      and (b.currency is null or in_currency is null or b.currency = in_currency)
    order by b.id
  ) as mine
  having count(*) > 0
  on conflict do nothing
  returning noted.budgets, noted.periods, noted.amounts into ids, periods, amounts;
  if ids is null then
    return false; -- no budget applies, or this request has reserved
  end if;
  for n in 1..cardinality(ids) loop
    if amounts[n] not between 0 and 1000000000 then
      perform private.raise_error('invalid_body', 'tokens, amount_minor: between 0 and a thousand million', 400);
    end if;
    update private.budget_slots as s set free = s.free - amounts[n], reserved = s.reserved + amounts[n]
    where s.budget_id = ids[n] and s.period_start = periods[n] and s.slot = own_slot and s.free >= amounts[n];
    if not found then
      select b.* into budget from public.budgets as b where b.id = ids[n];
      perform private.open_budget_period(budget, periods[n]);
      if not private.draw_from_budget(budget, periods[n], own_slot, amounts[n]) then
        perform private.refuse_over_budget(budget, periods[n], amounts[n]);
      end if;
    end if;
  end loop;
  return true;
end;
$$;
comment on function private.reserve_usage(uuid, uuid, uuid, text, bigint, bigint, text, interval) is
  'The body of reserve_usage.';

create function private.settle_usage(in_workspace uuid, for_request text, tokens bigint, amount_minor bigint)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.usage_reservations;
  held bigint;
  used bigint;
  here record;
begin
  select r.* into known from private.usage_reservations as r
  where r.workspace_id = in_workspace and r.request_id = for_request and not r.is_settled for update;
  if known.request_id is null then
    return false;
  end if;
  update private.usage_reservations set is_settled = true
  where workspace_id = in_workspace and request_id = for_request;
  for here in
    select part.budget_id, part.since, part.amount, b.currency
    from unnest(known.budgets, known.periods, known.amounts) as part (budget_id, since, amount)
    join public.budgets as b on b.id = part.budget_id order by part.budget_id
  loop
    -- A released reservation holds nothing any more, but its use still counts.
    held := case when known.is_released then 0 else here.amount end;
    used := greatest(coalesce(case when here.currency is null then tokens else amount_minor end, here.amount), 0);
    update private.budget_slots as s
    set reserved = s.reserved - held, spent = s.spent + used, free = s.free + held - used
    where s.budget_id = here.budget_id and s.period_start = here.since and s.slot = known.slot
      and s.free + held >= used;
    if not found then
      -- Use beyond the reservation and the slot: the pool goes negative.
      update private.budget_slots as s set reserved = s.reserved - held, spent = s.spent + used
      where s.budget_id = here.budget_id and s.period_start = here.since and s.slot = known.slot;
      update private.budget_pools set left_over = left_over + held - used
      where budget_id = here.budget_id and period_start = here.since;
      perform private.cover_deficit(here.budget_id, here.since);
    end if;
  end loop;
  return true;
end;
$$;
comment on function private.settle_usage(uuid, text, bigint, bigint) is 'The body of settle_usage.';

create function private.charge_usage(
  in_workspace uuid, for_user uuid, through_agent uuid, for_request text, tokens bigint, amount_minor bigint,
    in_currency text
)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  budget public.budgets;
  since date;
begin
  if private.settle_usage(in_workspace, for_request, tokens, amount_minor)
    or exists (select from private.usage_reservations as r
      where r.workspace_id = in_workspace and r.request_id = for_request)
  then
    return;
  end if;
  -- Nothing was reserved: charge the use all the same.
  for budget in
    select b.* from public.budgets as b
    where b.workspace_id = in_workspace and (b.user_id is null or b.user_id = for_user)
      and (b.agent_id is null or b.agent_id = through_agent)
      and (b.currency is null or b.currency = in_currency)
    order by b.id
  loop
    since := private.budget_period(budget.period);
    perform private.open_budget_period(budget, since);
    update private.budget_slots
    set spent = spent + coalesce(case when budget.currency is null then tokens else amount_minor end, 0)
    where budget_id = budget.id and period_start = since and slot = pg_backend_pid() % 32;
    update private.budget_pools
    set left_over = left_over - coalesce(case when budget.currency is null then tokens else amount_minor end, 0)
    where budget_id = budget.id and period_start = since;
    perform private.cover_deficit(budget.id, since);
  end loop;
end;
$$;
comment on function private.charge_usage(uuid, uuid, uuid, text, bigint, bigint, text) is
  'Charges actual use: settles the reservation of this request, or takes from the budgets without one. They may go '
  'negative; the next reservation is then refused.';

create function private.release_reservations_of(in_workspace uuid, batch integer)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  here record;
  released bigint := 0;
begin
  for here in
    with dead as (
      select r.workspace_id, r.request_id from private.usage_reservations as r
      where not r.is_settled and not r.is_released and r.expires_at < now()
        and (in_workspace is null or r.workspace_id = in_workspace)
      limit batch for update skip locked
    ), ended as (
      update private.usage_reservations as r set is_released = true from dead
      where r.workspace_id = dead.workspace_id and r.request_id = dead.request_id returning r.*
    )
    select part.budget_id, part.since, ended.slot, sum(part.amount)::bigint as amount,
      count(*) filter (where part.place = 1) as calls
    from ended cross join lateral unnest(ended.budgets, ended.periods, ended.amounts)
      with ordinality as part (budget_id, since, amount, place)
    group by 1, 2, 3 order by 1, 2, 3
  loop
    update private.budget_slots as s set reserved = s.reserved - here.amount, free = s.free + here.amount
    where s.budget_id = here.budget_id and s.period_start = here.since and s.slot = here.slot;
    released := released + here.calls;
  end loop;
  return released;
end;
$$;
comment on function private.release_reservations_of(uuid, integer) is
  'Returns expired reservations to the budgets of one workspace, or (null) of all. Returns how many.';

create function private.release_reservations(batch integer default 1000)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  done bigint[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('groundwork release_reservations', 0)) then
    return 0;
  end if;
  done := private.for_all_workspaces('release-reservations',
    format('select array[private.release_reservations_of($1, %s)]', batch),
    $places$select distinct r.workspace_id from private.usage_reservations as r
    where not r.is_settled and not r.is_released and r.expires_at < now() order by 1$places$);
  delete from private.usage_reservations as r where r.expires_at < now() - interval '2 days';
  delete from private.budget_pools as p where p.period_start < (now() at time zone 'utc')::date - 100;
  return coalesce(done[1], 0);
end;
$$;
comment on function private.release_reservations(integer) is
  'Returns expired reservations to their budgets, at most `batch`, and removes old ones. Returns how many were '
  'returned.';
select cron.schedule('release-reservations', '30 seconds', 'select private.release_reservations()');
