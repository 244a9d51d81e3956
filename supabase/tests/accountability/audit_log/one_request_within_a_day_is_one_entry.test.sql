begin;
\ir ../../world.psql
select plan(17);

select tests.authenticate_as('member');
create temporary table first on commit drop as select public.log_audit(tests.id('north'), 'a.first',
  request_id => 'tests-r') as id;
select is(public.log_audit(tests.id('north'), 'a.first', request_id => 'tests-r'), (select id from first),
  'the same request again is answered with the same entry');
select is(tests.answer_of($$select public.log_audit(tests.id('north'), 'a.second', request_id => 'tests-r')$$),
  '409 request_id_reused', 'with something else it is refused');
select tests.authenticate_as('database');
select is((select array_agg(action::text) from public.audit_log where request_id = 'tests-r'), array['a.first'],
  'there is one entry, the first');
select tests.authenticate_as('member');
select isnt(public.log_audit(tests.id('north'), 'a.first', request_id => 'tests-R'), (select id from first),
  'another request id is another entry');
select isnt(public.log_audit(tests.id('north'), 'a.first'), public.log_audit(tests.id('north'), 'a.first'),
  'without a request id each is one');
select tests.authenticate_as('outsider');
select isnt(public.log_audit(tests.id('south'), 'a.first', request_id => 'tests-r'), (select id from first),
  'another workspace has its own request ids');

select tests.authenticate_as('database');
update private.request_claims set claimed_at = now() - interval '23 hours 59 minutes' where request_id = 'tests-r';
select tests.authenticate_as('member');
select is(public.log_audit(tests.id('north'), 'a.first', request_id => 'tests-r'), (select id from first),
  'it holds for a day');
select tests.authenticate_as('database');
update private.request_claims set claimed_at = now() - interval '1 day' where request_id = 'tests-r';
select tests.authenticate_as('member');
create temporary table second on commit drop as select public.log_audit(tests.id('north'), 'a.first',
  request_id => 'tests-r') as id;
select isnt((select id from second), (select id from first), 'and then is free');
select is(public.log_audit(tests.id('north'), 'a.first', request_id => 'tests-r'), (select id from second),
  'for one entry more');

-- Batches
select tests.authenticate_as('database');
create function tests.batch(entries jsonb, who text default null) returns text language sql as $$
  select string_agg(concat_ws(' ', ordinal, case when is_new then 'new' else 'known' end), ', ' order by ordinal)
  from private.log_audit_entries((
    select jsonb_agg(jsonb_build_object('workspace_id', tests.id('north'), 'action', 'a.b') || e)
    from jsonb_array_elements(entries) as e), tests.id(who));
$$;
select is(tests.batch('[{"request_id": "b-1"}, {"request_id": "b-2"}, {}]', 'member'), '1 new, 2 new, 3 new',
  'a batch is written');
select is(tests.batch('[{"request_id": "b-2"}, {"request_id": "b-3"}, {"request_id": "b-1"}, {"request_id": "b-3"}]',
  'member'), '1 known, 2 new, 3 known, 4 known', 'what it repeats is known, also within itself');
select is((select count(*)::integer from public.audit_log where request_id ~ '^b-' and actor_id = tests.id('member')),
  3, 'three requests, three entries');
select is(
  tests.answer_of($$select private.log_audit_entries(jsonb_build_array(
    jsonb_build_object('workspace_id', tests.id('north'), 'action', 'a.b', 'request_id', 'c-1'),
    jsonb_build_object('workspace_id', tests.id('south'), 'action', 'a.b', 'request_id', 'c-2')),
      tests.id('member'))$$), '404 not_found',
  'a batch with an entry of another tenant'
);
select is(
  tests.answer_of($$select private.log_audit_entries(jsonb_build_array(
    jsonb_build_object('workspace_id', tests.id('north'), 'action', 'a.b', 'request_id', 'c-1'),
    jsonb_build_object('workspace_id', tests.id('north'), 'action', 'session.turn', 'request_id', 'c-2')),
      tests.id('member'))$$), '403 reserved_action',
  'or with a reserved action'
);
select is_empty($$select from public.audit_log where request_id ~ '^c-'$$, 'writes nothing at all');
select is(
  tests.answer_of($$select private.log_audit_entries(jsonb_build_array(jsonb_build_object('workspace_id',
    tests.id('nowhere'), 'action', 'a.b')), null)$$),
  '404 not_found', 'the service too writes into workspaces that exist'
);
create temporary table by_service on commit drop as select id from private.log_audit_entries(jsonb_build_array(
  jsonb_build_object('workspace_id', tests.id('north'), 'action', 'session.x', 'actor_id', tests.id('guest')),
  jsonb_build_object('workspace_id', tests.id('north'), 'action', 'session.x')), null);
select results_eq(
  'select actor_id from public.audit_log join by_service using (id) order by id', $$values (tests.id('guest')),
  (null)$$, 'and may name who acted'
);

select * from finish();
rollback;
