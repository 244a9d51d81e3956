-- The ledger of calls from the database to functions. A scheduled job or a trigger calls over HTTP, and the ledger
-- tracks the call until it succeeds or visibly fails.
--
-- Touches: private.function_calls, private.call_function (writes and sends), private.reconcile_function_calls (reads
--          answers, retries).
-- Beware:  pg_net sends after commit and swallows failures; its answers are unlogged and kept only for hours. So the
--          caller's transaction writes the call here, and a job reads the answers back. Address and key come from the
--          vault: `groundwork_functions_url` (…/functions/v1) and `groundwork_secret_key`. Without them a call is
--          recorded as failed, and the caller's transaction goes on.
--
--            ┌────── answered 2xx ──────► succeeded
--   sent ────┤
--     ▲      └─ answered otherwise, or silent past its deadline ─► retrying ── attempts used up ─► failed (answered)
--     │                                                              │                           lost (never answered)
--     └──────────────────── backoff over ────────────────────────────┘

create table private.function_calls (
  id bigint generated always as identity primary key,
  job text not null,
  function text not null,
  body jsonb not null default '{}',
  request_id bigint,
  status text not null default 'sent',
  status_code integer,
  attempts integer not null default 1,
  max_attempts integer not null default 8,
  deadline timestamptz,
  next_attempt_at timestamptz,
  last_error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  traceparent private.traceparent default private.current_traceparent(),
  constraint status_is_known check (status in ('sent', 'retrying', 'succeeded', 'failed', 'lost')),
  constraint sent_is_awaited check (status <> 'sent' or (request_id is not null and deadline is not null)),
  constraint retrying_has_a_time check ((status = 'retrying') = (next_attempt_at is not null)),
  constraint finished_has_a_time check ((status in ('succeeded', 'failed', 'lost')) = (finished_at is not null)),
  constraint given_up_says_why check (status not in ('failed', 'lost') or last_error is not null),
  constraint attempts_are_bounded check (attempts between 0 and max_attempts),
  constraint job_is_short check (length(job) between 1 and 100),
  constraint function_is_a_path check (function ~ '^[a-z][a-z0-9-]*(/[a-z0-9-]+)*$' and length(function) <= 200)
);
comment on table private.function_calls is
  'Each HTTP call from the database to a function: sent, retrying, succeeded, failed or lost.';
comment on column private.function_calls.job is 'The caller: the name of a job or trigger.';
comment on column private.function_calls.request_id is 'pg_net''s id of the latest attempt.';
comment on column private.function_calls.deadline is 'A call without an answer by then is lost.';
comment on column private.function_calls.traceparent is
  'The trace of the request that caused the call; each attempt carries it.';
create index function_calls_open on private.function_calls (status, deadline, next_attempt_at)
  where status in ('sent', 'retrying');
create index function_calls_finished on private.function_calls (finished_at, status) where finished_at is not null;

create function private.send_function_call(call_id bigint, function text, body jsonb)
returns bigint
language plpgsql
volatile
security definer -- the vault and pg_net are the owner's
set search_path = ''
as $$
declare
  functions_url text := (select decrypted_secret from vault.decrypted_secrets where name = 'groundwork_functions_url');
  secret_key text := (select decrypted_secret from vault.decrypted_secrets where name = 'groundwork_secret_key');
begin
  if functions_url is null or secret_key is null then
    return null;
  end if;
  return net.http_post(
    url => functions_url || '/' || send_function_call.function,
    body => send_function_call.body,
    headers => jsonb_strip_nulls(jsonb_build_object(
      'content-type', 'application/json', 'apikey', secret_key, 'x-groundwork-call', call_id::text,
      'traceparent', (select call.traceparent from private.function_calls as call where call.id = call_id)
    )),
    timeout_milliseconds => 10000
  );
end;
$$;
comment on function private.send_function_call(bigint, text, jsonb) is
  'Hands one attempt to pg_net and returns its id; null when the vault lacks the address or the key. The header '
  'x-groundwork-call is the same for every attempt of a call. An attempt may take 10 s.';

create function private.call_function(job text, function text, body jsonb default '{}', max_attempts integer default 8)
returns bigint
language plpgsql
volatile
security definer -- triggers of people's writes come here
set search_path = ''
as $$
declare
  call_id bigint;
  sent_as bigint;
begin
  insert into private.function_calls (job, function, body, max_attempts, status, next_attempt_at, attempts)
  values (call_function.job, call_function.function, call_function.body, call_function.max_attempts, 'retrying', now(),
    0)
  returning id into call_id;
  sent_as := private.send_function_call(call_id, call_function.function, call_function.body);
  update private.function_calls as call set
    status = case when sent_as is null then 'failed' else 'sent' end,
    request_id = sent_as,
    attempts = 1,
    deadline = now() + interval '30 seconds',
    next_attempt_at = null,
    finished_at = case when sent_as is null then now() end,
    last_error = case when sent_as is null then 'the vault has no groundwork_functions_url or groundwork_secret_key' end
  where call.id = call_id;
  return call_id;
end;
$$;
comment on function private.call_function(text, text, jsonb, integer) is
  'Calls an edge function with the secret key after commit, and records it until it answers 2xx or max_attempts are '
  'used up. function: path below …/functions/v1, e.g. agents/invalidate. Returns the id in the ledger. Never raises '
  'for a missing configuration: the ledger says failed.';

create function private.call_function_once(job text, function text, max_attempts integer default 8)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
begin
  if exists (
    select from private.function_calls as call
    where call.status in ('sent', 'retrying') and call.job = $1 and call.function = $2
  ) then
    return null;
  end if;
  return private.call_function($1, $2, '{}', $3);
end;
$$;
comment on function private.call_function_once(text, text, integer) is
  'Like call_function, but returns null while a call of this job to this function is open.';

create function private.reconcile_function_calls(batch integer default 500)
returns jsonb
language plpgsql
volatile
set search_path = ''
as $$
declare
  call private.function_calls;
  answer record;
  trouble text;
  tally jsonb := jsonb_build_object('succeeded', 0, 'retrying', 0, 'resent', 0, 'failed', 0, 'lost', 0);
  outcome text;
begin
  -- Calls that were answered, or are past their deadline.
  for call in
    select c.* from private.function_calls as c
    where c.status = 'sent'
      and (c.deadline <= now() or exists (select from net._http_response as r where r.id = c.request_id))
    order by c.id limit batch
    for update skip locked
  loop
    select r.status_code, r.timed_out, r.error_msg into answer from net._http_response as r
    where r.id = call.request_id;
    trouble := case
      when answer is null then 'no answer by the deadline'
      when answer.status_code is null then coalesce(answer.error_msg, 'no answer: the request timed out')
      else 'answered ' || answer.status_code
    end;
    outcome := case
      when answer.status_code between 200 and 299 then 'succeeded'
      when call.attempts < call.max_attempts then 'retrying'
      when answer.status_code is null then 'lost'
      else 'failed'
    end;
    update private.function_calls as c set
      status = outcome,
      status_code = answer.status_code,
      last_error = case when outcome = 'succeeded' then null else left(trouble, 500) end,
      -- 2, 4, 8 … 256 seconds, plus up to half as jitter, so that calls that failed together do not retry together.
      next_attempt_at = case
        when outcome = 'retrying'
        then now() + least(power(2, c.attempts), 256) * (1 + random() / 2) * interval '1 second' end,
      finished_at = case when outcome <> 'retrying' then now() end
    where c.id = call.id;
    tally := jsonb_set(tally, array[outcome], to_jsonb((tally ->> outcome)::integer + 1));
  end loop;

  -- Calls that are due for a retry.
  for call in
    select c.* from private.function_calls as c
    where c.status = 'retrying' and c.next_attempt_at <= now()
    order by c.next_attempt_at limit batch
    for update skip locked
  loop
    call.request_id := private.send_function_call(call.id, call.function, call.body);
    update private.function_calls as c set
      status = case when call.request_id is null then 'failed' else 'sent' end,
      request_id = call.request_id,
      attempts = c.attempts + 1,
      deadline = now() + interval '30 seconds',
      next_attempt_at = null,
      finished_at = case when call.request_id is null then now() end,
      last_error = case
        when call.request_id is null then 'the vault has no groundwork_functions_url or groundwork_secret_key'
      else c.last_error end
    where c.id = call.id;
    outcome := case when call.request_id is null then 'failed' else 'resent' end;
    tally := jsonb_set(tally, array[outcome], to_jsonb((tally ->> outcome)::integer + 1));
  end loop;
  return tally;
end;
$$;
comment on function private.reconcile_function_calls(integer) is
  'Copies pg_net''s answers into the ledger, marks calls without an answer, and retries those that are due; at most '
  '`batch` of each. Returns how many of each outcome. Safe to run concurrently.';
