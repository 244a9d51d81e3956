begin;
\ir ../world.psql
\ir chores.psql
select plan(21);

select tests.add('a');
create temporary table said (statement text) on commit drop;
insert into said values
  ($$select public.enqueue_work('chores',
    jsonb_build_array(jsonb_build_object('workspace_id', tests.id('north'), 'title', 'b')))$$),
  ($$select public.claim_work('chores', 'w')$$),
  ($$select public.heartbeat_work('chores', gen_random_uuid(), '{}')$$),
  ($$select public.complete_work('chores', gen_random_uuid(), '{}')$$),
  ($$select public.fail_work('chores', gen_random_uuid(), '{}', 'boom')$$),
  ($$select public.snooze_work('chores', gen_random_uuid(), '{}', now())$$),
  ($$select public.cancel_work('chores', '{}')$$),
  ($$select public.redrive_work('chores')$$),
  ($$select from public.work_health$$);
grant select on said to anon, authenticated, service_role;
select is(
  (select array_agg(distinct tests.try_as(who, statement))
    from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner', 'stranger']) as who),
  array['no'], 'people: ' || statement
) from said;
select is(tests.try_as('service', statement), 'yes', 'the service: ' || statement) from said;
select is(
  (select array_agg(distinct tests.try_as(who,
    $$select private.claim_chores('w', gen_random_uuid(), '1 minute', 1, 1, null, null)$$))
    from unnest(array['owner', 'service']) as who),
  array['no'], 'what a claim is made of is nobody''s'
);
select is(
  (select array_agg(distinct tests.try_as(who, 'select from public.chores'))
    from unnest(array['owner', 'service']) as who),
  array['no'], 'a work table is closed until its chapter opens it'
);
select results_eq(
  $$select worker.attempts::integer, worker.work ->> 'title'
  from public.claim_work('chores', 'w', 5) as worker$$, $$values (1, 'a')$$, 'the cover answers what the body does'
);

select * from finish();
rollback;
