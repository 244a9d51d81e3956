begin;
\ir ../../world.psql
select plan(11);

insert into public.build_content_queue (workspace_id, title, article, review_status)
values (tests.id('north'), 'T', 'A', 'approved');
create temporary table held on commit drop as select claimed.*
  from private.claim_work('build_content_queue', 'tests', 100, '1 minute') as claimed
  where claimed.workspace_id = tests.id('north');
select is((select work ->> 'tried_at' from held), null, 'at first nobody has been told');
select is(private.reserve_publication('build_content_queue', claim_token, id, '5 minutes'), now(),
  'who holds it writes it down') from held;
select is((select q.lease_expires_at from public.build_content_queue as q join held using (id)),
  now() + interval '5 minutes', 'and holds it while telling takes its time');
select is(tests.answer_of(format('select private.reserve_publication(%L, %L, %s, null)', 'build_content_queue',
  claim_token, id)), '422 invalid_lease', 'never without an end') from held;
update public.build_content_queue as q set tried_at = now() - interval '1 hour' from held where q.id = held.id;
select is(private.reserve_publication('build_content_queue', claim_token, id, '5 minutes'), now() - interval '1 hour',
  'the first time counts') from held;
select is(tests.answer_of(format('select private.reserve_publication(%L, %L, %s, ''1 minute'')', 'build_content_queue',
  gen_random_uuid(), id)), '409 lease_lost', 'not under another claim') from held;
select is(tests.answer_of(format('select private.reserve_publication(%L, %L, %s, ''1 minute'')', 'no_queue',
  claim_token, id)), '404 unknown_queue', 'not of another queue') from held;
update public.build_content_queue as q set lease_expires_at = now() from held where q.id = held.id;
select is(tests.answer_of(format('select private.reserve_publication(%L, %L, %s, ''1 minute'')', 'build_content_queue',
  claim_token, id)), '409 lease_lost', 'not when the lease has ended') from held;
select private.release_expired_work();
select is((select q.status from public.build_content_queue as q join held using (id)), 'pending', 'the work goes back');
select is(tests.answer_of(format('select private.reserve_publication(%L, %L, %s, ''1 minute'')', 'build_content_queue',
  claim_token, id)), '409 lease_lost', 'and is not told by who lost it') from held;
select is((select (work ->> 'tried_at')::timestamptz
  from private.claim_work('build_content_queue', 'other', 100, '1 minute') where id = (select id from held)),
  now() - interval '1 hour', 'whoever has it next sees that it may have been told');

select * from finish();
rollback;
