begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(13);

create function tests.trace(n integer) returns text language sql immutable as $$
  select format('00-%s-00f067aa0ba902b7-01', lpad(n::text, 32, '0'));
$$;
create function tests.trace_of(title text) returns text language sql as $$
  select traceparent from public.chores where chores.title = $1;
$$;

-- Where the trace comes from ----------------------------------------------------------------------------------------
select is(private.current_traceparent()::text, null, 'a statement of nobody has no trace');
select set_config('request.headers', json_build_object('accept', '*/*', 'traceparent', tests.trace(1))::text, true);
select is(private.current_traceparent()::text, tests.trace(1), 'the Data API hands over the header');
select set_config('groundwork.traceparent', tests.trace(2), true);
select is(private.current_traceparent()::text, tests.trace(2), 'a function says it, and goes before');
select set_config('groundwork.traceparent', '', true);
select is(private.current_traceparent()::text, tests.trace(1), 'said as nothing it is not said');

-- A header is anybody's to write ------------------------------------------------------------------------------------
create function tests.read_header(given text) returns text language plpgsql as $$
begin
  perform set_config('request.headers', json_build_object('traceparent', given)::text, true);
  return private.current_traceparent()::text;
end;
$$;
select is(
  (select array_agg(tests.read_header(given)) filter (where tests.read_header(given) is not null) from unnest(array[
    '', 'no', repeat('0', 1000000), tests.trace(1) || '-more', upper(tests.trace(1)) || 'A',
    '01' || substr(tests.trace(1), 3),
    '00-' || repeat('0', 32) || '-00f067aa0ba902b7-01', '00-' || repeat('a', 32) || '-' || repeat('0', 16) || '-01',
    tests.trace(1) || E'\n', '''; drop table public.chores; --'
  ]) as given),
  null, 'what is no traceparent is ignored'
);
select is(tests.read_header(tests.trace(7)), tests.trace(7), 'and one that is is not');

-- Work --------------------------------------------------------------------------------------------------------------
select tests.add('traced');
select set_config('request.headers', '', true);
select tests.add('untraced');
select is(tests.trace_of('traced'), tests.trace(7), 'work keeps the trace of who added it');
select is(tests.trace_of('untraced'), null, 'or none');
select is(
  (select array_agg(claimed.work ->> 'traceparent' order by claimed.work ->> 'title')
    from private.claim_work('chores', 'w', 2) as claimed),
  array[tests.trace(7), null], 'who claims it is told'
);
select private.enqueue_work('chores', jsonb_build_array(
  jsonb_build_object('workspace_id', tests.id('north'), 'title', 'named', 'traceparent', tests.trace(9))
));
select is(tests.trace_of('named'), tests.trace(9), 'who enqueues may name another');
select throws_ok(
  format('select private.enqueue_work(%L, %L)', 'chores', jsonb_build_array(
    jsonb_build_object('workspace_id', tests.id('north'), 'title', 'bad', 'traceparent', 'no'))),
  '23514', null, 'but nothing that is none'
);

-- Calls of functions ------------------------------------------------------------------------------------------------
delete from net.http_request_queue;
select set_config('groundwork.traceparent', tests.trace(3), true);
select private.call_function('tests', 'agents/invalidate');
select set_config('groundwork.traceparent', '', true);
select private.call_function('tests', 'agents/invalidate');
select is(
  (select array_agg(traceparent::text order by id) from private.function_calls where job = 'tests'),
  array[tests.trace(3), null], 'the ledger keeps the trace of who caused a call'
);
select is(
  (select array_agg(headers ->> 'traceparent' order by id) from net.http_request_queue),
  array[tests.trace(3), null], 'and the call bears it'
);

select * from finish();
rollback;
