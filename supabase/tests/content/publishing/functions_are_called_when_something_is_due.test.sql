begin;
\ir ../../world.psql
select plan(12);

delete from private.function_calls;
delete from public.build_content_queue;
delete from public.content_queue;
create function tests.called() returns text language sql as $$
  select coalesce(string_agg(key, ' ' order by key), 'nobody')
  from jsonb_object_keys(private.publish_due_content()) as key;
$$;
select is(tests.called(), 'nobody', 'nothing is there');
insert into public.build_content_queue (workspace_id, title, article, review_status, publish_at) values
  (tests.id('north'), 'draft', 'A', 'draft', now() - interval '1 hour'),
    (tests.id('north'), 'later', 'A', 'approved', now() + interval '1 hour');
select is(tests.called(), 'nobody', 'nothing is due');
insert into public.build_content_queue (workspace_id, title, article, review_status)
values (tests.id('north'), 'now', 'A', 'approved');
select is(tests.called(), 'publish-build-content', 'an article is due');
select is(tests.called(), 'nobody', 'its call is on its way');
select results_eq('select job, function, body from private.function_calls',
  $$values ('publish-due-content', 'publish-build-content', '{}'::jsonb)$$, 'through the ledger');
update private.function_calls set status = 'succeeded', finished_at = now(), next_attempt_at = null;
select is(tests.called(), 'publish-build-content', 'it is answered and something is still due');
insert into public.content_queue (workspace_id, caption, platform, review_status)
values (tests.id('south'), 'C', 'bluesky', 'approved');
select is(tests.called(), 'publish-social-content', 'a post is due');

-- A business with tables of its own
update private.function_calls set status = 'succeeded', finished_at = now(), next_attempt_at = null;
delete from public.build_content_queue;
delete from public.content_queue;
create table public.tst_content_queue (like public.content_queue including all);
create trigger schedule_content before insert or update of status, scheduled_for, review_status,
  publish_at on public.tst_content_queue for each row execute function private.schedule_content();
select private.register_work_queue('public.tst_content_queue', null, array['posted_url', 'external_id'],
  'content_queue');
select is(tests.called(), 'nobody', 'another business has nothing');
insert into public.tst_content_queue (workspace_id, caption, platform, review_status)
values (tests.id('south'), 'C', 'bluesky', 'approved');
select is(tests.called(), 'publish-social-content', 'its posts count too');

-- The time of the day, somewhere
select is(private.next_local_time('America/Chicago', '09:00', '2026-03-07 12:00Z'), '2026-03-07 15:00Z',
  'nine in Chicago, in winter');
select is(private.next_local_time('America/Chicago', '09:00', '2026-03-07 15:00Z'), '2026-03-08 14:00Z',
  'the next one, after the clocks went forward');
select is(private.next_local_time('Pacific/Auckland', '00:30', '2026-06-01 12:00Z'), '2026-06-01 12:30Z',
  'where it is tomorrow already');

select * from finish();
rollback;
