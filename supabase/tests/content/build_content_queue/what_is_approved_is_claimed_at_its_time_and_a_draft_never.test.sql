begin;
\ir ../../world.psql
select plan(21);

create temporary table ids (name text primary key, id bigint) on commit drop;
grant all on ids to authenticated;
create function tests.add_article(name text, review_status text, publish_at timestamptz default null) returns void
  language sql as $$
  with added as (
    insert into public.build_content_queue (workspace_id, title, article, review_status, publish_at)
    values (tests.id('north'), name, 'Text', review_status, publish_at) returning id
  ) insert into ids select name, id from added;
$$;
create function tests.claimed() returns setof text language sql as $$
  select claimed.work ->> 'title' from private.claim_work('build_content_queue', 'tests', 100, '1 minute') as claimed
  where claimed.workspace_id = tests.id('north') order by 1;
$$;
create function tests.scheduled(name text) returns timestamptz language sql stable as $$
  select q.scheduled_for from public.build_content_queue as q join ids using (id) where ids.name = scheduled.name;
$$;

select tests.add_article('draft', 'draft'), tests.add_article('draft with a time', 'draft', now() - interval '1 hour'),
  tests.add_article('approved', 'approved'), tests.add_article('past', 'approved', now() - interval '1 hour'),
  tests.add_article('future', 'approved', now() + interval '1 hour');
select is(tests.scheduled('draft'), 'infinity', 'a draft is never due');
select is(tests.scheduled('draft with a time'), 'infinity', 'whatever its time');
select is(tests.scheduled('future'), now() + interval '1 hour', 'what is approved is due at its time');
select results_eq('select tests.claimed()', array['approved', 'past'], 'only what is approved and due is claimed');
select is_empty('select tests.claimed()', 'and once');

-- Approving, taking back, moving
select tests.authenticate_as('admin');
update public.build_content_queue set review_status = 'approved' where title in ('draft', 'draft with a time');
select tests.authenticate_as('database');
select is(tests.scheduled('draft'), now(), 'an approved draft is due at once');
select is(tests.scheduled('draft with a time'), now(), 'not before the approval: claims do not look back');
update public.build_content_queue set review_status = 'draft' where title = 'draft with a time';
select is(tests.scheduled('draft with a time'), 'infinity', 'what is taken back waits again');
update public.build_content_queue set publish_at = now() + interval '2 hours' where title = 'future';
select is(tests.scheduled('future'), now() + interval '2 hours', 'what is moved is due at its new time');
select results_eq('select tests.claimed()', array['draft'], 'claims see it');

-- The grammar's own times are left alone
select lives_ok($$select private.fail_work('build_content_queue', q.claim_token, array[q.id], 'busy', '10 minutes')
  from public.build_content_queue as q where title = 'draft'$$, 'an attempt fails');
select is(tests.scheduled('draft'), now() + interval '10 minutes', 'a retry has its time');
update public.build_content_queue set title = 'corrected' where title = 'draft';
select is(tests.scheduled('draft'), now() + interval '10 minutes', 'which a correction does not move');

-- A draft does not come back by a side door
select is(private.cancel_work('build_content_queue', (select array[id] from ids where name = 'draft with a time')), 1,
  'a draft is cancelled');
select is(private.redrive_work('build_content_queue', (select array[id] from ids where name = 'draft with a time')), 1,
  'and redriven');
select is(tests.scheduled('draft with a time'), 'infinity', 'it is a draft as before');
select is(tests.answer_of($$update public.build_content_queue set status = 'done', finished_at = now()
  where title = 'draft with a time'$$), '23514', 'a draft cannot be done');

-- Who is too late
select tests.authenticate_as('admin');
select is_empty($$update public.build_content_queue set article = 'Other' where title = 'approved'
  returning id$$, 'what is being published is not changed');
select isnt_empty($$update public.build_content_queue set article = 'Other' where title = 'future'
  returning id$$, 'what waits is');
select is(tests.answer_of($$update public.build_content_queue set scheduled_for = now() where title = 'future'$$),
  '42501', 'nobody schedules past the review');
select is(tests.answer_of($$insert into public.build_content_queue (workspace_id, title, article, reference)
  values (tests.id('north'), 'T', 'A', gen_random_uuid())$$), '42501', 'nor says what the platform is asked for');

select * from finish();
rollback;
