-- Automatic budget reservations: a stream and a background query reserve from their budgets when they begin, and settle
-- when they end.
--
-- Touches: Triggers on streams and background_queries: reserve at the start, settle at the end.
-- Beware:  Each budget's per_call is reserved. A caller that knows the real usage reports it before the end, with
--          settle_usage and the request id `stream:<id>` or `query:<id>`. Otherwise the reserved amount is charged, or
--          nothing if it failed, or was cancelled before a worker had it. A person may cancel at any time: what a
--          worker has begun is charged, or they would spend without end.

create function private.reserve_automatically()
returns trigger
language plpgsql
volatile
security definer -- budgets belong to the workspace
set search_path = ''
as $$
declare
  through_agent uuid;
  answers text := to_jsonb(new) -> 'input' ->> 'stream_id';
begin
  -- A query for the answer of a stream is one answer: the stream has reserved it. Only for a stream of the same
  -- conversation, and only once (after a failure again): any other query that names the stream pays for itself.
  if answers is not null
    and exists (select from private.usage_reservations as r
      where r.workspace_id = new.workspace_id and r.request_id = 'stream:' || left(answers, 100)
        and not r.is_settled and not r.is_released)
    and exists (select from public.streams as s
      where s.conversation_id = new.conversation_id and s.status = 'open' and s.id::text = answers)
    and not exists (select from public.background_queries as q
      where q.user_id = new.user_id and q.workspace_id = new.workspace_id and q.conversation_id = new.conversation_id
        and q.status <> 'failed' and q.id::text <> new.id::text and q.input ->> 'stream_id' = answers)
  then
    return null;
  end if;
  if exists (select from public.budgets as b where b.workspace_id = new.workspace_id) then
    through_agent := (select c.agent_id from public.conversations as c where c.id = new.conversation_id);
    perform private.reserve_usage(new.workspace_id, new.user_id, through_agent, tg_argv[0] || ':' || new.id, null, null,
      null, interval '1 day');
  end if;
  return null;
end;
$$;
comment on function private.reserve_automatically() is
  'Trigger on rows that are about to use a model, of a conversation: reserves each budget''s per_call. Argument: the '
  'prefix of its request id. Errors: budget_exhausted 402.';

create function private.settle_automatically()
returns trigger
language plpgsql
volatile
security definer -- budgets belong to the workspace
set search_path = ''
as $$
declare
  was_begun boolean := old.status = 'in_progress' or coalesce((to_jsonb(old) ->> 'attempts')::integer, 0) > 0;
  nothing bigint := case when new.status = 'failed' or (new.status = 'cancelled' and not was_begun) then 0 end;
begin
  perform private.settle_usage(new.workspace_id, tg_argv[0] || ':' || new.id, nothing, nothing);
  return null;
end;
$$;
comment on function private.settle_automatically() is
  'Trigger on rows that ended: settles the reservation at the reserved amount, or at nothing if it failed, or was '
  'cancelled before a worker had it. A settled reservation stays.';

create trigger reserve_automatically after insert on public.streams
  for each row execute function private.reserve_automatically('stream');
create trigger settle_automatically after update of status on public.streams
  for each row when (old.status = 'open' and new.status <> 'open')
  execute function private.settle_automatically('stream');
create trigger reserve_automatically after insert on public.background_queries
  for each row execute function private.reserve_automatically('query');
create trigger settle_automatically after update of status on public.background_queries
  for each row when (old.status in ('pending', 'in_progress') and new.status in ('done', 'failed', 'cancelled'))
  execute function private.settle_automatically('query');
