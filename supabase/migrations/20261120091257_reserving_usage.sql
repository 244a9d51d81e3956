-- Reserving usage: what the service and agents call before and after a model call.
--
-- Touches: reserve_usage, settle_usage; private.spender says for whom.
-- Beware:  all of them are in plpgsql, which keeps plans: a function in SQL with a search_path is planned at each call.

create function private.spender(
  in_workspace uuid, for_user uuid, for_agent uuid, for_request text,
  out user_id uuid, out agent_id uuid, out request_id text
)
language plpgsql
stable
security definer -- reads the rights of agents
set search_path = ''
as $$
declare
  is_service boolean := private.is_service();
  rights record;
begin
  if not is_service then
    select r.agent_id, r.workspace_id, r.user_id into rights from private.agent_rights('usage:write') as r;
    if rights.agent_id is null or rights.workspace_id is distinct from in_workspace
      or rights.user_id is distinct from coalesce(for_user, rights.user_id)
      or rights.agent_id is distinct from coalesce(for_agent, rights.agent_id)
    then
      perform private.raise_error('forbidden', 'Only the service and an agent, for itself, say what is used.', 403);
    end if;
  end if;
  if coalesce(length(for_request), 0) not between 1 and 150 then
    perform private.raise_error('invalid_body', 'request_id: has 1 to 150 characters', 400, 'request_id');
  end if;
  user_id := for_user; agent_id := for_agent; request_id := for_request;
  if not is_service then
    user_id := rights.user_id; agent_id := rights.agent_id;
    -- An agent has its own request ids: they never collide with the service's.
    request_id := format('agent:%s:%s', rights.agent_id, for_request);
  end if;
end;
$$;
comment on function private.spender(uuid, uuid, uuid, text) is
  'Who spends: the service names the spender; an agent (usage:write) spends for itself and its person, under its own '
  'request ids. Errors: forbidden 403, invalid_body 400.';

create function private.reserve_for_caller(
  in_workspace uuid, for_request text, for_user uuid, for_agent uuid, tokens bigint, amount_minor bigint,
    in_currency text, lease interval
)
returns boolean
language plpgsql -- its plans are kept: a function in SQL is planned at each call
volatile
security definer -- no caller may write pools or slots
set search_path = ''
as $$
declare
  caller record := private.spender(in_workspace, for_user, for_agent, for_request);
begin
  -- No budget has another one: nothing would be reserved.
  if in_currency !~ '^[A-Z]{3}$' then
    perform private.raise_error('invalid_body', 'currency: three capital letters (ISO 4217)', 400, 'currency');
  end if;
  return private.reserve_usage(in_workspace, caller.user_id, caller.agent_id, caller.request_id, tokens, amount_minor,
    in_currency, lease);
end;
$$;
comment on function private.reserve_for_caller(uuid, text, uuid, uuid, bigint, bigint, text, interval) is
  'The body of public.reserve_usage.';

create function private.settle_for_caller(in_workspace uuid, for_request text, tokens bigint, amount_minor bigint)
returns boolean
language plpgsql -- as above
volatile
security definer -- no caller may write pools or slots
set search_path = ''
as $$
declare
  caller record := private.spender(in_workspace, null, null, for_request);
begin
  return private.settle_usage(in_workspace, caller.request_id, tokens, amount_minor);
end;
$$;
comment on function private.settle_for_caller(uuid, text, bigint, bigint) is 'The body of public.settle_usage.';

create function public.reserve_usage(
  workspace_id uuid, request_id text, user_id uuid default null, agent_id uuid default null, tokens bigint default null,
  amount_minor bigint default null, currency text default 'USD', lease_seconds integer default 600
)
returns boolean
language plpgsql -- as above
volatile
security invoker
set search_path = ''
as $$
begin
  return private.reserve_for_caller($1, $2, $3, $4, $5, $6, $7,
    make_interval(secs => private.require_count($8, 600, 86400, 'lease_seconds')));
end;
$$;
comment on function public.reserve_usage(uuid, text, uuid, uuid, bigint, bigint, text, integer) is
  'Call it before a model call. It reserves the expected use in every budget that applies (of the workspace, the '
  'person, the agent, both). tokens, amount_minor: by default, each budget''s per_call. currency: ISO 4217. The '
  'reservation expires after lease_seconds (1 to 86,400). Returns false where no budget applies, or when this request '
  'already reserved. For the service, and for agents with usage:write (for themselves and their person). request_id: 1 '
  'to 150 characters. Errors: forbidden 403, invalid_body 400 with the field, budget_exhausted 402 with what is left '
  'and when it renews.';
create function public.settle_usage(workspace_id uuid, request_id text, tokens bigint default null,
  amount_minor bigint default null)
returns boolean
language plpgsql -- as above
volatile
security invoker
set search_path = ''
as $$
begin
  return private.settle_for_caller($1, $2, $3, $4);
end;
$$;
comment on function public.settle_usage(uuid, text, bigint, bigint) is
  'Call it after the model call, with the actual use, which may differ from the reservation; by default it is the '
  'reserved amount. Idempotent: the second call returns false. For the service, and for agents with usage:write. '
  'Errors: forbidden 403, invalid_body 400 with the field.';
grant execute on function
  public.reserve_usage(uuid, text, uuid, uuid, bigint, bigint, text, integer),
  private.reserve_for_caller(uuid, text, uuid, uuid, bigint, bigint, text, interval),
  public.settle_usage(uuid, text, bigint, bigint), private.settle_for_caller(uuid, text, bigint, bigint)
to authenticated, service_role;
