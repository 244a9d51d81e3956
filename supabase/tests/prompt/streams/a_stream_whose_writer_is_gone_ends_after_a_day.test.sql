begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
select plan(4);

insert into public.streams (id, workspace_id, conversation_id, user_id, created_at)
select tests.id(age), tests.id('north'), tests.id('north talk'), tests.id('member'),
  now() - interval '1 day' + case age when 'older' then interval '-1 second' else interval '1 second' end
from unnest(array['older', 'younger']) as age;
select private.end_abandoned_streams() is not null as ended;

select results_eq(
  $$select status, error, finished_at is not null from public.streams where id = tests.id('older')$$,
  $$values ('failed', 'abandoned', true)$$, 'one that was opened more than a day ago has failed'
);
select is((select status from public.streams where id = tests.id('younger')), 'open',
  'one that was opened since then has not');
select is((private.finish_stream(tests.id('older'), '[{"type": "text", "text": "late"}]', null, null, null)).status,
  'failed', 'its writer, back after all, is told');
select is((private.finish_stream(tests.id('younger'), '[{"type": "text", "text": "late"}]', null, null, null)).status,
  'finished', 'the other ends as it should');

select * from finish();
rollback;
