-- The dial queue: whom an agent with a voice calls next, and when they may be called.
--
-- Touches: public.dial_queue (a work table), public.do_not_call_numbers, private.next_opening, private.state_time_zone, triggers of both and of leads.
-- Beware:  a call is dialled inside its window of local hours and never to a lead that is flagged or a number that is listed. That is looked at
--          three times: when it is queued (refused), when it is claimed (cancelled, or given back until the window opens), and right before the
--          provider is asked (private.begin_call), in one transaction with the note that it was: what was flagged before is not called.
--          Locks are taken in this order: number (advisory), lead, dial.

create table public.do_not_call_numbers (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  phone text not null,
  reason text,
  source text not null default 'manual',
  created_at timestamptz not null default now(),
  primary key (workspace_id, phone),
  constraint phone_is_e164 check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  constraint reason_is_short check (length(reason) <= 500),
  constraint source_is_known check (source in ('manual', 'import', 'call', 'registry'))
);
comment on table public.do_not_call_numbers is 'Numbers that no business of the workspace calls again. One list for all of its businesses.';
alter table public.do_not_call_numbers enable row level security;
create policy "Members read the workspace's do-not-call list" on public.do_not_call_numbers
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's do-not-call list" on public.do_not_call_numbers is 'Who dials by hand must know it too.';
create policy "Admins add to the do-not-call list" on public.do_not_call_numbers
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins add to the do-not-call list" on public.do_not_call_numbers is 'Adding is enough: to take a number off the list is the service''s, by hand.';
grant select on public.do_not_call_numbers to authenticated;
grant select, insert, update, delete on public.do_not_call_numbers to service_role;
grant insert (workspace_id, phone, reason, source) on public.do_not_call_numbers to authenticated;
-- update and delete are not granted to people, because a promise not to call is not theirs to take back.

create table public.dial_queue (
  like private.work_item including all,
  lead_id uuid not null,
  phone text not null default '',
  voice_agent_id uuid not null,
  call_from time not null default '09:00',
  call_until time not null default '18:00',
  call_days smallint[] not null default '{1,2,3,4,5}',
  time_zone text not null default '',
  call_key private.short_text,
  provider_call_id private.short_text,
  started_at timestamptz,
  is_spent boolean not null default false,
  unique (workspace_id, id),
  constraint workspace_exists foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint lead_is_of_the_workspace foreign key (workspace_id, lead_id) references public.leads (workspace_id, id) on delete cascade,
  constraint voice_agent_is_of_the_workspace foreign key (workspace_id, voice_agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint phone_is_e164 check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  constraint window_opens_before_it_closes check (call_from < call_until),
  constraint window_has_days_of_the_week check (cardinality(call_days) between 1 and 7 and call_days <@ '{1,2,3,4,5,6,7}'::smallint[]),
  constraint time_zone_is_a_name check (time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$'),
  constraint started_call_has_a_key check ((started_at is null) = (call_key is null)),
  constraint provider_call_was_started check (provider_call_id is null or started_at is not null)
);
comment on table public.dial_queue is 'Calls to make: a work table. In progress means: being dialled, or on the phone until its outcome arrives.';
comment on column public.dial_queue.phone is 'E.164. The lead''s first number where none is given (empty).';
comment on column public.dial_queue.call_from is 'Local time of the lead from which it may be called …';
comment on column public.dial_queue.call_until is '… and before which the call must have begun.';
comment on column public.dial_queue.call_days is 'Days on which it may be called, Monday is 1.';
comment on column public.dial_queue.time_zone is 'IANA name. Where none is given (empty): of the lead''s state and zip, else of the business.';
comment on column public.dial_queue.call_key is 'The idempotency key under which the provider was asked: queue, dial, attempt and claim. Kept over retries until the provider''s answer is certain.';
comment on column public.dial_queue.started_at is 'When the provider was first asked for the call whose outcome is awaited. While it is set nothing is dialled before the provider was asked what became of it.';
comment on column public.dial_queue.is_spent is 'The last attempt was made, and what became of it is still to be asked: nothing is dialled any more.';
create index dial_queue_leads on public.dial_queue (workspace_id, lead_id);
create index dial_queue_voice_agents on public.dial_queue (workspace_id, voice_agent_id);
create index dial_queue_open_numbers on public.dial_queue (workspace_id, phone) where status in ('pending', 'in_progress');
create index dial_queue_provider_calls on public.dial_queue (provider_call_id) where provider_call_id is not null;
alter table public.dial_queue enable row level security;
create policy "Members read the workspace's calls to make" on public.dial_queue
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's calls to make" on public.dial_queue is 'Guests come for an agent, not for the business.';
create policy "Admins queue calls" on public.dial_queue
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins queue calls" on public.dial_queue is 'A call is made in the business''s name and costs money.';
create policy "Admins change when a call is made" on public.dial_queue
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins change when a call is made" on public.dial_queue is 'The window, the time and the turn; the rest is the grammar''s.';
grant select on public.dial_queue to authenticated;
grant select, insert, update, delete on public.dial_queue to service_role;
-- The columns of the grammar and of the call are not granted, because only a claim writes them.
grant insert (workspace_id, priority, scheduled_for, max_attempts, dedupe_key, lead_id, phone, voice_agent_id, call_from, call_until, call_days, time_zone),
  update (priority, scheduled_for, call_from, call_until, call_days) on public.dial_queue to authenticated;
-- At most twenty calls of a workspace's business at once: what is on the phone is in progress.
select private.register_work_queue('public.dial_queue', 20);

create function private.next_opening(moment timestamptz, call_from time, call_until time, call_days smallint[], time_zone text)
returns timestamptz
language sql
stable
set search_path = ''
as $$
  with moments (at) as (
    select $1
    union all
    -- The first moment of a day's window: where the wall clock says call_from, or said it before the clock was set back, or where a clock that was
    -- set forward, or back again after it had closed, lands inside. Clocks are set on half hours of UTC.
    select first.at
    from generate_series(0, 15) as day
    cross join lateral (select
      (($1 at time zone $5)::date + day + $2) at time zone $5 as opens,
      (($1 at time zone $5)::date + day + $3) at time zone $5 as closes
    ) as usual
    cross join lateral (
      values (usual.opens), (usual.opens - interval '30 minutes'), (usual.opens - interval '1 hour'),
        (date_bin('30 minutes', usual.opens, 'epoch')), (date_bin('30 minutes', usual.opens - interval '30 minutes', 'epoch')),
        (date_bin('30 minutes', usual.closes, 'epoch')), (date_bin('30 minutes', usual.closes - interval '30 minutes', 'epoch'))
    ) as first (at)
    where first.at > $1
  )
  select min(m.at) from moments as m
  where (m.at at time zone $5)::time >= $2 and (m.at at time zone $5)::time < $3
    and extract(isodow from m.at at time zone $5)::smallint = any ($4);
$$;
comment on function private.next_opening(timestamptz, time, time, smallint[], text) is
  'The moment itself when it lies in the window (local time of day from call_from to before call_until, on call_days with Monday 1), else the first moment after it that does. By the wall clock, so also right when clocks change.';

create function private.state_time_zone(state text, zip text)
returns text
language sql
immutable
set search_path = ''
as $$
  select case
    -- Zip prefixes that lie beyond their state's main zone.
    when zip ~ '^32[45]' then 'America/Chicago' -- Florida's panhandle
    when zip ~ '^37[346789]' then 'America/New_York' -- east Tennessee
    when zip ~ '^42[01234]' then 'America/Chicago' -- west Kentucky
    when zip ~ '^4(6[34]|7[67])' then 'America/Chicago' -- Indiana at Gary and Evansville
    when zip ~ '^(79[89]|885)' then 'America/Denver' -- El Paso
    when zip ~ '^(577|586|693)' then 'America/Denver' -- the west of the Dakotas and of Nebraska
    when zip ~ '^83[58]' then 'America/Los_Angeles' -- north Idaho
    when zip ~ '^979' then 'America/Boise' -- east Oregon
    when state in ('CT', 'DC', 'DE', 'FL', 'GA', 'KY', 'MA', 'MD', 'ME', 'MI', 'NC', 'NH', 'NJ', 'NY', 'OH', 'PA', 'RI', 'SC', 'VA', 'VT', 'WV') then 'America/New_York'
    when state in ('AL', 'AR', 'IA', 'IL', 'KS', 'LA', 'MN', 'MO', 'MS', 'ND', 'NE', 'OK', 'SD', 'TN', 'TX', 'WI') then 'America/Chicago'
    when state in ('CO', 'MT', 'NM', 'UT', 'WY') then 'America/Denver'
    when state in ('CA', 'NV', 'WA', 'OR') then 'America/Los_Angeles'
    when state = 'IN' then 'America/Indiana/Indianapolis'
    when state = 'ID' then 'America/Boise'
    when state = 'AZ' then 'America/Phoenix'
    when state = 'AK' then 'America/Anchorage'
    when state = 'HI' then 'Pacific/Honolulu'
    when state = 'PR' then 'America/Puerto_Rico'
  end;
$$;
comment on function private.state_time_zone(text, text) is
  'The time zone in which most of a state of the USA lives, or of a zip prefix that lies beyond it; null elsewhere. A border county may differ: a dial''s time_zone can be given.';

create function private.prepare_dial()
returns trigger
language plpgsql
volatile
security definer -- reads the lead and the list whatever its caller may
set search_path = ''
as $$
declare
  prefix text := private.business_prefix(tg_table_name, 'dial_queue');
  lead record;
begin
  execute format('select l.phones[1] as phone, l.do_not_call, l.state, l.zip from public.%I as l where l.workspace_id = $1 and l.id = $2', prefix || 'leads')
  into lead using new.workspace_id, new.lead_id;
  new.phone := coalesce(nullif(new.phone, ''), lead.phone, '');
  if lead.do_not_call or exists (
    select from public.do_not_call_numbers as listed where listed.workspace_id = new.workspace_id and listed.phone = new.phone) then
    perform private.raise_error('do_not_call', 'This lead or number is not called any more.', 409);
  end if;
  new.time_zone := coalesce(nullif(new.time_zone, ''), private.state_time_zone(lead.state, lead.zip), private.business_time_zone(new.workspace_id, prefix));
  begin
    perform now() at time zone new.time_zone;
  exception when invalid_parameter_value then
    perform private.raise_error('unknown_time_zone', 'There is no such time zone.', 422, 'An IANA name, e.g. America/Chicago.');
  end;
  if new.status = 'pending' then
    new.scheduled_for := private.next_opening(greatest(new.scheduled_for, now()), new.call_from, new.call_until, new.call_days, new.time_zone);
  end if;
  return new;
end;
$$;
comment on function private.prepare_dial() is
  'Trigger of new dials: fills in number and time zone, and moves the call into its window. Errors: do_not_call 409, unknown_time_zone 422.';

create function private.reschedule_dial()
returns trigger
language plpgsql
volatile
security definer -- next_opening and work_backoff are granted to nobody
set search_path = ''
as $$
begin
  -- A call that may have been made is asked about for a day, however many attempts are left, and then given up.
  if old.status = 'in_progress' and new.status = 'failed' and new.started_at > now() - interval '1 day' then
    new.status := 'pending';
    new.is_spent := new.is_spent or new.attempts = new.max_attempts;
    new.attempts := least(new.attempts, new.max_attempts - 1);
    new.scheduled_for := now() + private.work_backoff(5 + new.attempts);
    new.finished_at := null;
  elsif old.status = 'in_progress' and new.status = 'pending' and new.started_at <= now() - interval '1 day' then
    new.status := 'failed';
    new.finished_at := now();
    new.last_error := left('nobody knows what became of the call: ' || coalesce(new.last_error, ''), 2000);
  elsif new.status = 'pending' and old.status in ('failed', 'cancelled') then
    new.is_spent := false;
  end if;
  if new.status = 'pending' and new.started_at is null then
    new.scheduled_for := private.next_opening(greatest(new.scheduled_for, now()), new.call_from, new.call_until, new.call_days, new.time_zone);
  end if;
  return new;
end;
$$;
comment on function private.reschedule_dial() is
  'Trigger of dials that change: what waits is scheduled inside its window, except to ask about a call that was started; and such a call is asked about for a day before it is failed.';
create trigger prepare_dial before insert on public.dial_queue
  for each row execute function private.prepare_dial();
create trigger reschedule_dial before update of status, scheduled_for, call_from, call_until, call_days on public.dial_queue
  for each row execute function private.reschedule_dial();

create function private.lock_number(workspace_id uuid, phone text)
returns void
language sql
volatile
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('groundwork number ' || $1::text || $2, 0));
$$;
comment on function private.lock_number(uuid, text) is 'Until the transaction ends no call to the number begins (private.begin_call takes the same lock, shared).';

create function private.cancel_forbidden_dials()
returns trigger
language plpgsql
volatile
security definer -- cancelling is granted to nobody, and who may flag may cancel by it
set search_path = ''
as $$
declare
  queue private.work_queues;
begin
  -- What the provider has been asked for is not undone: its outcome is awaited.
  if tg_table_name = 'do_not_call_numbers' then
    if tg_when = 'BEFORE' then
      perform private.lock_number(new.workspace_id, new.phone);
      return new;
    end if;
    for queue in select q.* from private.work_queues as q where q.kind = 'dial_queue' order by q.name loop
      execute format($cancel$
        update %s as dial set status = 'cancelled', finished_at = now(), lease_expires_at = null, last_error = 'the number is on the do-not-call list'
        where dial.workspace_id = $1 and dial.phone = $2 and dial.status in ('pending', 'in_progress') and dial.started_at is null
      $cancel$, queue.work_table) using new.workspace_id, new.phone;
    end loop;
    return null;
  end if;
  execute format($cancel$
    update public.%I as dial set status = 'cancelled', finished_at = now(), lease_expires_at = null, last_error = 'the lead is not called any more'
    where dial.workspace_id = $1 and dial.lead_id = $2 and dial.status in ('pending', 'in_progress') and dial.started_at is null
  $cancel$, private.business_prefix(tg_table_name, 'leads') || 'dial_queue') using new.workspace_id, new.id;
  return null;
end;
$$;
comment on function private.cancel_forbidden_dials() is
  'Trigger of leads that are flagged and of numbers that are listed: cancels what was queued before and has not begun; of a number, in all businesses of the workspace.';
create trigger cancel_forbidden_dials after update of do_not_call on public.leads
  for each row when (new.do_not_call and not old.do_not_call) execute function private.cancel_forbidden_dials();
create trigger lock_number before insert on public.do_not_call_numbers
  for each row execute function private.cancel_forbidden_dials();
create trigger cancel_forbidden_dials after insert on public.do_not_call_numbers
  for each row execute function private.cancel_forbidden_dials();
