-- Every path of the state diagram in the migration. pg_net's answers are fed by hand; time is moved by moving
-- deadlines.
begin;
\ir ../../world.psql
select plan(34);

-- Only the calls of this test are looked at.
delete from private.function_calls;
delete from vault.secrets where name like 'groundwork%';
select vault.create_secret('http://functions.test/v1', 'groundwork_functions_url') is not null as has_url,
  vault.create_secret('word', 'groundwork_secret_key') is not null as has_key;

create temporary table ids (name text primary key, id bigint) on commit drop;
create function tests.call(name text, max_attempts integer default 8) returns void language sql as $$
  insert into ids select name, private.call_function('tests', 'agents/invalidate', '{"a": 1}', max_attempts);
$$;
create function tests.answer(name text, status_code integer, error_msg text default null) returns void
  language sql as $$
  insert into net._http_response (id, status_code, timed_out, error_msg)
  select call.request_id, answer.status_code, false, answer.error_msg from private.function_calls as call join ids
  using (id) where ids.name = answer.name;
$$;
create function tests.pass_deadline(name text) returns void language sql as $$
  update private.function_calls as call set deadline = now() from ids
  where ids.id = call.id and ids.name = pass_deadline.name;
$$;
create function tests.pass_pause(name text) returns void language sql as $$
  update private.function_calls as call set next_attempt_at = now() from ids
  where ids.id = call.id and ids.name = pass_pause.name;
$$;
create function tests.state(name text) returns text language sql as $$
  select concat_ws(' ', call.status, call.attempts, call.status_code, call.last_error)
  from private.function_calls as call join ids using (id) where ids.name = state.name;
$$;

-- sent
select tests.call('plain');
select is(tests.state('plain'), 'sent 1', 'a call is sent at once');
select results_eq(
  $$select request.url, request.method::text, request.headers ->> 'apikey', request.headers ->> 'x-groundwork-call',
    convert_from(request.body, 'utf8')::jsonb
    from net.http_request_queue as request join private.function_calls as call on call.request_id = request.id$$,
  $$select 'http://functions.test/v1/agents/invalidate', 'POST', 'word', id::text, '{"a": 1}'::jsonb from ids$$,
  'with the address and the key of the vault, and its own number'
);
select is(private.reconcile_function_calls(), '{"succeeded": 0, "retrying": 0, "resent": 0, "failed": 0, "lost": 0}',
  'before its deadline silence means nothing');

-- sent → succeeded
select tests.answer('plain', 204);
select is(private.reconcile_function_calls() ->> 'succeeded', '1', 'an answer of the two hundreds');
select is(tests.state('plain'), 'succeeded 1 204', 'is success');
select is(private.reconcile_function_calls(), '{"succeeded": 0, "retrying": 0, "resent": 0, "failed": 0, "lost": 0}',
  'and is not read twice');

-- sent → retrying → sent → succeeded
select tests.call('second try');
select tests.answer('second try', 503);
select is(private.reconcile_function_calls() ->> 'retrying', '1', 'any other answer');
select is(tests.state('second try'), 'retrying 1 503 answered 503', 'is tried again');
select ok(
  (select next_attempt_at - now() between interval '2 seconds' and interval '3 seconds' from private.function_calls
    join ids using (id) where name = 'second try'),
  'after two to three seconds'
);
select is(private.reconcile_function_calls() ->> 'resent', '0', 'not before');
select tests.pass_pause('second try');
select is(private.reconcile_function_calls() ->> 'resent', '1', 'then it is sent');
select is(tests.state('second try'), 'sent 2 503 answered 503', 'and waits again');
select is(
  (select array_agg(headers ->> 'x-groundwork-call') from net.http_request_queue
    where headers ->> 'x-groundwork-call' = (select id::text from ids where name = 'second try')),
  (select array[id::text, id::text] from ids where name = 'second try'),
  'under the same number'
);
select tests.answer('second try', 200);
select is(private.reconcile_function_calls() ->> 'succeeded', '1', 'the second answer counts');
select is(tests.state('second try'), 'succeeded 2 200', 'and the first trouble is forgotten');

-- sent → retrying, by silence and by what pg_net could not do
select tests.call('silent'), tests.call('unreachable');
select tests.pass_deadline('silent');
select tests.answer('unreachable', null, 'Couldn''t connect to server');
select is(private.reconcile_function_calls() ->> 'retrying', '2', 'silence and what never arrived are tried again');
select is(tests.state('silent'), 'retrying 1 no answer by the deadline', 'silence');
select is(tests.state('unreachable'), 'retrying 1 Couldn''t connect to server', 'a connection that failed');

-- → failed, → lost: attempts used up
select tests.call('refused', 1), tests.call('mute', 1), tests.call('unreached', 1);
select tests.answer('refused', 500), tests.pass_deadline('mute'),
  tests.answer('unreached', null, 'Couldn''t connect to server');
select is(private.reconcile_function_calls(), '{"succeeded": 0, "retrying": 0, "resent": 0, "failed": 1, "lost": 2}',
  'attempts end');
select is(tests.state('refused'), 'failed 1 500 answered 500', 'answered to the last: failed');
select is(tests.state('mute'), 'lost 1 no answer by the deadline', 'silent to the last: lost');
select is(tests.state('unreached'), 'lost 1 Couldn''t connect to server', 'never reached: lost');

-- the pause doubles and is bounded
update private.function_calls
set attempts = 12, max_attempts = 20, status = 'sent', next_attempt_at = null, deadline = now() from ids
where ids.id = function_calls.id and name = 'silent';
select is(private.reconcile_function_calls() ->> 'retrying', '1', 'after the twelfth attempt');
select ok(
  (select next_attempt_at - now() between interval '256 seconds' and interval '384 seconds' from private.function_calls
    join ids using (id) where name = 'silent'),
  'the pause is four to six and a half minutes, and longer it never gets'
);

-- batches
select tests.call('one'), tests.call('two'), tests.call('three');
select tests.answer('one', 200), tests.answer('two', 200), tests.answer('three', 200);
select is(private.reconcile_function_calls(2) ->> 'succeeded', '2', 'a batch is no larger than asked for');
select is(private.reconcile_function_calls(2) ->> 'succeeded', '1', 'and the rest comes next');

-- without address or key
select tests.call('unlucky');
select tests.answer('unlucky', 500);
select is(private.reconcile_function_calls() ->> 'retrying', '1', 'a call is waiting for its second attempt');
select tests.pass_pause('unlucky');
delete from vault.secrets where name = 'groundwork_secret_key';
select is(private.reconcile_function_calls(), '{"succeeded": 0, "retrying": 0, "resent": 0, "failed": 1, "lost": 0}',
  'the key is gone');
select is(tests.state('unlucky'), 'failed 2 500 the vault has no groundwork_functions_url or groundwork_secret_key',
  'it fails, and says why');
select tests.call('keyless');
select is(tests.state('keyless'), 'failed 1 the vault has no groundwork_functions_url or groundwork_secret_key',
  'so does a new call');
select is(tests.answer_of($$update public.permissions set can_use = false where user_id = tests.id('member')$$), 'ok',
  'and what it was for goes on');
delete from vault.secrets where name = 'groundwork_functions_url';
select is(tests.answer_of($$update public.permissions set can_use = true where user_id = tests.id('member')$$), 'ok',
  'also without an address');
select is((select count(*)::integer from private.function_calls where job = 'invalidate-answers' and status = 'failed'),
  2, 'both stand in the ledger as failed');

select is_empty($$select name from ids join private.function_calls using (id)
  where status not in ('succeeded', 'failed', 'lost', 'retrying')$$, 'nothing is left in between');

select * from finish();
rollback;
