begin;
\ir ../../world.psql
select plan(10);

insert into public.content_queue (workspace_id, caption, platform) values (tests.id('north'), 'C', 'bluesky');
create function tests.state() returns text language sql stable as $$
  select q.status || ' ' || q.posting_status from public.content_queue as q where q.workspace_id = tests.id('north');
$$;
create function tests.held() returns table (token uuid, ids bigint[]) language sql as $$
  select q.claim_token, array[q.id] from public.content_queue as q where q.workspace_id = tests.id('north');
$$;
select is(tests.state(), 'pending draft', 'added');
update public.content_queue set review_status = 'approved' where workspace_id = tests.id('north');
select is(tests.state(), 'pending scheduled', 'approved');
select is((select count(*) from private.claim_work('content_queue', 'tests', 1, '1 minute')), 1::bigint, 'claimed');
select is(tests.state(), 'in_progress posting', 'claimed');
select private.fail_work('content_queue', token, ids, 'refused', null, false) from tests.held();
select is(tests.state(), 'failed failed', 'failed');
select private.redrive_work('content_queue', ids) from tests.held();
select is(tests.state(), 'pending scheduled', 'redriven');
select private.complete_work('content_queue', claimed.claim_token, array[claimed.id],
  '{"posted_url": "https://bsky.example/1", "external_id": "1"}')
  from private.claim_work('content_queue', 'tests', 1, '1 minute') as claimed;
select is(tests.state(), 'done posted', 'done');
select is((select posted_url || ' ' || external_id from public.content_queue where workspace_id = tests.id('north')),
  'https://bsky.example/1 1', 'with what came of it');
select is(tests.answer_of($$update public.content_queue set posting_status = 'draft'
  where workspace_id = tests.id('north')$$), '428C9', 'nobody writes it by hand');
select is(tests.answer_of($$insert into public.content_queue (workspace_id, caption, platform)
  values (tests.id('north'), 'C', 'pigeon')$$), '23514', 'an unknown network is refused');

select * from finish();
rollback;
