-- Work from outside: enqueue, health, and the grammar for the Data API and the function `work`.
--
-- Touches: private.enqueue_work (adds work), private.work_health_rows and the view public.work_health (state of the
--          queues), nine functions in public for the service, and redrive_workspace_work for a workspace's admins.
-- Beware:  people add work by inserting into a table that grants it, under its policies. enqueue_work bypasses the
--          policies and is for the service. Only the service acts as a worker: a person's token never claims work.

create function private.enqueue_work(queue text, items jsonb)
returns table (id bigint, is_new boolean)
language plpgsql
volatile
security definer -- for the service, which has no grants on tables, lanes and registry
set search_path = ''
as $$
#variable_conflict use_column
declare
  known private.work_queues := private.work_queue(enqueue_work.queue);
  kept_back text[] := array['id', 'status', 'attempts', 'lease_expires_at', 'claim_token', 'claimed_by', 'last_error',
    'created_at', 'finished_at'];
  strange text[];
  shape text[];
  own_ids bigint[];
  found_ids bigint[];
begin
  if jsonb_typeof(items) is distinct from 'array' or jsonb_array_length(items) > 1000
    or exists (select from jsonb_array_elements(items) as one where jsonb_typeof(one) <> 'object') then
    perform private.raise_error('invalid_items', 'Items are an array of at most 1,000 objects.', 422);
  end if;
  strange := array(
    select distinct name from jsonb_array_elements(items) as one cross join lateral jsonb_object_keys(one) as name
    where name = any (kept_back) or not exists (
      select from pg_catalog.pg_attribute as a
      where a.attrelid = known.work_table and a.attname = name and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '')
    order by name
  );
  if cardinality(strange) > 0 then
    perform private.raise_error('unknown_column', 'Items name what cannot be set.', 422,
      array_to_string(strange, ', '));
  end if;
  own_ids := array(
    select nextval(pg_get_serial_sequence(known.work_table::text, 'id'))
    from generate_series(1, jsonb_array_length(items))
  );
  found_ids := array_fill(null::bigint, array[cardinality(own_ids)]);
  for round in 1..10 loop
    exit when array_position(found_ids, null::bigint) is null;
    -- One statement for all items with the same columns: the other columns get their defaults.
    for shape in
      select array(select name from jsonb_object_keys(item.one) as name order by name) as names
      from jsonb_array_elements(items) with ordinality as item (one, place) group by names order by min(item.place)
    loop
      execute format($insert$
        insert into %1$s (%2$s) overriding system value
        select %3$s
        from jsonb_array_elements($1) with ordinality as item (one, place)
        cross join lateral jsonb_populate_record(null::%1$s, item.one) as given
        where ($3)[item.place] is null
          and array(select name from jsonb_object_keys(item.one) as name order by name) = $4
        order by item.place
        on conflict (workspace_id, dedupe_key)
        where dedupe_key is not null and status in ('pending', 'in_progress') do nothing
      $insert$, known.work_table,
        (select string_agg(quote_ident(name), ', ') from unnest(array_prepend('id', shape)) as name),
        (select string_agg(coalesce('given.' || quote_ident(name), '($2)[item.place]'), ', ')
          from unnest(array_prepend(null, shape)) as name)
      ) using items, own_ids, found_ids, shape;
    end loop;
    -- Open work with the key may have finished in between; then neither it nor ours is found. Try again.
    execute format($find$
      select array_agg(coalesce(($3)[item.place], made.id, (
        select job.id from %1$s as job
        where job.workspace_id = (item.one ->> 'workspace_id')::uuid and job.dedupe_key = item.one ->> 'dedupe_key'
          and job.status in ('pending', 'in_progress')
      )) order by item.place)
      from jsonb_array_elements($1) with ordinality as item (one, place) left
      join %1$s as made on made.id = ($2)[item.place]
    $find$, known.work_table) into found_ids using items, own_ids, found_ids;
  end loop;
  return query
    select given.found_id, coalesce(given.found_id = given.own_id, false)
    from unnest(found_ids, own_ids) with ordinality as given (found_id, own_id, place) order by given.place;
end;
$$;
comment on function private.enqueue_work(text, jsonb) is
  'Adds work, at most 1,000 items: objects with the columns of the queue''s table (workspace_id; optionally priority, '
  'scheduled_for, max_attempts, dedupe_key). If open work has the same dedupe key, the answer is its id, with is_new '
  'false. All or nothing. Errors: unknown_queue 404, invalid_items, unknown_column 422, and those of the table''s '
  'checks.';
grant execute on function private.enqueue_work(text, jsonb) to service_role;

create function private.work_health_rows()
returns table (
  queue text, pending bigint, due bigint, in_progress bigint, lease_ended bigint, failed bigint,
  oldest_due_seconds double precision, last_failure text
)
language plpgsql
stable
security definer -- reads all tenants, so only the service has execute
set search_path = ''
as $$
#variable_conflict use_column
declare
  known private.work_queues;
begin
  for known in select q.* from private.work_queues as q join pg_catalog.pg_class as c on c.oid = q.work_table
  order by q.name loop
    return query execute format($health$
      select %2$L::text, waiting.n, waiting.due, held.n, held.ended, dead.n, waiting.oldest,
        (select last_error from %1$s where status = 'failed' order by finished_at desc limit 1)
      from (select count(*) as n, count(*) filter (where scheduled_for <= now()) as due,
              coalesce(extract(epoch from now() - min(scheduled_for) filter (where scheduled_for <= now())),
                0)::double precision as oldest
            from %1$s where status = 'pending') as waiting,
           (select count(*) as n, count(*) filter (where lease_expires_at <= now()) as ended from %1$s
             where status = 'in_progress') as held,
           (select count(*) as n from %1$s where status = 'failed') as dead
    $health$, known.work_table, known.name);
  end loop;
  return query
    select 'function_calls', count(*) filter (where c.status = 'retrying'),
      count(*) filter (where c.status = 'retrying' and c.next_attempt_at <= now()),
      count(*) filter (where c.status = 'sent'), count(*) filter (where c.status = 'sent' and c.deadline <= now()),
      count(*) filter (where c.status in ('failed', 'lost')),
      coalesce(extract(epoch from now() - min(c.next_attempt_at) filter (where c.next_attempt_at <= now())),
        0)::double precision,
      (select f.last_error from private.function_calls as f where f.status in ('failed', 'lost')
        order by f.finished_at desc limit 1)
    from private.function_calls as c;
end;
$$;
comment on function private.work_health_rows() is
  'The state of each queue, and of the ledger of function calls: pending, how many of these are due, in progress, how '
  'many of these have an expired lease, failed (dead letters); the age of the oldest due work in seconds; the latest '
  'failure''s cause.';

create view public.work_health with (security_invoker = true) as select * from private.work_health_rows();
comment on view public.work_health is 'The state of each queue: see private.work_health_rows. For the service.';
grant select on public.work_health to service_role;
grant execute on function private.work_health_rows() to service_role;

-- The work grammar for the service ------------------------------------------------------------------------------------

create function public.enqueue_work(queue text, items jsonb)
returns table (id bigint, is_new boolean)
language sql volatile security invoker set search_path = ''
as $$ select * from private.enqueue_work($1, $2); $$;

create function public.claim_work(queue text, worker text, batch integer default 1, lease interval default '30 seconds')
returns table (id bigint, workspace_id uuid, attempts smallint, max_attempts smallint, claim_token uuid,
  lease_expires_at timestamptz, work jsonb)
language sql volatile security invoker set search_path = ''
as $$ select * from private.claim_work($1, $2, $3, $4); $$;

create function public.heartbeat_work(queue text, claim_token uuid, ids bigint[], lease interval default '30 seconds')
returns timestamptz
language sql volatile security invoker set search_path = ''
as $$ select private.heartbeat_work($1, $2, $3, $4); $$;

create function public.complete_work(queue text, claim_token uuid, ids bigint[], outcome jsonb default '{}')
returns integer
language sql volatile security invoker set search_path = ''
as $$ select private.complete_work($1, $2, $3, $4); $$;

create function public.fail_work(queue text, claim_token uuid, ids bigint[], error text, retry_in interval default null,
  retry boolean default true)
returns integer
language sql volatile security invoker set search_path = ''
as $$ select private.fail_work($1, $2, $3, $4, $5, $6); $$;

create function public.snooze_work(queue text, claim_token uuid, ids bigint[], until timestamptz,
  reason text default null)
returns integer
language sql volatile security invoker set search_path = ''
as $$ select private.snooze_work($1, $2, $3, $4, $5); $$;

create function public.cancel_work(queue text, ids bigint[], reason text default null)
returns integer
language sql volatile security invoker set search_path = ''
as $$ select private.cancel_work($1, $2, $3); $$;

create function public.redrive_work(queue text, ids bigint[] default null, most integer default 1000)
returns integer
language sql volatile security invoker set search_path = ''
as $$ select private.redrive_work($1, $2, private.require_count($3, 1000, 100000, 'most')); $$;

comment on function public.enqueue_work(text, jsonb) is
  'Adds work, at most 1,000 items: objects with the columns of the queue''s table (workspace_id; optionally priority, '
  'scheduled_for, max_attempts, dedupe_key). If open work has the same dedupe key, the answer is its id, with is_new '
  'false. All or nothing. Errors: unknown_queue 404, invalid_items, unknown_column 422, and those of the table''s '
  'checks.';
grant execute on function public.enqueue_work(text, jsonb) to service_role;
comment on function public.claim_work(text, text, integer, interval) is
  'Claims up to `batch` (1–1,000) items of due work for `worker` (its name) until the lease (`lease`, 1 s – 1 day) '
  'ends. Workspaces with due work get equal shares, in random order; within a workspace the smaller priority goes '
  'first, then the earlier schedule. All claimed items share one claim_token, the fencing token of later calls. work: '
  'the columns that the queue''s table adds to the grammar. Errors: unknown_queue 404, invalid_batch, invalid_worker, '
  'invalid_lease 422. Skips locked rows (SKIP LOCKED).';
grant execute on function public.claim_work(text, text, integer, interval) to service_role;
comment on function public.heartbeat_work(text, uuid, bigint[], interval) is
  'Extends the lease of claimed work to `lease` (1 s – 1 day) from now. Returns the new end. All or nothing. Errors: '
  'unknown_queue 404, lease_lost 409 (the lost ids in the hint), invalid_lease 422.';
grant execute on function public.heartbeat_work(text, uuid, bigint[], interval) to service_role;
comment on function public.complete_work(text, uuid, bigint[], jsonb) is
  'Marks claimed work as done. outcome: outcome columns of the queue to set, the same for all ids. Idempotent. Returns '
  'how many items this call completed. All or nothing. Errors: unknown_queue 404, lease_lost 409 (the lost ids in the '
  'hint), unknown_outcome 422.';
grant execute on function public.complete_work(text, uuid, bigint[], jsonb) to service_role;
comment on function public.fail_work(text, uuid, bigint[], text, interval, boolean) is
  'Records that an attempt failed, and the cause (the first 2,000 characters). Work is retried after retry_in; by '
  'default after 2, 4, 8 … 3,600 s plus up to half as jitter. After the last attempt, or with retry false, it becomes '
  'a dead letter (failed). Returns how many were changed. All or nothing. Errors: unknown_queue 404, lease_lost 409.';
grant execute on function public.fail_work(text, uuid, bigint[], text, interval, boolean) to service_role;
comment on function public.snooze_work(text, uuid, bigint[], timestamptz, text) is
  'Returns claimed work to the queue until a given time; the attempt does not count. Returns how many were returned. '
  'All or nothing. Errors: unknown_queue 404, lease_lost 409.';
grant execute on function public.snooze_work(text, uuid, bigint[], timestamptz, text) to service_role;
comment on function public.cancel_work(text, bigint[], text) is
  'Cancels open work, and dead letters. A worker that holds a cancelled item is refused when it answers. Returns how '
  'many were cancelled. Errors: unknown_queue 404.';
grant execute on function public.cancel_work(text, bigint[], text) to service_role;
comment on function public.redrive_work(text, bigint[], integer) is
  'Redrives dead letters (by ids also cancelled work) with all their attempts, at most `most` (1–100,000). Items whose '
  'dedupe key is open again stay. Returns how many were redriven. Errors: unknown_queue 404, invalid_body 400 with the '
  'field.';
grant execute on function public.redrive_work(text, bigint[], integer) to service_role;

-- Redriving dead letters, for admins of a workspace -------------------------------------------------------------------

create function private.redrive_workspace_work(workspace_id uuid, queue text, ids bigint[], most integer)
returns integer
language plpgsql
volatile
security definer -- only the service may redrive; this checks the workspace
set search_path = ''
as $$
#variable_conflict use_variable
declare
  known private.work_queues;
  own bigint[];
  wanted integer := private.require_count(most, 1000, 1000, 'most');
begin
  if workspace_id is null or workspace_id <> all (private.workspace_ids('admin')) then
    perform private.raise_error('forbidden', 'Only an admin of the workspace may do this.', 403);
  end if;
  known := private.work_queue(queue);
  -- Queues that a workspace cannot read, or that hold one person's own work, are for the service only.
  if not has_table_privilege('authenticated', known.work_table, 'select') or exists (
    select from pg_catalog.pg_attribute as a
    where a.attrelid = known.work_table and a.attname = 'user_id' and not a.attisdropped
  ) then
    perform private.raise_error('unknown_queue', 'There is no such queue of a workspace.', 404);
  end if;
  execute format(
    'select array(
       select dead.id from %s as dead
       where dead.workspace_id = $1 and dead.status = %L and ($2 is null or dead.id = any ($2))
       order by dead.id limit $3
     )',
    known.work_table, 'failed'
  ) into own using workspace_id, ids, wanted;
  return private.redrive_work(queue, own, cardinality(own));
end;
$$;
comment on function private.redrive_workspace_work(uuid, text, bigint[], integer) is
  'The body of public.redrive_workspace_work.';

create function public.redrive_workspace_work(
  workspace_id uuid, queue text, ids bigint[] default null, most integer default 1000
)
returns integer
language sql volatile security invoker set search_path = ''
as $$ select private.redrive_workspace_work($1, $2, $3, $4); $$;
comment on function public.redrive_workspace_work(uuid, text, bigint[], integer) is
  'Redrives failed work of a workspace, as redrive_work does, for its admins: all of it or by ids, at most `most` '
  '(1–1,000). Only for queues that the workspace reads. Returns how many were redriven. Errors: forbidden 403, '
  'unknown_queue 404, invalid_body 400 with the field.';
grant execute on function
  private.redrive_workspace_work(uuid, text, bigint[], integer),
  public.redrive_workspace_work(uuid, text, bigint[], integer)
to authenticated;
