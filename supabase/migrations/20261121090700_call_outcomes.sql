-- Outcomes of calls: recorded once, with their effects on the lead, the dial and the number.
--
-- Touches: public.call_outcomes, its two triggers, private.record_call_outcome (for the functions call-webhook and
--          dispatch-calls).
-- Beware:  a trigger applies the effects, so they are the same whatever the source: the provider's report, a query to
--          the provider, or an insert by an agent with the service's key (lead_id, outcome and transcript are enough).
--          Locks are taken in the order of the dial queue: lead, number, dial.

create table public.call_outcomes (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null default '00000000-0000-0000-0000-000000000000'
    references public.workspaces (id) on delete cascade,
  dial_id bigint,
  lead_id uuid not null,
  outcome text not null,
  transcript text,
  sentiment text,
  follow_up boolean not null default false,
  callback_at timestamptz,
  duration_seconds integer,
  recording_url text,
  ended_at timestamptz not null default now(),
  ended_reason text constraint ended_reason_has_1_to_200_characters check (length(ended_reason) between 1 and 200),
  raw_payload jsonb,
  provider_call_id text unique
    constraint provider_call_id_has_1_to_200_characters check (length(provider_call_id) between 1 and 200),
  call_key text constraint call_key_has_1_to_200_characters check (length(call_key) between 1 and 200),
  created_at timestamptz not null default now(),
  constraint dial_is_of_the_workspace foreign key (workspace_id, dial_id)
    references public.dial_queue (workspace_id, id) on delete set null (dial_id),
  constraint lead_is_of_the_workspace foreign key (workspace_id, lead_id)
    references public.leads (workspace_id, id) on delete cascade,
  constraint outcome_is_known check (outcome in ('answered_interested', 'answered_not_interested', 'callback',
    'no_answer', 'voicemail',
    'wrong_number', 'do_not_call', 'failed', 'unclear')),
  constraint transcript_is_bounded check (length(transcript) <= 500000),
  constraint sentiment_is_known check (sentiment in ('positive', 'neutral', 'negative')),
  constraint duration_is_of_one_call check (duration_seconds between 0 and 86400),
  constraint recording_url_is_a_url check (recording_url ~ '^https?://\S+$' and length(recording_url) <= 2000),
  constraint raw_payload_is_a_bounded_object check (jsonb_typeof(raw_payload) = 'object'
    and length(raw_payload::text) <= 2097152)
);
comment on table public.call_outcomes is
  'The outcome of each call. One row per call, however often the provider reports it.';
comment on column public.call_outcomes.workspace_id is 'The lead''s workspace, filled in by default.';
comment on column public.call_outcomes.provider_call_id is 'The provider''s id; null for a call without the provider.';
comment on column public.call_outcomes.call_key is 'The idempotency key of the call, as in dial_queue.';
comment on column public.call_outcomes.raw_payload is 'The provider''s report, unchanged.';
create index call_outcomes_dials on public.call_outcomes (workspace_id, dial_id);
create index call_outcomes_leads on public.call_outcomes (workspace_id, lead_id, ended_at desc);
alter table public.call_outcomes enable row level security;
create policy "Members read the workspace's call outcomes" on public.call_outcomes
  for select to authenticated
  using (workspace_id = any ((select private.workspace_ids('member'))::uuid[]));
comment on policy "Members read the workspace's call outcomes" on public.call_outcomes is
  'A member who follows up a lead reads the call.';
grant select on public.call_outcomes to authenticated;
grant select, insert, update, delete on public.call_outcomes to service_role;
-- insert, update and delete are not granted to people: an outcome records what happened.

create function private.complete_call_outcome()
returns trigger
language plpgsql
volatile
security definer -- reads lead and dial, for which a caller may lack grants
set search_path = ''
as $$
declare
  prefix text := private.business_prefix(tg_table_name, 'call_outcomes');
begin
  if new.lead_id is null and new.dial_id is not null then
    execute format('select d.lead_id from public.%I as d where d.id = $1', prefix || 'dial_queue') into new.lead_id
    using new.dial_id;
  end if;
  if new.workspace_id = '00000000-0000-0000-0000-000000000000' then
    execute format('select l.workspace_id from public.%I as l where l.id = $1', prefix || 'leads') into new.workspace_id
    using new.lead_id;
  end if;
  if new.workspace_id is null then
    perform private.raise_error('not_found', 'The lead was not found.', 404);
  end if;
  new.ended_at := least(new.ended_at, now());
  return new;
end;
$$;
comment on function private.complete_call_outcome() is
  'Trigger of new outcomes: fills in the dial''s lead and the lead''s workspace. Errors: not_found 404.';

create function private.apply_call_outcome()
returns trigger
language plpgsql
volatile
security definer -- writes leads, dials and the do-not-call list, for which a caller may lack grants
set search_path = ''
as $$
declare
  prefix text := private.business_prefix(tg_table_name, 'call_outcomes');
  lead record;
  dial record;
  again interval := case new.outcome when 'no_answer' then interval '2 hours' when 'voicemail' then interval '1 day'
    when 'failed' then interval '5 minutes' end;
begin
  -- Locks, in their order.
  execute format('select d.* from public.%I as d where d.workspace_id = $1 and d.id = $2', prefix || 'dial_queue')
    into dial using new.workspace_id, new.dial_id;
  execute format('select l.* from public.%I as l where l.id = $1 for no key update', prefix || 'leads') into lead
  using new.lead_id;
  if new.outcome = 'do_not_call' then
    insert into public.do_not_call_numbers (workspace_id, phone, reason, source)
    select distinct new.workspace_id, private.phone_line(n), 'said so on the phone', 'call'
    from unnest(lead.phones || coalesce(dial.phone, lead.phones[1])) as n where n is not null order by 2
    on conflict do nothing;
  end if;

  -- The dial, if it awaits this call; a dial that awaits another call stays as it is.
  execute format($finish$
    update public.%I as d set
      status = case when $5 is not null and d.attempts < d.max_attempts and not d.is_spent and not $6 then 'pending'
        when $4 = 'failed' then 'failed' else 'done' end,
      scheduled_for = case
        when $5 is not null and d.attempts < d.max_attempts and not d.is_spent and not $6 then now() + $5
      else d.scheduled_for end,
      finished_at = case when $5 is not null and d.attempts < d.max_attempts and not d.is_spent and not $6 then null
        else now() end,
      last_error = case when $5 is null then null else left(concat_ws(': ', $4, $7), 2000) end,
      lease_expires_at = null,
      started_at = case when $5 is null then d.started_at end,
      call_key = case when $5 is null then d.call_key end,
      provider_call_id = case when $5 is null and d.started_at is not null then coalesce(d.provider_call_id, $3) end
    where d.workspace_id = $1 and d.id = $2 and d.status in ('pending', 'in_progress', 'failed')
      and case when d.provider_call_id is not null then d.provider_call_id = $3 or $3 is null
        when d.call_key is not null then d.call_key = coalesce($8, d.call_key)
        else $3 is null and $8 is null end
  $finish$, prefix || 'dial_queue')
    using new.workspace_id, new.dial_id, new.provider_call_id, new.outcome, again, lead.do_not_call, new.ended_reason,
    new.call_key;

  -- The lead. A late report counts, but does not override a later call.
  execute format($lead$
    update public.%I as l set
      contact_count = l.contact_count + case when $2 = 'failed' then 0 else 1 end,
      last_contacted_at = case when $2 = 'failed' then l.last_contacted_at else greatest(l.last_contacted_at, $3) end,
      status = case
        when $2 = 'do_not_call' then 'do_not_call'
        when $3 < l.last_contacted_at or l.status in ('do_not_call', 'negotiating', 'won', 'lost') then l.status
        when $2 = 'answered_interested' then 'interested'
        when $2 = 'answered_not_interested' then 'not_interested'
        when $2 in ('callback', 'wrong_number') then $2
        when $2 in ('no_answer', 'voicemail', 'unclear') and l.status = 'new' then 'contacting'
        else l.status end,
      next_action = case when $3 < l.last_contacted_at then l.next_action
        when $2 = 'callback' then 'call back' when $2 = 'answered_interested' or $5 then 'follow up'
        when $2 = 'unclear' then 'review the call'
        when $2 in ('do_not_call', 'answered_not_interested', 'wrong_number') then null else l.next_action end,
      next_action_at = case when $3 < l.last_contacted_at then l.next_action_at
        when $2 = 'callback' then coalesce($4, $3 + interval '1 day')
          when $2 in ('answered_interested', 'unclear') or $5 then $3
        when $2 in ('do_not_call', 'answered_not_interested', 'wrong_number') then null else l.next_action_at end,
      do_not_call = l.do_not_call or $2 = 'do_not_call'
    where l.id = $1
  $lead$, prefix || 'leads') using new.lead_id, new.outcome, new.ended_at, new.callback_at, new.follow_up;

  if new.outcome = 'callback' and not lead.do_not_call then
    perform private.queue_callback(prefix, new.id, new.workspace_id, new.lead_id, new.dial_id,
      coalesce(new.callback_at, new.ended_at + interval '1 day'));
  end if;
  return null;
end;
$$;
comment on function private.apply_call_outcome() is
  'Trigger of new outcomes. The dial: done; after no_answer (2 h), voicemail (1 day) and failed (5 min) retried while '
  'attempts remain. The lead: the call is counted; the latest call sets status and next action. unclear: done, with a '
  'review as the next action. callback: another dial at the requested time. do_not_call: sets the flag, lists the '
  'numbers and cancels all their open dials in all businesses of the workspace.';

create function private.queue_callback(prefix text, outcome_id uuid, workspace_id uuid, lead_id uuid, dial_id bigint,
  callback_at timestamptz)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  -- With the agent of the previous call, or the lead's own; without either, only the lead's next action is set.
  execute format($queue$
    insert into public.%1$I (workspace_id, lead_id, phone, voice_agent_id, call_from, call_until, call_days, time_zone,
      max_attempts, priority,
      scheduled_for, dedupe_key)
    select l.workspace_id, l.id, callee.phone, coalesce(d.voice_agent_id, l.assigned_agent_id),
      coalesce(d.call_from, '09:00'), coalesce(d.call_until, '18:00'), coalesce(d.call_days, '{1,2,3,4,5}'),
      coalesce(d.time_zone, ''),
      coalesce(d.max_attempts, 5), coalesce(d.priority, 0), $5, 'callback-' || $1
    from public.%2$I as l
    left join public.%1$I as d on d.workspace_id = l.workspace_id and d.id = $4
    cross join lateral (select coalesce(d.phone, l.phones[1]) as phone) as callee
    where l.workspace_id = $2 and l.id = $3 and coalesce(d.voice_agent_id, l.assigned_agent_id) is not null
      and callee.phone is not null
      -- A callback that cannot be queued must not lose the outcome: the lead's next action says it.
      and private.next_opening($5, coalesce(d.call_from, '09:00'), coalesce(d.call_until, '18:00'),
        coalesce(d.call_days, '{1,2,3,4,5}'),
        private.callee_zones(callee.phone, l.state, l.zip, l.mailing_address, coalesce(d.time_zone, ''))) is not null
      and not private.is_do_not_call($2, callee.phone)
  $queue$, prefix || 'dial_queue', prefix || 'leads') using outcome_id, workspace_id, lead_id, dial_id, callback_at;
end;
$$;
comment on function private.queue_callback(text, uuid, uuid, uuid, bigint, timestamptz) is
  'Queues a requested callback, at the first opening of its window from the requested time on.';

create trigger complete_call_outcome before insert on public.call_outcomes
  for each row execute function private.complete_call_outcome();
create trigger apply_call_outcome after insert on public.call_outcomes
  for each row execute function private.apply_call_outcome();

create function private.record_call_outcome(queue text, dial_id bigint, provider_call_id text, report jsonb)
returns table (outcome_id uuid, is_new boolean)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  known private.work_queues;
  workspace_id uuid;
  lead_id uuid;
  found_id bigint;
begin
  -- Find the call by its dial; if the report does not name one, by the provider's id.
  for known in select q.* from private.work_queues as q where q.kind = 'dial_queue' and (q.name = $1 or $1 is null)
  order by q.name loop
    execute format('select d.id, d.workspace_id, d.lead_id from %s as d where d.id = $1 or $1 is null and '
      'd.provider_call_id = $2', known.work_table)
    into found_id, workspace_id, lead_id using $2, $3;
    exit when found_id is not null;
  end loop;
  if found_id is null then
    perform private.raise_error('unknown_call', 'This call was made for none of our dials.', 404);
  end if;
  execute format($insert$
    insert into public.%I (workspace_id, dial_id, lead_id, provider_call_id, outcome, transcript, sentiment, follow_up,
      callback_at,
      duration_seconds, recording_url, ended_at, ended_reason, raw_payload, call_key)
    select $1, $2, $3, $4, coalesce(r.outcome,
      private.outcome_of_ending(r.ended_reason, r.is_success, r.duration_seconds)), r.transcript, r.sentiment,
      coalesce(r.follow_up, false), r.callback_at,
      r.duration_seconds, r.recording_url, coalesce(r.ended_at, now()), r.ended_reason, r.raw_payload, r.call_key
    from jsonb_to_record($5) as r (outcome text, is_success boolean, transcript text, sentiment text, follow_up boolean,
      callback_at timestamptz, duration_seconds integer,
      recording_url text, ended_at timestamptz, ended_reason text, raw_payload jsonb, call_key text)
    on conflict (provider_call_id) do nothing returning id
  $insert$, private.business_prefix(known.name, 'dial_queue') || 'call_outcomes')
  into outcome_id using workspace_id, found_id, lead_id, $3, report;
  is_new := outcome_id is not null;
  if not is_new then
    execute format('select o.id from public.%I as o where o.provider_call_id = $1',
      private.business_prefix(known.name, 'dial_queue') || 'call_outcomes')
    into outcome_id using $3;
  end if;
  return next;
end;
$$;
comment on function private.record_call_outcome(text, bigint, text, jsonb) is
  'Records the outcome of a provider''s call. Idempotent: a repeat answers the same id with is_new false. report: '
  'outcome, or the fields that imply it: ended_reason, is_success, duration_seconds; optionally call_key, transcript, '
  'sentiment, follow_up, callback_at, duration_seconds, recording_url, ended_at, ended_reason, raw_payload. queue and '
  'dial_id null: the provider''s id finds the dial. Errors: unknown_call 404, and those of the table''s checks.';
