-- Both sides of a move in one database: `north` leaves it, and another workspace arrives.
begin;
\ir world.psql
select plan(25);

create function tests.unsealed(workspace text) returns bigint language sql as $$
  select count(*) from public.audit_log as e where e.workspace_id = tests.id(workspace) and not exists (
    select from public.audit_seals as s where s.workspace_id = e.workspace_id
      and e.id between s.first_id and s.last_id and e.xid < s.to_xid);
$$;
select private.enqueue_work('code_task_queue', jsonb_build_array(jsonb_build_object('workspace_id', tests.id('north'),
  'prompt', 'p', 'repository', 'r')));
create temporary table lanes on commit drop as
select lane.queue, lane.priority from private.work_lanes as lane where lane.workspace_id = tests.id('north');

-- The source.
select is(tests.answer_of($$select private.begin_move(gen_random_uuid(), 'eu-2')$$), '404 not_found',
  'what is not here does not leave');
select is((private.begin_move(tests.id('north'), 'eu-2')).phase, 'copying', 'a move begins');
select is((private.begin_move(tests.id('north'), 'eu-2')).phase, 'copying', 'and is found again');
select is(tests.answer_of($$select private.begin_move(tests.id('north'), 'us-1')$$), '409 already_moving',
  'but goes to one cell only');
select is(tests.try_as('member', $$select public.log_audit(tests.id('north'), 'report.read')$$), 'yes',
  'people write while it is copied');
select isnt((select count(*) from pg_catalog.pg_locks as l where l.locktype = 'advisory' and l.mode = 'ShareLock'
  and l.pid = pg_backend_pid()), 0::bigint, 'and hold the lock that the fence waits for');
select cmp_ok(tests.unsealed('north'), '>', 0::bigint, 'the newest entries are not sealed yet');
select is(private.fence_workspace(tests.id('north'), '1 second'), 1, 'the first fence');
select is(tests.unsealed('north'), 0::bigint, 'the log leaves with every entry sealed');
select ok((select is_valid from public.verify_audit_log(tests.id('north'))), 'and verifies');
select is(tests.try_as('member', $$select public.log_audit(tests.id('north'), 'report.read')$$), 'workspace_moving',
  'nobody writes');
select is((select count(*) from private.claim_work('code_task_queue', 'w', 10, '1 minute')
  where workspace_id = tests.id('north')), 0::bigint, 'no worker gets its work, and none fails');
select is(tests.answer_of($$select private.fence_workspace(tests.id('north'), '1 second')$$), '409 already_moving',
  'it is closed once');
select lives_ok($$select private.lift_fence(tests.id('north'))$$, 'it can be opened again');
select is(tests.try_as('member', $$select public.log_audit(tests.id('north'), 'report.read')$$), 'yes',
  'people write again');
select set_eq($$select lane.queue, lane.priority from private.work_lanes as lane
  where lane.workspace_id = tests.id('north')$$, 'select queue, priority from lanes', 'its work is claimed again');
select is(private.fence_workspace(tests.id('north'), '1 second'), 2, 'the second fence');
select lives_ok($$select private.hand_over(tests.id('north'))$$, 'it is handed over');
select is(tests.try_as('service', $$select public.log_audit(tests.id('north'), 'report.read')$$),
  'misdirected_workspace', 'and is elsewhere');

-- The target.
create function tests.arrival() returns uuid language sql immutable as $$
  select '00000000-0000-4000-b000-00000000aaaa'::uuid $$;
select is(tests.answer_of($$select private.expect_workspace(tests.id('north'), 'eu-2', 'groundwork_move_000000000000',
  1)$$), '409 already_moving', 'what is leaving does not arrive');
select private.expect_workspace(tests.arrival(), 'eu-2', 'groundwork_move_000000000000', 3);
set local session_replication_role = replica; -- as replication writes
insert into public.workspaces (id, name, slug, region) values (tests.arrival(), 'Arriving', 'arriving', 'eu');
insert into private.move_marks (workspace_id, fence) values (tests.arrival(), 2);
set local session_replication_role = origin;
select isnt((select left_at from public.workspaces where id = tests.arrival()), null, 'what arrives is hidden');
select is(tests.answer_of($$select private.receive_workspace(tests.arrival(), 2)$$), '409 already_moving',
  'a fence that was lifted hands nothing over');
select is(tests.answer_of($$select private.receive_workspace(tests.arrival(), 3)$$), '409 already_moving',
  'nor one of which not all has arrived');
select private.expect_workspace(tests.arrival(), 'eu-2', 'groundwork_move_000000000000', 2);
select lives_ok($$select private.receive_workspace(tests.arrival(), 2)$$, 'the one that is expected does');
select is((select left_at from public.workspaces where id = tests.arrival()), null, 'and it is here');

select * from finish();
rollback;
