begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(14);

select tests.add('one'), tests.add('two', 'south');
create temporary table claimed on commit drop as select *
  from private.claim_work('chores', 'worker 7', 2, '90 seconds');
select results_eq(
  $$select id, workspace_id, attempts, max_attempts, lease_expires_at, work from claimed order by id$$,
  $$select id, workspace_id, 1::smallint, 5::smallint, now() + interval '90 seconds',
    jsonb_build_object('title', title, 'outcome', null, 'traceparent', null) from public.chores order by id$$,
  'a claim answers what a worker needs: the attempt, the end of the lease, the trace, and the table''s own columns'
);
select is((select count(distinct claim_token) from claimed), 1::bigint, 'one token for all of it');
select results_eq(
  'select status, claimed_by::text, claim_token, lease_expires_at from public.chores order by id',
  $$select 'in_progress', 'worker 7', claim_token, lease_expires_at from claimed order by id$$,
  'and the rows say so'
);
select is(tests.claim('b', 10), '', 'what is claimed is not claimed again');
select tests.end_leases();
select is(tests.claim('b', 10), '', 'not even when its lease has ended');
select isnt(private.release_expired_work() -> 'chores', null, 'but when it has been given back');
select is(tests.claim('b', 10), 'one two', 'it is');
select isnt(tests.token('b'), (select claim_token from claimed limit 1), 'under another token');

select is(tests.answer_of($$select private.claim_work('nothing', 'w')$$), '404 unknown_queue', 'a queue that is none');
select is(
  (select array_agg(distinct tests.answer_of(format('select private.claim_work(''chores'', ''w'', %s)', batch)))
    from unnest(array['0', '-1', '1001', 'null']) as batch),
  array['422 invalid_batch'], 'a batch that is none'
);
select is(
  (select array_agg(distinct tests.answer_of(format('select private.claim_work(''chores'', ''w'', 1, %L)', lease)))
   from unnest(array['0.9 seconds', '1 day 1 second', '-1 hour', null, 'infinity']) as lease),
  array['422 invalid_lease'], 'a lease that is none'
);
select is(
  (select array_agg(distinct tests.answer_of(format('select private.claim_work(''chores'', %L)', worker)))
    from unnest(array['', repeat('x', 201), null]) as worker),
  array['422 invalid_worker'], 'a worker without a name'
);
select is(tests.answer_of($$select private.claim_work('chores', 'w', 1000, '1 day')$$), 'ok', 'the largest claim');
select is(tests.answer_of($$select private.claim_work('chores', 'w', 1, '1 second')$$), 'ok', 'and the shortest');

select * from finish();
rollback;
