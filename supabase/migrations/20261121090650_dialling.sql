-- Dialling: turns a due dial into at most one call at the voice provider, even if the dispatcher dies in between.
--
-- Touches: private.claim_calls (due dials), begin_call (last check), hold_call (accepted), fail_call (retry) for the
--          function dispatch-calls; private.dispatch_due_calls (the job).
-- Beware:  a dispatcher may die between the request to the provider and its answer. So it writes started_at and a key
--          before the request. For a dial that has them, it asks the provider about the call before it dials again.
--
--   claim_calls ─► new: begin_call ─► provider asked ─┬─► accepted: hold_call, in progress until the outcome
--        ▲     │                                      │   arrives or the lease ends
--        │     └─► started: the provider is asked     ├─► refused: fail_call, not started
--        │          about it, then the same ──────────┘
--        └──────────────────────────────────────────────── no answer: fail_call, still started

create function private.dial_prefix(queue text)
returns text
language plpgsql
stable
set search_path = ''
as $$
begin
  if (private.work_queue(dial_prefix.queue)).kind <> 'dial_queue' then
    perform private.raise_error('unknown_queue', 'There is no such queue of calls.', 404,
      'A queue of calls is dial_queue, or one of a business, e.g. pn_dial_queue.');
  end if;
  return private.business_prefix(dial_prefix.queue, 'dial_queue');
end;
$$;
comment on function private.dial_prefix(text) is
  'The prefix of the business that owns this queue of calls. Errors: unknown_queue 404.';

create function private.judge_dial(queue text, dial_id bigint, out verdict text, out cause text,
  out opens_at timestamptz, out assistant jsonb)
language plpgsql
stable
set search_path = ''
as $$
declare
  is_flagged boolean;
  is_do_not_call boolean;
  agent_status text;
  callable_at timestamptz;
  zones text[];
begin
  execute format($judge$
    select lead.do_not_call, agent.status, private.is_do_not_call(dial.workspace_id, dial.phone),
      place.zones, rule.callable_at,
      private.next_opening(rule.callable_at, dial.call_from, dial.call_until, dial.call_days, place.zones),
      jsonb_build_object(
        'assistant_id', voice.assistant_id, 'phone_number_id', voice.phone_number_id,
        'variables', jsonb_strip_nulls(jsonb_build_object('owner_name', lead.owner_name, 'address', lead.address,
          'city', lead.city)))
    from public.%I as dial
    join public.%I as lead on lead.workspace_id = dial.workspace_id and lead.id = dial.lead_id
    join public.agents as agent on agent.workspace_id = dial.workspace_id and agent.id = dial.voice_agent_id
    left join public.voice_assistants as voice on voice.workspace_id = agent.workspace_id and voice.agent_id = agent.id
    cross join lateral (
      select private.callee_zones(dial.phone, lead.state, lead.zip, lead.mailing_address, dial.time_zone) as zones
    ) as place
    cross join lateral (
      select private.may_be_called_at(dial.workspace_id, dial.phone, lead.state, dial.call_key) as callable_at
    ) as rule
    where dial.id = $1
  $judge$, judge_dial.queue, private.dial_prefix(judge_dial.queue) || 'leads')
  into is_flagged, agent_status, is_do_not_call, zones, callable_at, opens_at, assistant using dial_id;
  verdict := 'dial';
  if is_flagged or is_do_not_call then
    verdict := 'cancel';
    cause := case when is_flagged then 'the lead is not called any more'
      else 'the number is on the do-not-call list' end;
  elsif agent_status = 'archived' or assistant ->> 'assistant_id' is null then
    verdict := 'cancel';
    cause := case when agent_status = 'archived' then 'the agent is archived'
      else 'the agent has no voice: voice_assistants' end;
  elsif agent_status <> 'published' then
    verdict := 'wait';
    cause := 'the agent is not published';
    opens_at := now() + interval '15 minutes';
  elsif opens_at is null then
    verdict := 'wait';
    cause := case when zones = '{}' then 'nothing says where this person is'
      else 'the hours of ' || array_to_string(zones, ' and ') || ' have nothing in common' end;
    opens_at := now() + interval '1 day';
  elsif opens_at > now() then
    verdict := 'wait';
    cause := case when callable_at > now() then 'the number was called lately' else 'outside of its window' end;
  end if;
end;
$$;
comment on function private.judge_dial(text, bigint) is
  'Whether a dial may be called now: dial, wait (until opens_at) or cancel, with the cause; and the provider''s '
  'parameters for agent and lead: {assistant_id, phone_number_id, variables}, from voice_assistants.';

create function private.claim_calls(queue text, worker text, batch integer default 10,
  lease interval default '60 seconds')
returns table (
  id bigint, workspace_id uuid, claim_token uuid, lead_id uuid, phone text, assistant jsonb,
  call_key text, provider_call_id text, started_at timestamptz
)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  held record;
  judged record;
begin
  perform private.dial_prefix(claim_calls.queue);
  for held in select * from private.claim_work(claim_calls.queue, worker, batch, lease) loop
    select * into judged from private.judge_dial(claim_calls.queue, held.id);
    started_at := (held.work ->> 'started_at')::timestamptz;
    if started_at is not null then
      -- Asking about a call is no attempt.
      execute format('update public.%I as dial set attempts = dial.attempts - 1 where dial.id = $1', claim_calls.queue)
      using held.id;
    elsif judged.verdict = 'cancel' then
      perform private.cancel_work(claim_calls.queue, array[held.id], judged.cause);
      continue;
    elsif judged.verdict = 'wait' then
      perform private.snooze_work(claim_calls.queue, held.claim_token, array[held.id], judged.opens_at, judged.cause);
      continue;
    end if;
    id := held.id;
    workspace_id := held.workspace_id;
    claim_token := held.claim_token;
    lead_id := (held.work ->> 'lead_id')::uuid;
    phone := held.work ->> 'phone';
    assistant := judged.assistant;
    call_key := held.work ->> 'call_key';
    provider_call_id := held.work ->> 'provider_call_id';
    return next;
  end loop;
end;
$$;
comment on function private.claim_calls(text, text, integer, interval) is
  'Claims due dials. Cancels those that must not be called, returns those outside their window to the queue, and '
  'answers the rest. If started_at is set, the call may already exist: ask the provider about it first. Errors: as '
  'claim_work.';

create function private.begin_call(queue text, claim_token uuid, dial_id bigint, lease interval default '60 seconds')
returns table (verdict text, cause text, call_key text)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  prefix text := private.dial_prefix(begin_call.queue);
  held jsonb;
  dial public.dial_queue; -- for a business too: its table has the same columns
  judged record;
begin
  -- Locks first, in their order; the check's query then sees everything committed before.
  execute format('select to_jsonb(d) from public.%I as d where d.id = $1', begin_call.queue) into held using dial_id;
  dial := jsonb_populate_record(null::public.dial_queue, held);
  execute format('select from public.%I as l where l.workspace_id = $1 and l.id = $2 for share', prefix || 'leads')
  using dial.workspace_id, dial.lead_id;
  perform private.lock_number(dial.workspace_id, dial.phone);
  execute format('select to_jsonb(d) from public.%I as d where d.id = $1 and d.claim_token = $2 and d.lease_expires_at '
    'is not null for no key update', begin_call.queue)
  into held using dial_id, begin_call.claim_token;
  dial := jsonb_populate_record(null::public.dial_queue, held);
  if dial.id is null then
    return query select 'lost', 'the lease ended, or the dial was cancelled or finished', null::text;
    return;
  end if;
  select * into judged from private.judge_dial(begin_call.queue, dial_id);
  if judged.verdict = 'dial' and dial.started_at is not null and (dial.is_spent or dial.attempts >= dial.max_attempts)
    then
    judged.verdict := 'give_up';
    judged.cause := 'the provider knows of no call after the last attempt';
  end if;
  if judged.verdict = 'dial' then
    call_key := coalesce(dial.call_key,
      concat_ws('-', begin_call.queue, dial_id, dial.attempts, left(begin_call.claim_token::text, 8)));
    execute format($begin$
      update public.%I as d set started_at = now(), call_key = $2, lease_expires_at = now() + $3,
        attempts = d.attempts + case when d.started_at is null then 0 else 1 end
      where d.id = $1
    $begin$, begin_call.queue) using dial_id, call_key, lease;
    insert into private.number_calls (call_key, workspace_id, line)
    values (call_key, dial.workspace_id, private.phone_line(dial.phone))
    on conflict on constraint number_calls_pkey do update set begun_at = excluded.begun_at;
    return query select 'dial', null::text, call_key;
    return;
  end if;
  execute format($clear$
    update public.%I as d set started_at = null, call_key = null, provider_call_id = null,
      attempts = case when d.is_spent then d.max_attempts else d.attempts end
    where d.id = $1
  $clear$, begin_call.queue) using dial_id;
  if judged.verdict = 'wait' and (dial.started_at is null or not dial.is_spent and dial.attempts < dial.max_attempts)
    then
    -- A claim to ask about a call did not count as an attempt.
    if dial.started_at is not null then
      execute format('update public.%I as d set attempts = d.attempts + 1 where d.id = $1', begin_call.queue)
      using dial_id;
    end if;
    perform private.snooze_work(begin_call.queue, begin_call.claim_token, array[dial_id], judged.opens_at,
      judged.cause);
  elsif judged.verdict = 'cancel' then
    perform private.cancel_work(begin_call.queue, array[dial_id], judged.cause);
  else
    perform private.fail_work(begin_call.queue, begin_call.claim_token, array[dial_id], judged.cause, null, false);
  end if;
  return query select judged.verdict, judged.cause, null::text;
end;
$$;
comment on function private.begin_call(text, uuid, bigint, interval) is
  'The last check before the provider is asked, and the record that it will be, in one transaction. verdict: dial '
  '(with the idempotency key), or stop: cancel, wait, give_up (the dial was finished accordingly) or lost (another '
  'worker has it). Call it again for a started dial only after the provider confirmed that it knows no such call.';

create function private.hold_call(queue text, claim_token uuid, dial_id bigint, provider_call_id text,
  lease interval default '30 minutes')
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  held bigint;
begin
  perform private.dial_prefix(hold_call.queue);
  perform private.require_lease(lease);
  execute format($hold$
    update public.%I as d set provider_call_id = $3, lease_expires_at = now() + $4
    where d.id = $1 and d.claim_token = $2 and d.lease_expires_at is not null and d.started_at is not null
    returning d.id
  $hold$, hold_call.queue) into held using dial_id, claim_token, provider_call_id, lease;
  return held is not null;
end;
$$;
comment on function private.hold_call(text, uuid, bigint, text, interval) is
  'Records that the provider has the call. The dial stays in progress until its outcome arrives or `lease` (the '
  'longest call) ends; then the provider is asked. False when the outcome came first. Errors: unknown_queue 404, '
  'invalid_lease 422.';

create function private.fail_call(queue text, claim_token uuid, dial_id bigint, error text, may_have_arrived boolean,
  retry_in interval default null, retry boolean default true)
returns text
language plpgsql
volatile
set search_path = ''
as $$
declare
  became text;
  backoff interval;
begin
  perform private.dial_prefix(fail_call.queue);
  if not may_have_arrived then
    -- No phone rang.
    execute format('delete from private.number_calls as c using public.%I as d where d.id = $1 and d.claim_token = $2 '
      'and c.call_key = d.call_key', fail_call.queue)
    using dial_id, claim_token;
    execute format($clear$
      update public.%I as d set started_at = null, call_key = null, provider_call_id = null
      where d.id = $1 and d.claim_token = $2 and d.lease_expires_at is not null
    $clear$, fail_call.queue) using dial_id, claim_token;
  end if;
  execute format('select private.work_backoff(d.attempts) from public.%I as d where d.id = $1', fail_call.queue)
    into backoff using dial_id;
  perform private.fail_work(fail_call.queue, fail_call.claim_token, array[dial_id], error, coalesce(retry_in, backoff),
    retry);
  execute format('select d.status from public.%I as d where d.id = $1', fail_call.queue) into became using dial_id;
  return became;
end;
$$;
comment on function private.fail_call(text, uuid, bigint, text, boolean, interval, boolean) is
  'Records that the request to the provider failed. may_have_arrived: whether the provider may have made the call '
  'anyway; the next attempt then asks about it first. Returns the dial''s new status: pending or failed. Errors: as '
  'fail_work.';

create function private.return_call(queue text, claim_token uuid, dial_id bigint, until timestamptz, reason text,
  may_have_arrived boolean)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.dial_prefix(return_call.queue);
  -- A claim to ask about a call was no attempt, so snoozing must not subtract one.
  execute format($return$
    update public.%I as d set attempts = d.attempts + $3::integer,
      started_at = case when $3 then d.started_at end, call_key = case when $3 then d.call_key end,
      provider_call_id = case when $3 then d.provider_call_id end
    where d.id = $1 and d.claim_token = $2 and d.lease_expires_at is not null
  $return$, return_call.queue) using dial_id, claim_token, may_have_arrived;
  perform private.snooze_work(return_call.queue, return_call.claim_token, array[dial_id], until, reason);
end;
$$;
comment on function private.return_call(text, uuid, bigint, timestamptz, text, boolean) is
  'Returns a claimed dial to the queue until a given time, as if it had not been claimed: for a dispatcher that runs '
  'out of time or is rate limited by the provider. may_have_arrived: whether the claim was to ask about a call. '
  'Errors: as snooze_work.';

create function private.dispatch_due_calls()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  queue private.work_queues;
  is_due boolean;
begin
  -- Waiting dials are scheduled inside their window (reschedule_dial), so due means due in the window. An open call of
  -- the function will see the dial.
  if exists (select from private.function_calls as call
    where call.job = 'dispatch-calls' and call.status in ('sent', 'retrying')) then
    return null;
  end if;
  for queue in select q.* from private.work_queues as q where q.kind = 'dial_queue' order by q.name loop
    execute format($due$
      select exists (
        select from private.work_lanes as lane
        cross join lateral (
          select from %s as dial
          where dial.status = 'pending' and dial.workspace_id = lane.workspace_id and dial.priority = lane.priority
            and dial.scheduled_for <= now()
          limit 1
        ) as due
        where lane.queue = $1)
    $due$, queue.work_table) into is_due using queue.name;
    if is_due then
      return private.call_function('dispatch-calls', 'dispatch-calls');
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.dispatch_due_calls() is
  'Calls the function dispatch-calls when a dial of any business is due in its window. Returns the id in the ledger; '
  'null when nothing is due or an earlier call is still open.';

select cron.schedule('dispatch-calls', '* * * * *', 'select private.dispatch_due_calls()');
