-- Claiming work: fair claims with a lease, and heartbeats that extend it.
--
-- Touches: private.claim_work, private.heartbeat_work, and what they share: the registry lookup, backoff, lease checks,
--          private.make_claim_function.
--          private.claim_work_as_agent: an agent's claim.
-- Beware:  all work tables share one grammar, so statements are built at run time (`execute format`): names come only
--          from the registry, values are parameters. Fair means that workspaces with due work come in random order and
--          get equal shares of a batch, whatever their backlog. Priorities count within a workspace.

create function private.work_queue(queue text)
returns private.work_queues
language plpgsql
stable
set search_path = ''
as $$
declare
  known private.work_queues;
begin
  select q.* into known from private.work_queues as q where q.name = work_queue.queue;
  if known.name is null then
    perform private.raise_error('unknown_queue', 'There is no such queue.', 404,
      'A queue has the name of its work table, e.g. dial_queue.');
  end if;
  return known;
end;
$$;
comment on function private.work_queue(text) is 'The registered queue of this name. Errors: unknown_queue 404.';

create function private.work_backoff(attempts integer)
returns interval
language sql
volatile
set search_path = ''
as $$
  select least(2 ^ least(attempts, 20), 3600) * (1 + random() / 2) * interval '1 second';
$$;
comment on function private.work_backoff(integer) is
  'The wait after the nth failed attempt: 2, 4, 8 … 3,600 seconds, plus up to half as jitter, so that work that failed '
  'together does not retry together.';

create function private.require_lease(lease interval)
returns void
language plpgsql
immutable
set search_path = ''
as $$
begin
  if lease is null or lease < interval '1 second' or lease > interval '1 day' then
    perform private.raise_error('invalid_lease', 'A lease is between 1 second and 1 day.', 422);
  end if;
end;
$$;
comment on function private.require_lease(interval) is
  'Refuses a lease that is too short or too long. Errors: invalid_lease 422.';

create function private.make_claim_function(queue private.work_queues)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  -- A worker gets the columns that the table adds to the grammar, and the trace to continue.
  own_columns text := (
    select string_agg(format('%L, claimed.%I', a.attname, a.attname), ', ' order by a.attnum)
    from pg_catalog.pg_attribute as a
    where a.attrelid = queue.work_table and a.attnum > 0 and not a.attisdropped
      and (a.attname = 'traceparent' or a.attname not in (
        select i.attname from pg_catalog.pg_attribute as i where i.attrelid = 'private.work_item'::regclass
      ))
  );
begin
  execute format($make$
create or replace function private.%1$I(worker text, token uuid, lease interval, batch integer, share integer,
  among uuid[], max_in_progress integer)
returns table (id bigint, workspace_id uuid, attempts smallint, max_attempts smallint, claim_token uuid,
  lease_expires_at timestamptz, work jsonb)
language plpgsql
volatile
set search_path = ''
-- The cached plan must not depend on how full the table was at the time: always use the indexes.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
-- Lanes that are awake are read in the order of their index, and not all of them by another and sorted.
set enable_sort = off
as $body$
#variable_conflict use_column
begin
  return query
  with awake as materialized (
    -- In order of wakes_at, so that the plan is always the index of lanes that are awake.
    select l.workspace_id from private.work_lanes as l
    where l.queue = %3$L and l.wakes_at <= now() order by l.wakes_at
  ), workspaces as materialized (
    select lane.workspace_id, least($5, $7 - held.n)::integer as share
    from (select distinct l.workspace_id from awake as l
      where $6 is null or l.workspace_id = any ($6)) as lane
    left join lateral (
      select count(*) as n from %2$s as job
      where $7 is not null and job.status = 'in_progress' and job.lease_expires_at > now()
        and job.workspace_id = lane.workspace_id
    ) as held on true
    order by random()
  ), picked as materialized (
    select due.*
    from workspaces
    cross join lateral (
      select job.*
      from (select l.* from private.work_lanes as l
            where l.queue = %3$L and l.workspace_id = workspaces.workspace_id and l.wakes_at <= now()
            order by l.priority) as lane
      cross join lateral (
        select ready.ctid as place, ready.id, ready.workspace_id, ready.priority, ready.scheduled_for from %2$s as ready
        where ready.status = 'pending' and ready.workspace_id = lane.workspace_id and ready.priority = lane.priority
          and (ready.scheduled_for, ready.id) > (lane.low_at, lane.low_id) and ready.scheduled_for <= now()
        order by ready.scheduled_for, ready.id
        limit workspaces.share
        for update skip locked
      ) as job
      limit workspaces.share
    ) as due
    where workspaces.share > 0
    limit $4
  ), moved as (
    -- At most twice a second, because an update leaves a dead row; and never past the last second, in which others may
    -- still commit.
    update private.work_lanes as lane set
      low_at = least(first.scheduled_for, now() - interval '1 second'),
      low_id = case when first.scheduled_for < now() - interval '1 second' then first.id - 1 else 0 end,
      moved_at = now()
    from (select distinct on (p.workspace_id, p.priority) p.* from picked as p
          order by p.workspace_id, p.priority, p.scheduled_for, p.id) as first
    cross join lateral (
      select l.ctid as place from private.work_lanes as l
      where l.queue = %3$L and l.workspace_id = first.workspace_id and l.priority = first.priority
        and l.moved_at < now() - interval '0.5 seconds'
      for update skip locked
    ) as held
    where lane.ctid = held.place
  )
  update %2$s as claimed set
    status = 'in_progress', attempts = claimed.attempts + 1, claimed_by = $1, claim_token = $2,
    lease_expires_at = now() + $3
  where claimed.ctid = any (array(select p.place from picked as p))
  returning claimed.id, claimed.workspace_id, claimed.attempts, claimed.max_attempts, claimed.claim_token,
    claimed.lease_expires_at,
    jsonb_build_object(%4$s);
end;
$body$;
  $make$, 'claim_' || queue.name, queue.work_table, queue.name, own_columns);
  execute format('comment on function private.%I(text, uuid, interval, integer, integer, uuid[], integer) is %L',
    'claim_' || queue.name,
    'One round of a claim of ' || queue.name ||
      ': at most `batch` rows, at most `share` of each workspace (of those in `among`, null: of all). Made by '
      'private.make_claim_function.');
end;
$$;
comment on function private.make_claim_function(private.work_queues) is
  'Makes private.claim_<queue>, whose plan Postgres caches: planning each time makes a claim of one item five times as '
  'slow. Call it again when the columns of the work table have changed.';

create function private.claim_work(
  queue text, worker text, batch integer default 1, lease interval default '30 seconds',
  only_workspace uuid default null
)
returns table (id bigint, workspace_id uuid, attempts smallint, max_attempts smallint, claim_token uuid,
  lease_expires_at timestamptz, work jsonb)
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
#variable_conflict use_column
declare
  known private.work_queues := private.work_queue(claim_work.queue);
  round text := format('select * from private.%I($1, $2, $3, $4, $5, $6, $7)', 'claim_' || known.name);
  token uuid := gen_random_uuid();
  wanted integer := batch;
  share integer;
  among uuid[];
  rest uuid[]; -- null means all: a lookup of each among thousands would cost more than the claim
  got integer;
begin
  perform private.require_lease(lease);
  if batch is null or batch not between 1 and 1000 then
    perform private.raise_error('invalid_batch', 'A batch is between 1 and 1,000.', 422);
  end if;
  if worker is null or length(worker) not between 1 and 200 then
    perform private.raise_error('invalid_worker', 'A worker names itself, with 1 to 200 characters.', 422);
  end if;
  if known.max_in_progress is not null then
    -- Without the lock, two concurrent claims would not count each other.
    perform pg_advisory_xact_lock(hashtextextended('groundwork work ' || known.name, 0));
  end if;
  if only_workspace is not null then
    rest := array[only_workspace];
  end if;
  among := array(select distinct lane.workspace_id from (
    select l.workspace_id from private.work_lanes as l
    where l.queue = known.name and l.wakes_at <= now() order by l.wakes_at offset 0) as lane
    where only_workspace is null or lane.workspace_id = only_workspace);
  while wanted > 0 and cardinality(among) > 0 loop
    share := ceil(wanted::numeric / cardinality(among));
    return query execute round using worker, token, lease, wanted, share, rest, known.max_in_progress;
    get diagnostics got = row_count;
    wanted := wanted - got;
    exit when wanted <= 0 or cardinality(among) = 1 or got = 0;
    -- A workspace that filled its share may take what the others left.
    execute format('select array(select job.workspace_id from %s as job where job.status = $1 and job.lease_expires_at '
      '= now() + $2
      and job.claim_token = $3 and job.workspace_id = any ($4) group by job.workspace_id having count(*) >= $5)',
        known.work_table)
    into among using 'in_progress', lease, token, among, share;
    rest := among;
  end loop;
end;
$$;
comment on function private.claim_work(text, text, integer, interval, uuid) is
  'Claims up to `batch` (1–1,000) items of due work (of only_workspace; null: of all) for `worker` (its name) until '
  'the lease (`lease`, 1 s – 1 day) ends. Workspaces with due work get equal shares, in random order; within a '
  'workspace the smaller priority goes first, then the earlier schedule. All claimed items share one claim_token, the '
  'fencing token of later calls. work: the columns that the queue''s table adds to the grammar. Errors: unknown_queue '
  '404, invalid_batch, invalid_worker, invalid_lease 422. Skips locked rows (SKIP LOCKED).';
grant execute on function private.claim_work(text, text, integer, interval, uuid) to service_role;

create function private.claim_work_as_agent(queue text, worker text, batch integer, lease interval, workspace uuid,
  agent uuid)
returns table (id bigint, workspace_id uuid, attempts smallint, max_attempts smallint, claim_token uuid,
  lease_expires_at timestamptz, work jsonb)
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
as $$
#variable_conflict use_column
declare
  known private.work_queues := private.work_queue(claim_work_as_agent.queue);
begin
  if not exists (
    select from pg_catalog.pg_attribute as a
    where a.attrelid = known.work_table and a.attname = 'agent_id' and not a.attisdropped
  ) then
    return query select claimed.* from private.claim_work(queue, worker, batch, lease, workspace) as claimed;
    return;
  end if;
  perform private.require_lease(lease);
  -- The lanes' low marks stay: rows before them would be lost for the others.
  return query execute format($claim$
    update %1$s as claimed set
      status = 'in_progress', attempts = claimed.attempts + 1, claimed_by = $1, claim_token = $2,
      lease_expires_at = now() + $3
    where claimed.ctid = any (array(
      select ready.ctid from %1$s as ready
      where ready.status = 'pending' and ready.workspace_id = $4 and ready.agent_id = $5
        and ready.scheduled_for <= now()
      order by ready.priority, ready.scheduled_for, ready.id
      limit $6
      for update skip locked
    ))
    returning claimed.id, claimed.workspace_id, claimed.attempts, claimed.max_attempts, claimed.claim_token,
      claimed.lease_expires_at, to_jsonb(claimed) - $7 || jsonb_build_object('traceparent', claimed.traceparent)
  $claim$, known.work_table)
  using worker, gen_random_uuid(), lease, workspace, agent, batch, array(
    select a.attname::text from pg_catalog.pg_attribute as a where a.attrelid = 'private.work_item'::regclass
  );
end;
$$;
comment on function private.claim_work_as_agent(text, text, integer, interval, uuid, uuid) is
  'As claim_work, for an agent and its workspace. Of a queue whose table has a column agent_id, an agent claims only '
  'its own items, by priority and schedule: what people ask one agent is not for another. Errors: those of claim_work.';
grant execute on function private.claim_work_as_agent(text, text, integer, interval, uuid, uuid) to service_role;

create function private.refuse_lost_lease(ids bigint[])
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform private.raise_error(
    'lease_lost', 'This work is not held under this claim: the lease ended, or it was cancelled.', 409,
    'Lost: ' || array_to_string(ids[1:100], ',')
  );
end;
$$;
comment on function private.refuse_lost_lease(bigint[]) is
  'Refuses a late worker: lease_lost 409, with the ids in the hint. The statement''s changes are rolled back.';

create function private.heartbeat_work(queue text, claim_token uuid, ids bigint[], lease interval default '30 seconds')
returns timestamptz
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
as $$
declare
  known private.work_queues := private.work_queue(heartbeat_work.queue);
  kept bigint[];
begin
  perform private.require_lease(lease);
  execute format(
    'with kept as (update %s set lease_expires_at = now() + $3 where id = any ($2) and claim_token = $1 and '
      'lease_expires_at is not null returning id)
     select array_agg(id) from kept', known.work_table
  ) into kept using claim_token, ids, lease;
  ids := array(select unnest(ids) except select unnest(kept));
  if cardinality(ids) > 0 then
    perform private.refuse_lost_lease(ids);
  end if;
  return now() + lease;
end;
$$;
comment on function private.heartbeat_work(text, uuid, bigint[], interval) is
  'Extends the lease of claimed work to `lease` (1 s – 1 day) from now. Returns the new end. All or nothing. Errors: '
  'unknown_queue 404, lease_lost 409 (the lost ids in the hint), invalid_lease 422.';
grant execute on function private.heartbeat_work(text, uuid, bigint[], interval) to service_role;
