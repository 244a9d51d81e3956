begin;
\ir ../../world.psql
select plan(15);

create function tests.inserting(fields text) returns text language sql as $$
  select tests.answer_of(format(
    $x$insert into private.function_calls overriding system value select *
    from jsonb_populate_record(null::private.function_calls,
      '{"job": "tests", "function": "agents/invalidate", "body": {}, "status": "sent", "request_id": 1, "attempts": 1, '
        '"max_attempts": 8,
        "deadline": "2026-01-01", "created_at": "2026-01-01"}'::jsonb ||
          jsonb_build_object('id', nextval('private.function_calls_id_seq')) || %L::jsonb)$x$, fields));
$$;
select is(tests.inserting('{}'), 'ok', 'a call that was sent');
select is(tests.inserting('{"request_id": null}'), '23514', 'sent, but by no request');
select is(tests.inserting('{"deadline": null}'), '23514', 'sent, but awaited for ever');
select is(tests.inserting('{"status": "retrying", "next_attempt_at": "2026-01-01"}'), 'ok',
  'one that waits for its next attempt');
select is(tests.inserting('{"status": "retrying"}'), '23514', 'retrying, but never');
select is(tests.inserting('{"next_attempt_at": "2026-01-01"}'), '23514', 'sent and also about to be');
select is(tests.inserting('{"status": "succeeded", "finished_at": "2026-01-01"}'), 'ok', 'one that succeeded');
select is(tests.inserting('{"status": "succeeded"}'), '23514', 'succeeded, but not finished');
select is(tests.inserting('{"finished_at": "2026-01-01"}'), '23514', 'finished, but still sent');
select is(tests.inserting('{"status": "failed", "finished_at": "2026-01-01"}'), '23514', 'failed for no reason');
select is(tests.inserting('{"status": "lost", "finished_at": "2026-01-01"}'), '23514', 'lost for no reason');
select is(tests.inserting('{"attempts": 9}'), '23514', 'more attempts than it has');
select is(tests.inserting('{"status": "stuck"}'), '23514', 'a status that there is not');
select is(tests.inserting('{"function": "https://elsewhere.example"}'), '23514', 'a function that is an address');
select is(tests.inserting('{"function": "../auth/v1/admin"}'), '23514', 'or a path out of the functions');

select * from finish();
rollback;
