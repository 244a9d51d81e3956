-- The dial queue: which leads a voice agent calls next, and when it may call them.
--
-- Touches: public.dial_queue (a work table), public.do_not_call_numbers, triggers of both and of leads.
-- Beware:  a call is dialled only inside its window of local hours, and never to a flagged lead or a listed number.
--          Three checks ensure this: when the call is queued (refused), when it is claimed (cancelled, or returned
--          until the window opens), and right before the provider is asked (private.begin_call). The last check and the
--          record of the start are one transaction, so a flag that was set before prevents the call. Locks are taken in
--          this order: lead, number (advisory), dial.

create table public.do_not_call_numbers (
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  phone text not null,
  reason text,
  source text not null default 'manual',
  created_at timestamptz not null default now(),
  primary key (workspace_id, phone),
  constraint phone_is_a_line check (private.is_phone_number(phone) and phone = private.phone_line(phone)),
  constraint reason_is_short check (length(reason) <= 500),
  constraint source_is_known check (source in ('manual', 'import', 'call', 'registry'))
);
comment on table public.do_not_call_numbers is
  'Numbers that no business of the workspace calls again. All its businesses share one list.';
comment on column public.do_not_call_numbers.phone is
  'E.164 without an extension; a trigger normalizes what was written.';
alter table public.do_not_call_numbers enable row level security;
create policy "Members read the workspace's do-not-call list" on public.do_not_call_numbers
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's do-not-call list" on public.do_not_call_numbers is
  'A member who dials by hand must know it too.';
create policy "Admins add to the do-not-call list" on public.do_not_call_numbers
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins add to the do-not-call list" on public.do_not_call_numbers is
  'Admins may only add. Only the service takes a number off the list.';
grant select on public.do_not_call_numbers to authenticated;
grant select, insert, update, delete on public.do_not_call_numbers to service_role;
grant insert (workspace_id, phone, reason, source) on public.do_not_call_numbers to authenticated;
-- update and delete are not granted to people: they must not withdraw a promise not to call.

create table public.dial_queue (
  like private.work_item including all,
  lead_id uuid not null,
  phone text not null default '',
  voice_agent_id uuid not null,
  call_from time not null default '09:00',
  call_until time not null default '18:00',
  call_days smallint[] not null default '{1,2,3,4,5}',
  time_zone text not null default '',
  time_zones text[] not null default '{}',
  call_key text constraint call_key_has_1_to_200_characters check (length(call_key) between 1 and 200),
  provider_call_id text
    constraint provider_call_id_has_1_to_200_characters check (length(provider_call_id) between 1 and 200),
  started_at timestamptz,
  is_spent boolean not null default false,
  unique (workspace_id, id),
  constraint workspace_exists foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint lead_is_of_the_workspace foreign key (workspace_id, lead_id)
    references public.leads (workspace_id, id) on delete cascade,
  constraint voice_agent_is_of_the_workspace foreign key (workspace_id, voice_agent_id)
    references public.agents (workspace_id, id) on delete cascade,
  constraint phone_is_a_number check (private.is_phone_number(phone)),
  constraint window_opens_before_it_closes check (call_from < call_until),
  constraint window_has_days_of_the_week check (call_days <@ '{1,2,3,4,5,6,7}'::smallint[]
    and cardinality(call_days) between 1 and 7),
  constraint time_zone_is_a_place check (time_zone = '' or time_zone <> 'UTC' and private.is_time_zone(time_zone)),
  constraint some_time_zone_is_known check (cardinality(time_zones) > 0),
  constraint started_call_has_a_key check ((started_at is null) = (call_key is null)),
  constraint provider_call_was_started check (provider_call_id is null or started_at is not null)
);
comment on table public.dial_queue is
  'Calls to make: a work table. In progress means that the call is being dialled, or is on the phone until its outcome '
  'arrives.';
comment on column public.dial_queue.phone is
  'E.164, with ;ext= for an extension. Empty on insert: the lead''s first number.';
comment on column public.dial_queue.call_from is 'The lead''s local time from which a call may begin.';
comment on column public.dial_queue.call_until is 'The lead''s local time before which the call must begin.';
comment on column public.dial_queue.call_days is 'The days on which calls are allowed; Monday is 1.';
comment on column public.dial_queue.time_zone is 'An additional IANA time zone that the caller knows; otherwise empty.';
comment on column public.dial_queue.time_zones is
  'All possible time zones of the person: of the number, the property, the mailing address and time_zone. The call '
  'must be inside the window in each of them.';
comment on column public.dial_queue.call_key is
  'The idempotency key of the request to the provider: queue, dial, attempt and claim. Retries keep it until the '
  'provider''s answer is certain.';
comment on column public.dial_queue.started_at is
  'When the provider was first asked for the call whose outcome is pending. While it is set, the dispatcher asks the '
  'provider about that call before it dials again.';
comment on column public.dial_queue.is_spent is
  'The last attempt was made and its result is still unknown: the dispatcher only asks about it and does not dial '
  'again.';
create index dial_queue_leads on public.dial_queue (workspace_id, lead_id);
create index dial_queue_voice_agents on public.dial_queue (workspace_id, voice_agent_id);
create index dial_queue_open_numbers on public.dial_queue (workspace_id, private.phone_line(phone))
  where status in ('pending', 'in_progress');
create index dial_queue_provider_calls on public.dial_queue (provider_call_id) where provider_call_id is not null;
alter table public.dial_queue enable row level security;
create policy "Members read the workspace's calls to make" on public.dial_queue
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's calls to make" on public.dial_queue is
  'Guests use an agent; they have no access to the business.';
create policy "Admins queue calls" on public.dial_queue
  for insert to authenticated
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins queue calls" on public.dial_queue is 'A call speaks for the business and costs money.';
create policy "Admins reschedule calls" on public.dial_queue
  for update to authenticated
  using (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  with check (workspace_id = any ((select private.workspace_ids('admin'))::uuid[]));
comment on policy "Admins reschedule calls" on public.dial_queue is
  'The window, the time and the priority; only the work grammar writes the rest.';
grant select on public.dial_queue to authenticated;
grant select, insert, update, delete on public.dial_queue to service_role;
-- The columns of the grammar and of the call are not granted: only a claim writes them.
grant insert (workspace_id, priority, scheduled_for, max_attempts, lead_id, phone, voice_agent_id, call_from,
  call_until, call_days, time_zone),
  update (priority, scheduled_for, call_from, call_until, call_days) on public.dial_queue to authenticated;
-- At most twenty calls of a workspace's business at once: a call on the phone is in progress.
select private.register_work_queue('public.dial_queue', 20);

create function private.dial_zones(prefix text, dial public.dial_queue)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
declare
  zones text[];
begin
  execute format($zones$
    select private.callee_zones($1, l.state, l.zip, l.mailing_address, $2) from public.%I as l
    where l.workspace_id = $3 and l.id = $4
  $zones$, prefix || 'leads') into zones using dial.phone, dial.time_zone, dial.workspace_id, dial.lead_id;
  return coalesce(zones, '{}');
end;
$$;
comment on function private.dial_zones(text, public.dial_queue) is
  'The time zones of a dial, from its current lead and number. A business''s dial has the same columns.';

create function private.prepare_dial()
returns trigger
language plpgsql
volatile
security definer -- reads the lead and the list, for which a caller may lack grants
set search_path = ''
as $$
declare
  prefix text := private.business_prefix(tg_table_name, 'dial_queue');
  written text := new.phone;
  lead record;
begin
  execute format('select l.phones[1] as phone, l.do_not_call from public.%I as l where l.workspace_id = $1 and l.id = '
    '$2', prefix || 'leads')
  into lead using new.workspace_id, new.lead_id;
  new.phone := case when written = '' then coalesce(lead.phone, '') else private.read_phone(written) end;
  if new.phone is null then
    perform private.raise_error('invalid_phone', 'phone: is no telephone number', 422,
      'E.g. +15125550101, or +15125550101;ext=12.');
  end if;
  if lead.do_not_call or private.is_do_not_call(new.workspace_id, new.phone) then
    perform private.raise_error('do_not_call', 'This lead or number is not called any more.', 409);
  end if;
  if new.time_zone <> '' and (new.time_zone = 'UTC' or not private.is_time_zone(new.time_zone)) then
    perform private.raise_error('unknown_time_zone', 'time_zone: is no place''s', 422,
      'An IANA name, e.g. America/Chicago.');
  end if;
  new.time_zones := private.dial_zones(prefix, jsonb_populate_record(null::public.dial_queue, to_jsonb(new)));
  if new.time_zones = '{}' then
    perform private.raise_error('unknown_time_zone', 'time_zone: nothing says where this person is', 422,
      'Give time_zone, an IANA name such as America/Chicago.');
  end if;
  -- A window that the table's checks refuse has no opening: they say why.
  if new.status = 'pending' and new.call_from < new.call_until and new.call_days <@ '{1,2,3,4,5,6,7}' then
    new.scheduled_for := private.next_opening(greatest(new.scheduled_for, now()), new.call_from, new.call_until,
      new.call_days, new.time_zones);
    if new.scheduled_for is null then
      perform private.raise_error('no_calling_hours',
        'call_from: the hours of ' || array_to_string(new.time_zones, ' and ') || ' have nothing in common', 422,
        'Widen the window, or give a number where the person lives.');
    end if;
  end if;
  return new;
end;
$$;
comment on function private.prepare_dial() is
  'Trigger of new dials: normalizes the number, finds the time zones, and schedules the call inside their common '
  'window. Errors: invalid_phone 422, do_not_call 409, unknown_time_zone 422, no_calling_hours 422.';

create function private.reschedule_dial()
returns trigger
language plpgsql
volatile
security definer -- no caller has next_opening or work_backoff
set search_path = ''
as $$
declare
  opens_at timestamptz;
begin
  -- The provider is asked about a possible call for a day, however many attempts are left; then the dial fails.
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
    new.time_zones := private.dial_zones(
      private.business_prefix(tg_table_name, 'dial_queue'),
      jsonb_populate_record(null::public.dial_queue, to_jsonb(new)));
    opens_at := private.next_opening(greatest(new.scheduled_for, now()), new.call_from, new.call_until, new.call_days,
      new.time_zones);
    if opens_at is null then
      -- The lead has moved, or the window is narrower: check again a day later.
      new.time_zones := old.time_zones;
      opens_at := greatest(new.scheduled_for, now()) + interval '1 day';
    end if;
    new.scheduled_for := opens_at;
  end if;
  return new;
end;
$$;
comment on function private.reschedule_dial() is
  'Trigger of changed dials: keeps waiting dials inside their window. A dial whose call was started is the exception: '
  'the provider is asked about it for a day, before it is failed.';
create trigger prepare_dial before insert on public.dial_queue
  for each row execute function private.prepare_dial();
create trigger reschedule_dial before update of status, scheduled_for, call_from, call_until,
  call_days on public.dial_queue
  for each row execute function private.reschedule_dial();

create function private.lock_number(workspace_id uuid, phone text)
returns void
language sql
volatile
set search_path = ''
as $$
  select pg_advisory_xact_lock(hashtextextended('groundwork number ' || $1::text || private.phone_line($2), 0));
$$;
comment on function private.lock_number(uuid, text) is
  'Locks the number''s line until the transaction ends: no other call to it can begin, and no one can list it.';

create function private.is_do_not_call(workspace_id uuid, phone text)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (select from public.do_not_call_numbers as listed
    where listed.workspace_id = $1 and listed.phone = private.phone_line($2));
$$;
comment on function private.is_do_not_call(uuid, text) is
  'Whether the number''s line is on the workspace''s do-not-call list.';

create function private.read_listed_number()
returns trigger
language plpgsql
volatile
security definer -- takes the lock, which no role may call
set search_path = ''
as $$
begin
  new.phone := private.phone_line(private.read_phone(new.phone));
  if new.phone is null then
    perform private.raise_error('invalid_phone', 'phone: is no telephone number', 422, 'E.g. +15125550101.');
  end if;
  perform private.lock_number(new.workspace_id, new.phone);
  return new;
end;
$$;
comment on function private.read_listed_number() is
  'Trigger of numbers to be listed: normalizes to the line, and waits for a call to it that is just beginning. Errors: '
  'invalid_phone 422.';

create function private.cancel_forbidden_dials()
returns trigger
language plpgsql
volatile
security definer -- a caller who may list may cancel this way
set search_path = ''
as $$
declare
  queue private.work_queues;
begin
  -- A call that the provider was asked for is not undone: its outcome is pending.
  for queue in select q.* from private.work_queues as q where q.kind = 'dial_queue' order by q.name loop
    execute format($cancel$
      update %s as dial
      set status = 'cancelled', finished_at = now(), lease_expires_at = null,
        last_error = 'the number is on the do-not-call list'
      where dial.workspace_id = $1 and private.phone_line(dial.phone) = $2 and dial.status in ('pending', 'in_progress')
        and dial.started_at is null
    $cancel$, queue.work_table) using new.workspace_id, new.phone;
  end loop;
  return null;
end;
$$;
comment on function private.cancel_forbidden_dials() is
  'Trigger of listed numbers: cancels their queued calls that have not begun, in all businesses of the workspace.';
create trigger read_listed_number before insert on public.do_not_call_numbers
  for each row execute function private.read_listed_number();
create trigger cancel_forbidden_dials after insert on public.do_not_call_numbers
  for each row execute function private.cancel_forbidden_dials();

create function private.list_flagged_numbers()
returns trigger
language plpgsql
volatile
security definer -- a caller who may flag may list and cancel this way
set search_path = ''
as $$
begin
  -- The statement locks the leads; then come the numbers in order, then the dials.
  insert into public.do_not_call_numbers (workspace_id, phone, reason, source)
  select distinct l.workspace_id, private.phone_line(phone), 'its lead is not called any more', 'manual'
  from new_rows as l cross join lateral unnest(l.phones) as phone
  where l.do_not_call and not private.is_do_not_call(l.workspace_id, phone)
  order by 1, 2
  on conflict do nothing;
  execute format($cancel$
    update public.%I as dial
    set status = 'cancelled', finished_at = now(), lease_expires_at = null,
      last_error = 'the lead is not called any more'
    where (dial.workspace_id, dial.lead_id) in (select * from unnest($1, $2))
      and dial.status in ('pending', 'in_progress') and dial.started_at is null
  $cancel$, private.business_prefix(tg_table_name, 'leads') || 'dial_queue')
  using array(select l.workspace_id from new_rows as l where l.do_not_call order by l.id),
    array(select l.id from new_rows as l where l.do_not_call order by l.id);
  return null;
end;
$$;
comment on function private.list_flagged_numbers() is
  'Trigger of leads: a flagged person must not be called through another lead. Lists all their numbers and cancels '
  'their queued calls.';
create trigger list_numbers_of_added after insert on public.leads referencing new table as new_rows
  for each statement execute function private.list_flagged_numbers();
create trigger list_numbers_of_changed after update on public.leads referencing new table as new_rows
  for each statement execute function private.list_flagged_numbers();
