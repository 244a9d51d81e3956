-- Sessions: what the edge function `sessions` needs of the database. A session lives in the scratchpad. The audit log
-- keeps what must outlive it (opened, each turn, closed), and a lost session is found again there.
--
-- Touches: private.open_session, private.find_session, private.close_session, private.session_turns (reservations),
--          private.begin_session_turn, private.record_turn.
-- Beware:  only the functions' own connection calls these, after verifying the caller.

create function private.open_session(for_user uuid, for_agent uuid, session_id uuid, request_id text default null,
  by_service boolean default false)
returns table (
  allowed boolean, reason text, workspace_id uuid, endpoint_url text, in_cluster boolean, k8s_namespace text,
  revision bigint, session uuid
)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
declare
  access record;
  agent public.agents;
  entry record;
begin
  select * into access from private.access_of(for_user, for_agent);
  revision := coalesce((select known.revision from private.permission_revisions as known
    where known.user_id = for_user), 0);
  allowed := access.allowed;
  reason := access.reason;
  if not access.allowed then
    return next;
    return;
  end if;
  select * into agent from public.agents as known where known.id = for_agent;
  workspace_id := agent.workspace_id;
  perform private.require_budget(agent.workspace_id, for_user, for_agent);
  endpoint_url := agent.endpoint_url;
  in_cluster := agent.endpoint_url like 'http://%';
  k8s_namespace := (select workspace.k8s_namespace from public.workspaces as workspace
    where workspace.id = agent.workspace_id);
  select * into entry from private.append_audit_entry(
    agent.workspace_id, for_user, 'session.opened', 'session', open_session.session_id::text, for_agent, '{}',
    open_session.request_id,
    case when not by_service then for_user end, jsonb_build_array('session.opened', for_user, for_agent)
  );
  -- A repeated request returns the first one's session.
  session := case when entry.is_new then open_session.session_id else (
    select known.subject_id::uuid from public.audit_log as known
    where known.workspace_id = agent.workspace_id and known.id = entry.id and known.action = 'session.opened'
      and known.actor_id = for_user and known.agent_id = for_agent
  ) end;
  if session is null then
    perform private.raise_error('request_id_reused', 'This request id belongs to another request.', 409,
      'Use a fresh request id for each request.');
  end if;
  return next;
end;
$$;
comment on function private.open_session(uuid, uuid, uuid, text, boolean) is
  'Decides whether the person may open the agent now and, if so, writes session.opened. Returns the session''s id; for '
  'a request id that was seen within a day, the first session''s. Errors: request_id_reused 409.';

create function private.find_session(session_id uuid)
returns table (user_id uuid, agent_id uuid, workspace_id uuid, opened_at timestamptz, closed_at timestamptz)
language sql
stable
rows 1
set search_path = ''
as $$
  select opened.actor_id, opened.agent_id, opened.workspace_id, opened.occurred_at,
    (select min(closed.occurred_at) from public.audit_log as closed
     where closed.subject_id = find_session.session_id::text and closed.action = 'session.closed'
       and closed.workspace_id = opened.workspace_id)
  from public.audit_log as opened
  where opened.subject_id = find_session.session_id::text and opened.action = 'session.opened'
  order by opened.id
  limit 1;
$$;
comment on function private.find_session(uuid) is 'A session as the audit log knows it; no row if it never existed.';

create function private.close_session(session_id uuid, for_user uuid, request_id text default null,
  by_service boolean default false)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  known record;
  entry record;
begin
  select * into known from private.find_session(close_session.session_id);
  if known.user_id is distinct from for_user or known.user_id is null then
    perform private.raise_error('not_found', 'No such session.', 404);
  end if;
  if known.closed_at is not null then
    return false;
  end if;
  select * into entry from private.append_audit_entry(
    known.workspace_id, for_user, 'session.closed', 'session', close_session.session_id::text, known.agent_id, '{}',
    close_session.request_id,
    case when not by_service then for_user end
  );
  -- Not new, and not a concurrent duplicate of this close: the request id belongs to another request.
  if not entry.is_new and not exists (
    select from public.audit_log as closed
    where closed.workspace_id = known.workspace_id and closed.id = entry.id and closed.action = 'session.closed'
      and closed.subject_id = close_session.session_id::text
  ) then
    perform private.raise_error('request_id_reused', 'This request id belongs to another request.', 409,
      'Use a fresh request id for each request.');
  end if;
  return entry.is_new;
end;
$$;
comment on function private.close_session(uuid, uuid, text, boolean) is
  'Writes session.closed; false when it was closed before. Errors: not_found 404 (also for another person''s session), '
  'request_id_reused 409.';

create function private.charge_turn(in_workspace uuid, for_user uuid, for_agent uuid, request_id text, usage jsonb)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  tokens bigint := (select coalesce(sum(ceil(u.quantity)), 0)
    from jsonb_to_recordset($5) as u (kind text, quantity numeric) where u.kind = 'tokens');
  paid record;
begin
  -- A reservation has one currency: costs in other currencies are charged separately.
  for paid in
    select coalesce(u.currency, 'USD') as currency, sum(coalesce(u.amount_minor, 0))::bigint as amount,
      row_number() over (order by count(*) desc, 1) as place
    from jsonb_to_recordset($5) as u (amount_minor bigint, currency text) group by 1
    union all select 'USD', 0, 1 where jsonb_array_length($5) = 0
    order by 3
  loop
    perform private.charge_usage(in_workspace, for_user, for_agent,
      case paid.place when 1 then $4 else $4 || ' ' || paid.currency end,
      case paid.place when 1 then tokens else 0 end, paid.amount, paid.currency);
  end loop;
end;
$$;
comment on function private.charge_turn(uuid, uuid, uuid, text, jsonb) is
  'Charges the use of a turn to its budgets: settles the reservation of its request id, or charges without one. usage: '
  'as in record_turn.';

create table private.session_turns (
  session_id uuid primary key,
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  request_id private.short_text not null,
  began_at timestamptz not null default now()
);
comment on table private.session_turns is
  'The reservation of each session''s current turn. The service settles it by recording the turn; otherwise it '
  'expires.';
create index session_turns_workspace on private.session_turns (workspace_id);

create function private.begin_session_turn(session_id uuid, in_workspace uuid, for_user uuid, for_agent uuid)
returns boolean
language plpgsql
volatile
set search_path = ''
as $$
declare
  request text := 'session:' || gen_random_uuid();
begin
  if not exists (select from public.budgets as b where b.workspace_id = in_workspace) then
    return false;
  end if;
  if exists (
    select from private.session_turns as t
    join private.usage_reservations as r on r.workspace_id = t.workspace_id and r.request_id = t.request_id
    where t.session_id = $1 and not r.is_settled and not r.is_released and r.expires_at > now()
  ) then
    return true;
  end if;
  perform private.reserve_usage(in_workspace, for_user, for_agent, request, null, null, null, interval '10 minutes');
  insert into private.session_turns (session_id, workspace_id, request_id) values ($1, in_workspace, request)
  on conflict on constraint session_turns_pkey do update set request_id = excluded.request_id, began_at = now();
  return true;
end;
$$;
comment on function private.begin_session_turn(uuid, uuid, uuid, uuid) is
  'Called before a person''s message goes to their agent: reserves each budget''s per_call for the turn, unless the '
  'session has an unrecorded turn. False: the workspace has no budget. Errors: budget_exhausted 402.';

create function private.record_turn(
  session_id uuid, for_user uuid, for_agent uuid, request_id text, usage jsonb default '[]', detail jsonb default '{}',
  by_service boolean default false
)
returns table (audit_id bigint, is_new boolean)
language plpgsql
volatile
rows 1
set search_path = ''
as $$
declare
  in_workspace uuid := (select agent.workspace_id from public.agents as agent where agent.id = for_agent);
  by_person uuid := case when not by_service then for_user end;
  used record;
begin
  if record_turn.request_id is null then
    perform private.raise_error('invalid_body', 'A turn needs a request id.', 400, 'request_id');
  end if;
  if in_workspace is null then
    perform private.raise_error('not_found', 'No such agent.', 404);
  end if;
  select written.id, written.is_new into audit_id, is_new
  from private.append_audit_entry(
    in_workspace, for_user, 'session.turn', 'session', record_turn.session_id::text, for_agent, record_turn.detail,
      record_turn.request_id,
    by_person, jsonb_build_array('session.turn', record_turn.session_id, record_turn.usage, record_turn.detail)
  ) as written;
  if is_new then
    for used in select *
    from jsonb_to_recordset(record_turn.usage) as u (kind text, quantity numeric, unit text, amount_minor bigint,
      currency text) loop
      perform private.record_usage(
        by_person, in_workspace, used.kind, used.quantity, used.unit, coalesce(used.amount_minor, 0),
        coalesce(used.currency, 'USD'),
        for_agent, for_user, record_turn.request_id
      );
    end loop;
    -- A person's own report of usage must not reduce a budget that they share with colleagues.
    if by_service and exists (select from public.budgets as b where b.workspace_id = in_workspace) then
      -- Release the session's reservation first: the actual use replaces it.
      perform private.settle_usage(t.workspace_id, t.request_id, 0, 0) from private.session_turns as t
      where t.session_id = $1;
      delete from private.session_turns as t where t.session_id = $1;
      perform private.charge_turn(in_workspace, for_user, for_agent, record_turn.request_id, record_turn.usage);
    end if;
  elsif not exists (
    select from public.audit_log as known
    where known.workspace_id = in_workspace and known.id = audit_id and known.action = 'session.turn'
      and known.subject_id = record_turn.session_id::text and known.actor_id = for_user
  ) then
    perform private.raise_error('request_id_reused', 'This request id belongs to another request.', 409,
      'Use a fresh request id for each turn.');
  end if;
  return next;
end;
$$;
comment on function private.record_turn(uuid, uuid, uuid, text, jsonb, jsonb, boolean) is
  'Records the end of a turn: its audit entry and its billing events, in one transaction, exactly once per request id '
  'of the person, or of the service (by_service), within a day. usage: [{kind, quantity, unit, amount_minor?, '
  'currency?}]. A turn is recorded even if the permission has ended since: the turn took place. Errors: invalid_body '
  '400, not_found 404, request_id_reused 409.';
