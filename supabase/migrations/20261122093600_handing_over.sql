-- Handing over: the moment in which another cell begins to answer for a workspace.
--
-- Touches: fence_workspace, lift_fence, hand_over (on the source); expect_workspace, receive_workspace (on the target);
--          open_lanes (on both).
-- Beware:  until a workspace is received its rows are hidden and nobody writes them. Lanes of work do not travel:
--          without a lane no worker gets the work, so it waits for the side that answers for it. Each function sets
--          groundwork.placing, with which the guards let the owner write, and takes it back.

-- On the source -------------------------------------------------------------------------------------------------------

create function private.fence_workspace(in_workspace uuid, patience interval)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.moves;
  sealed_to bigint;
  since bigint;
  horizon bigint;
begin
  -- 1. Everyone who writes the workspace has committed, and nobody else begins. The sealer's lock first, as a sealer
  -- takes them.
  perform set_config('lock_timeout', (extract(epoch from patience) * 1000)::integer::text, true);
  select h.sealed_to into sealed_to from private.audit_horizon as h for update;
  perform pg_advisory_xact_lock(private.move_lock(in_workspace));
  if exists (
    select from private.connection_renewals as running
    join public.service_connections as c on c.id = running.connection_id
    where c.workspace_id = in_workspace and running.lease_ends_at > now()
  ) then
    -- The provider may have given a new token already: it must be written first.
    raise exception 'a token of the workspace is being renewed' using errcode = 'lock_not_available';
  end if;
  select m.* into known from private.moves as m where m.workspace_id = in_workspace for update;
  if known.phase is distinct from 'copying' then
    perform private.raise_error('already_moving', 'The workspace is not being copied.', 409, known.phase);
  end if;

  -- 2. Its log leaves with every entry sealed: nobody writes it any more, so no entry can come before this horizon.
  horizon := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  select u.from_xid into since from private.unsealed_logs as u where u.workspace_id = in_workspace;
  perform private.seal_entries(in_workspace, coalesce(since, sealed_to), horizon);
  insert into private.unsealed_logs (workspace_id, from_xid) values (in_workspace, horizon)
  on conflict on constraint unsealed_logs_pkey do update set from_xid = excluded.from_xid;

  -- 3. Closed. No worker gets its work any more.
  perform set_config('groundwork.placing', in_workspace::text, true);
  delete from private.work_lanes as lane where lane.workspace_id = in_workspace;
  perform public.place_workspace(in_workspace, (private.own_cell()).name, 'moving');
  perform set_config('groundwork.placing', in_workspace::text, true);
  update private.moves as m set phase = 'fenced', fences = m.fences + 1, fenced_at = clock_timestamp(),
    changed_at = now()
  where m.workspace_id = in_workspace returning m.* into known;
  insert into private.move_marks (workspace_id, fence) values (in_workspace, known.fences);
  perform set_config('groundwork.placing', '', true);
  return known.fences;
end;
$$;
comment on function private.fence_workspace(uuid, interval) is
  'Closes the workspace to writers (workspace_moving 503); people go on reading. Waits for those who are writing it, '
  'at most `patience`, then gives up (55P03). Seals its log. Returns the number of the fence. Errors: already_moving '
  '409.';

create function private.open_lanes(in_workspace uuid)
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
declare
  queue private.work_queues;
  in_priority smallint;
  first_at timestamptz;
  n bigint := 0;
begin
  for queue in
    select q.* from private.work_queues as q join pg_catalog.pg_class as c on c.oid = q.work_table order by q.name
  loop
    for in_priority, first_at in execute format('select job.priority, min(job.scheduled_for) from %s as job where '
      'job.workspace_id = $1 and job.status = %L group by job.priority', queue.work_table, 'pending')
      using in_workspace
    loop
      perform private.open_work_lane(queue.name, in_workspace, in_priority, first_at);
      n := n + 1;
    end loop;
  end loop;
  return n;
end;
$$;
comment on function private.open_lanes(uuid) is 'Opens the lanes of a workspace''s waiting work. Returns how many.';

create function private.lift_fence(in_workspace uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform set_config('groundwork.placing', in_workspace::text, true);
  update private.moves as m set phase = 'copying', changed_at = now()
  where m.workspace_id = in_workspace and m.phase = 'fenced';
  if found then
    perform public.place_workspace(in_workspace, (private.own_cell()).name, 'here');
    perform private.open_lanes(in_workspace);
  end if;
  perform set_config('groundwork.placing', '', true);
end;
$$;
comment on function private.lift_fence(uuid) is
  'Opens a fenced workspace again, where the target did not come after in time. Only after the target was told to '
  'expect another fence (expect_workspace).';

create function private.drop_unfinished(in_workspace uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  queue private.work_queues;
begin
  -- No trigger and no key must change what else is kept.
  execute 'set local session_replication_role = replica';
  for queue in
    select q.* from private.work_queues as q join pg_catalog.pg_class as c on c.oid = q.work_table order by q.name
  loop
    execute format('delete from %s as job where job.workspace_id = $1 and job.status in (''pending'', ''in_progress'')',
      queue.work_table) using in_workspace;
  end loop;
  delete from private.usage_reservations as r where r.workspace_id = in_workspace
    and not r.is_settled and not r.is_released;
  delete from private.lead_import_work as w using public.lead_imports as i
  where i.id = w.import_id and i.workspace_id = in_workspace;
  delete from private.connection_renewals as r using public.service_connections as c
  where c.id = r.connection_id and c.workspace_id = in_workspace;
  delete from private.folders_to_empty as f where f.workspace_id = in_workspace;
  delete from vault.secrets as s using private.token_revocations as r
  where r.workspace_id = in_workspace and s.id in (r.access_secret_id, r.refresh_secret_id);
  delete from private.token_revocations as r where r.workspace_id = in_workspace;
  execute 'set local session_replication_role = origin';
end;
$$;
comment on function private.drop_unfinished(uuid) is
  'Empties the queues of the copy that stays: its work is the other cell''s, and jobs here would find it again and '
  'again.';

create function private.hand_over(in_workspace uuid)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.moves;
begin
  perform set_config('groundwork.placing', in_workspace::text, true);
  update private.moves as m set phase = 'moved', changed_at = now()
  where m.workspace_id = in_workspace and m.phase = 'fenced' returning m.* into known;
  if found then
    perform private.drop_unfinished(in_workspace);
    perform public.place_workspace(in_workspace, known.other_cell, 'elsewhere');
  end if;
  perform set_config('groundwork.placing', '', true);
end;
$$;
comment on function private.hand_over(uuid) is
  'Says on the source that the other cell has the workspace now. Only after receive_workspace there.';

-- On the target -------------------------------------------------------------------------------------------------------

create function private.expect_workspace(in_workspace uuid, from_cell text, move_name text, fence integer)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.moves;
begin
  perform set_config('groundwork.placing', in_workspace::text, true);
  select m.* into known from private.moves as m where m.workspace_id = in_workspace for update;
  if known.workspace_id is null then
    if exists (select from public.workspaces as w where w.id = in_workspace) then
      perform private.raise_error('cell_has_workspace', 'The target has rows of this workspace already.', 409,
        'Forget the copy there first, or undo the move.');
    end if;
    insert into private.moves (workspace_id, is_source, other_cell, phase, name, fences)
    values (in_workspace, false, from_cell, 'arriving', move_name, fence);
    perform public.place_workspace(in_workspace, from_cell, 'arriving');
  elsif known.is_source or known.other_cell <> from_cell or known.name <> move_name then
    perform private.raise_error('already_moving', 'The workspace is in another move there.', 409);
  else
    update private.moves as m set fences = fence, changed_at = now() where m.workspace_id = in_workspace;
  end if;
  perform set_config('groundwork.placing', '', true);
end;
$$;
comment on function private.expect_workspace(uuid, text, text, integer) is
  'Prepares the target: what arrives is hidden. fence: the number of the next fence, the only one for which '
  'receive_workspace takes the workspace. Errors: cell_has_workspace, already_moving 409.';

create function private.receive_workspace(in_workspace uuid, fence integer)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  known private.moves;
begin
  perform set_config('groundwork.placing', in_workspace::text, true);
  delete from private.moves as m
  where m.workspace_id = in_workspace and m.phase = 'arriving' and m.fences = fence
    and exists (select from private.move_marks as mark
      where mark.workspace_id = in_workspace and mark.fence = receive_workspace.fence)
  returning m.* into known;
  if known.workspace_id is null then
    perform private.raise_error('already_moving', 'The target does not expect this fence.', 409);
  end if;
  delete from private.move_marks as mark where mark.workspace_id = in_workspace;
  perform public.place_workspace(in_workspace, (private.own_cell()).name, 'here');
  perform private.open_lanes(in_workspace);
  perform private.raise_revisions(array(select m.user_id from public.members as m where m.workspace_id = in_workspace));
  perform private.append_audit_entry(in_workspace, null, 'workspace.moved', 'workspace', in_workspace::text, null,
    jsonb_build_object('from', known.other_cell, 'to', (private.own_cell()).name), null);
end;
$$;
comment on function private.receive_workspace(uuid, integer) is
  'The moment of a move: this cell answers for the workspace from here on. Its work gets lanes, its people new '
  'revisions, its log an entry. Errors: already_moving 409 (not all has arrived, or another fence is expected).';
