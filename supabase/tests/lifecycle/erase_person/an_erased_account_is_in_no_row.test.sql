-- The database's part; Redis, Storage and the scan of everything are in functions/tests/an_erased_person_is_nowhere.
begin;
\ir ../../world.psql
select plan(18);

insert into private.function_calls (job, function, body, status, request_id, deadline, next_attempt_at, attempts,
  finished_at, last_error)
select 'tests', 'agents/invalidate', body, status, 1, now(), case status when 'retrying' then now() end, 1,
  case status when 'failed' then now() end, error
from (values
  (jsonb_build_object('floors', jsonb_build_object(tests.id('member'), 1, tests.id('admin'), 2), 'agents', '[]'::jsonb),
    'sent', null),
  (jsonb_build_object('floors', jsonb_build_object(tests.id('member'), 3), 'agents', '[]'::jsonb), 'retrying', null),
  (jsonb_build_object('user', tests.id('member')), 'failed', 'member@tests.example was not found')
) as call (body, status, error);
create temporary table calls_before on commit drop as select count(*) as n from private.function_calls;
insert into net._http_response (id, status_code, content)
values (-1, 200, 'member@tests.example'), (-2, 200, 'admin@tests.example');
insert into cron.job_run_details (jobid, runid, username, command, return_message) values
  (0, 1000000001, current_user, 'tests', 'for MEMBER@tests.example'),
    (0, 1000000002, current_user, 'tests', 'for admin@tests.example');
insert into auth.audit_log_entries (id, payload) values
  (gen_random_uuid(), json_build_object('actor_id', tests.id('member'))),
    (gen_random_uuid(), json_build_object('actor_username', 'admin@tests.example'));
insert into storage.buckets (id, name, owner_id) values ('tests', 'tests', tests.id('member')::text);
insert into storage.objects (bucket_id, name, user_metadata)
values ('tests', 'shared/a.txt', jsonb_build_object('by', tests.id('member'), 'for', 'admin'));
insert into storage.objects (bucket_id, name)
values ('tests', tests.id('north') || '/' || tests.id('member') || '/b.txt');
insert into private.scratch_counters (key, count, window_ends_at) select format('limit:write:%s:1', tests.id(who)), 1,
  'infinity' from unnest(array['member', 'admin']) as who;
insert into private.scratch_values (key, value, expires_at)
values ('floor:' || tests.id('member'), null, 'infinity'),
  ('tests', jsonb_build_object('user_id', tests.id('member')), 'infinity');

select is(tests.answer_of(format('select private.erase_person(%L, %L)', tests.id('member'), 'member@tests.example')),
  '55006', 'not while something of theirs is stored');
select isnt_empty($$select from public.profiles where user_id = tests.id('member')$$, 'and then nothing has happened');
set local storage.allow_delete_query = 'true'; -- as Storage does
delete from storage.objects where bucket_id = 'tests' and name ~ 'b.txt';
select private.erase_person(tests.id('member'), 'member@tests.example') is not null as erased;

select is_empty($$select from auth.users where id = tests.id('member')$$, 'the auth user');
select is_empty($$select from public.profiles where user_id = tests.id('member')$$, 'the profile');
select is_empty($$select from public.members where user_id = tests.id('member')$$, 'the membership');
select is_empty($$select from public.permissions where user_id = tests.id('member')$$, 'the permission');
select is_empty($$select from private.permission_revisions
  where user_id = tests.id('member')$$, 'the revision, which deleting raised once more');
select is_empty($$select from private.function_calls
  where body::text ~ tests.id('member')::text or last_error ~ 'member@'$$, 'the calls');
select results_eq($$select status, body -> 'floors' from private.function_calls
  where job = 'tests' and status = 'sent'$$,
  $$values ('sent', jsonb_build_object(tests.id('admin'), 2))$$, 'a call that speaks of others speaks of them still');
select is((select count(*) from private.function_calls), (select n - 1 from calls_before),
  'one that would say nothing is not made, also not the ones that erasing itself caused');
select is_empty($$select from net.http_request_queue
  where convert_from(body, 'UTF8') ~ tests.id('member')::text$$, 'nor is anything of it on its way');
select is((select array_agg(content) from net._http_response where id in (-1, -2)), array['admin@tests.example'],
  'answers');
select is((select array_agg(return_message) from cron.job_run_details where command = 'tests'),
  array['for admin@tests.example'], 'job runs');
select is((select array_agg(payload ->> 'actor_username') from auth.audit_log_entries
  where payload::text ~ 'tests.example' or payload::text ~ tests.id('member')::text),
  array['admin@tests.example'], 'Auth''s own log');
select results_eq($$select o.user_metadata ->> 'for', o.user_metadata ->> 'by' <> tests.id('member')::text, b.owner_id
  from storage.objects as o join storage.buckets as b on b.id = o.bucket_id where b.id = 'tests'$$,
  $$values ('admin', true, null::text)$$, 'a mention beside somebody else''s object, a bucket''s owner');
select is((select array_agg(key) from private.scratch_counters
  where key ~ '^limit:write:' and window_ends_at = 'infinity'), array[format('limit:write:%s:1', tests.id('admin'))],
  'counters');
select is_empty($$select from private.scratch_values
  where key ~ tests.id('member')::text or value::text ~ tests.id('member')::text$$, 'values');
select is(tests.try_as('member', $$select public.create_workspace('A', 'tests-late', 'eu')$$), '23503',
  'a token that still lives makes nothing');

select * from finish();
rollback;
