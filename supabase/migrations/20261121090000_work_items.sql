-- Work: a queue grammar on tables. A row says what to do, which worker has it, and until when.
--
-- Touches: private.work_item (the columns, checks and indexes of every work table), private.work_queues (the registry
--          of work tables), private.work_lanes (where claims begin to read), the trigger that keeps the lanes.
-- Beware:  make a work table `like private.work_item including all` and register it with private.register_work_queue. A
--          worker holds a lease that ends, so no row stays stuck. A dead letter has the status `failed` and its cause
--          in last_error.
--
--                        claim                  complete
--     ┌────► pending ────────────► in_progress ──────────► done
--     │       │   ▲                  │  │  │
--     │       │   └── fail, snooze, ─┘  │  └─ fail, lease ended: attempts used up ──► failed ──┐
--     │       │       lease ended       │                                                      │
--     │       └───── cancel ────────────┴─────────────────────────────► cancelled ◄─ cancel ───┤
--     └──────────────────────────────── redrive ───────────────────────────────────────────────┘

create domain private.work_priority as smallint
  constraint priority_is_between_minus_100_and_100 check (coalesce(value between -100 and 100, true)
    or private.refuse('priority', 'priority_is_between_minus_100_and_100'));
comment on domain private.work_priority is 'Smaller values go first, within a workspace; the default is 0.';

create table private.work_item (
  id bigint generated always as identity primary key,
  workspace_id uuid not null,
  status text not null default 'pending',
  priority private.work_priority not null default 0,
  attempts smallint not null default 0,
  max_attempts smallint not null default 5,
  scheduled_for timestamptz not null default now(),
  lease_expires_at timestamptz,
  claim_token uuid,
  claimed_by text constraint claimed_by_has_1_to_200_characters check (length(claimed_by) between 1 and 200),
  dedupe_key text constraint dedupe_key_has_1_to_200_characters check (length(dedupe_key) between 1 and 200),
  last_error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  traceparent private.traceparent default private.current_traceparent(),
  constraint status_is_known check (status in ('pending', 'in_progress', 'done', 'failed', 'cancelled')),
  constraint lease_belongs_to_claimed_work check ((status = 'in_progress') = (lease_expires_at is not null)),
  constraint claimed_work_names_its_claim check (status <> 'in_progress'
    or (claim_token is not null and claimed_by is not null)),
  constraint finished_work_has_a_time check ((status in ('done', 'failed', 'cancelled')) = (finished_at is not null)),
  constraint pending_work_has_an_attempt_left check (status <> 'pending' or attempts < max_attempts),
  constraint failed_work_says_why check (status <> 'failed' or last_error is not null),
  constraint attempts_are_bounded check (attempts >= 0 and attempts <= max_attempts
    and max_attempts between 1 and 100),
  constraint last_error_is_short check (length(last_error) <= 2000)
);
comment on table private.work_item is
  'The template of every work table: the columns, checks and indexes of the work grammar. Holds no rows.';
comment on column private.work_item.priority is 'Smaller values go first, within a workspace.';
comment on column private.work_item.scheduled_for is 'Work is not claimed before this time. A retry sets it again.';
comment on column private.work_item.attempts is 'How often it was claimed; snoozed claims do not count.';
comment on column private.work_item.lease_expires_at is
  'The end of the lease. Until then the holder of claim_token owns the work; afterwards it returns to the queue.';
comment on column private.work_item.claim_token is
  'The fencing token of the latest claim. Finished work keeps it, so that a repeated answer is recognized.';
comment on column private.work_item.dedupe_key is 'Unique among the open (pending or in progress) rows of a workspace.';
comment on column private.work_item.last_error is
  'The cause of the latest failed attempt; for failed work, the final cause.';
comment on column private.work_item.traceparent is
  'The trace (W3C) of the request that added it; the worker continues it.';
-- The claimable rows. Claims read from a lane's low-water mark on, so that dead entries before it cost nothing.
create index work_item_ready on private.work_item (workspace_id, priority, scheduled_for, id) where status = 'pending';
create index work_item_leases on private.work_item (lease_expires_at, workspace_id) where status = 'in_progress';
create unique index work_item_dedupe on private.work_item (workspace_id, dedupe_key)
  where dedupe_key is not null and status in ('pending', 'in_progress');
create index work_item_dead_letters on private.work_item (workspace_id, finished_at) where status = 'failed';

create table private.work_queues (
  name text primary key,
  work_table regclass not null unique,
  kind text not null,
  max_in_progress integer,
  outcome_columns text[] not null default '{}',
  constraint name_is_a_table_name check (name ~ '^[a-z][a-z0-9_]{0,50}$'),
  constraint kind_is_a_table_name check (kind ~ '^[a-z][a-z0-9_]{0,50}$'),
  constraint max_in_progress_is_positive check (max_in_progress > 0)
);
comment on table private.work_queues is 'Every work table. The table''s name is the queue''s name.';
comment on column private.work_queues.kind is
  'The queue of the template: dial_queue for pn_dial_queue. For a queue that was not stamped, its own name.';
comment on column private.work_queues.max_in_progress is
  'How many items of one workspace may be in progress at once; null: unlimited.';
comment on column private.work_queues.outcome_columns is 'The columns that complete_work may set.';

create table private.work_lanes (
  queue text not null references private.work_queues (name) on delete cascade,
  workspace_id uuid not null,
  priority smallint not null,
  low_at timestamptz not null default '-infinity',
  low_id bigint not null default 0,
  moved_at timestamptz not null default now(),
  wakes_at timestamptz not null default '-infinity',
  checked_at timestamptz not null default 'infinity',
  primary key (queue, workspace_id, priority)
) with (fillfactor = 50);
-- Claims read the lanes that are awake: what idle workspaces have costs a claim nothing.
create index work_lanes_awake on private.work_lanes (queue, wakes_at, workspace_id);
create index work_lanes_checked_at on private.work_lanes (queue, checked_at) where checked_at < 'infinity';
comment on table private.work_lanes is
  'The low-water mark from which claims read a workspace''s work of one priority: nothing at or before (low_at, '
  'low_id) was pending when it was set. Only a hint: it trails by a second, and a job checks behind it every ten '
  'seconds.';
comment on column private.work_lanes.wakes_at is
  'Claims leave the lane alone before this time. The job sets it for a lane that was quiet for a minute: to its first '
  'scheduled work, or to infinity when it has none. New work that is due earlier wakes it.';
comment on column private.work_lanes.checked_at is
  'When the job looks again into a lane that sleeps until its later work: after as long as the lane had been quiet, so '
  'that it finds what was committed late, and an old lane costs it next to nothing.';

create function private.open_work_lane(queue text, workspace_id uuid, priority smallint, first_at timestamptz)
returns void
language plpgsql
volatile
security definer -- no writer of work has grants on the lanes
set search_path = ''
as $$
declare
  known record;
begin
  -- Read first: an upsert of an existing lane would lock it, and all writers of a workspace would wait for each other.
  select lane.low_at, lane.wakes_at into known from private.work_lanes as lane
  where lane.queue = $1 and lane.workspace_id = $2 and lane.priority = $3;
  if not found then
    insert into private.work_lanes (queue, workspace_id, priority) values ($1, $2, $3) on conflict do nothing;
  elsif known.low_at >= first_at or known.wakes_at > first_at then
    update private.work_lanes as lane set
      low_id = case when lane.low_at >= first_at then 0 else lane.low_id end,
      low_at = least(lane.low_at, first_at - interval '1 microsecond'),
      wakes_at = least(lane.wakes_at, first_at),
      moved_at = case when lane.wakes_at > now() and first_at <= now() then now() else lane.moved_at end
    where lane.queue = $1 and lane.workspace_id = $2 and lane.priority = $3;
    if not found then -- removed meanwhile, having been empty for an hour
      insert into private.work_lanes (queue, workspace_id, priority) values ($1, $2, $3) on conflict do nothing;
    end if;
  end if;
end;
$$;
comment on function private.open_work_lane(text, uuid, smallint, timestamptz) is
  'Makes work that is scheduled for first_at visible to claims: creates its lane, or moves the lane''s low-water mark '
  'back before it and wakes the lane.';

create function private.keep_work_lanes()
returns trigger
language plpgsql
volatile
security definer -- no writer of work has grants on the lanes
set search_path = ''
as $$
begin
  if tg_level = 'ROW' then
    perform private.open_work_lane(tg_table_name, new.workspace_id, new.priority, new.scheduled_for);
  else
    perform private.open_work_lane(tg_table_name, lane.workspace_id, lane.priority, lane.first_at)
    from (
      select n.workspace_id, n.priority, min(n.scheduled_for) as first_at
      from new_rows as n where n.status = 'pending' group by n.workspace_id, n.priority
      order by n.workspace_id, n.priority
    ) as lane;
  end if;
  return null;
end;
$$;
comment on function private.keep_work_lanes() is
  'Trigger of every work table, for new work and for work that returns to the queue: opens its lanes.';

create function private.register_work_queue(work_table regclass, max_in_progress integer default null,
  outcome_columns text[] default '{}', kind text default null)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.work_queues;
begin
  insert into private.work_queues (name, work_table, kind, max_in_progress, outcome_columns)
  select c.relname, $1, coalesce($4, c.relname), $2, $3 from pg_catalog.pg_class as c where c.oid = work_table
  returning * into known;
  perform private.make_claim_function(known);
  execute format(
    'create trigger keep_work_lanes_of_new after insert on %s referencing new table as new_rows for each statement '
      'execute function private.keep_work_lanes()',
    work_table
  );
  execute format(
    'create trigger keep_work_lanes_of_changed after update of status, priority, scheduled_for on %s for each row when '
      '(new.status = %L) execute function private.keep_work_lanes()',
    work_table, 'pending'
  );
end;
$$;
comment on function private.register_work_queue(regclass, integer, text[], text) is
  'Registers a table that is like private.work_item as a queue with the table''s name. max_in_progress: per workspace, '
  'null for unlimited; outcome_columns: what complete_work may set; kind: the template''s queue, for a stamped table. '
  'Once per table.';
