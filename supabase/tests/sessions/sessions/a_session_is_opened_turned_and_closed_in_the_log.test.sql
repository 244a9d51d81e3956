begin;
\ir ../../world.psql
select plan(33);

-- Opening
select results_eq(
  $$select allowed, reason, workspace_id, endpoint_url, in_cluster, k8s_namespace, session,
    revision = (select revision from private.permission_revisions where user_id = tests.id('member'))
    from private.open_session(tests.id('member'), tests.id('hr'), tests.id('session'), 'tests-open')$$,
  $$values (true, 'granted', tests.id('north'), 'https://hr.example/agent', false, 'tests-north', tests.id('session'),
    true)$$,
  'who may is told where the agent answers'
);
select results_eq(
  $$select actor_id, agent_id, action::text, subject_id::text from public.audit_log where request_id = 'tests-open'$$,
  $$values (tests.id('member'), tests.id('hr'), 'session.opened', tests.id('session')::text)$$,
  'and it is written down'
);
select is(
  (select session
    from private.open_session(tests.id('member'), tests.id('hr'), tests.id('another session'), 'tests-open')),
    tests.id('session'),
  'the same request again is answered with the first session'
);
select is((select count(*)::integer from public.audit_log
  where action = 'session.opened' and workspace_id = tests.id('north')), 1, 'and opens none');
select results_eq(
  $$select allowed, reason, endpoint_url, session
  from private.open_session(tests.id('guest'), tests.id('hr'), tests.id('guest session'), null)$$,
  $$values (false, 'not_granted', null::text, null::uuid)$$,
  'who may not is told why, and no endpoint'
);
select results_eq(
  $$select allowed, reason, workspace_id
  from private.open_session(tests.id('clerk'), tests.id('hr'), tests.id('clerk session'), null)$$,
  $$values (false, 'not_a_member', null::uuid)$$,
  'an outsider'
);
select results_eq(
  $$select allowed, reason
  from private.open_session(tests.id('clerk'), tests.id('nonexistent'), tests.id('clerk session'), null)$$,
  $$values (false, 'unknown_agent')$$,
  'an agent that is none'
);
select is((select count(*)::integer from public.audit_log
  where action = 'session.opened' and workspace_id = tests.id('north')), 1, 'a refusal is no session');
select results_eq(
  $$select session
  from private.open_session(tests.id('owner'), tests.id('hr'), tests.id('third session'), 'tests-open')$$,
  $$values (tests.id('third session'))$$,
    'another person''s request id is not in one''s way, and opens one''s own session'
);
select is(
  tests.answer_of($$select private.open_session(tests.id('owner'), tests.id('payroll'), tests.id('owner session'),
    'tests-open')$$), '409 request_id_reused',
  'nor for another agent'
);
insert into public.permissions (user_id, agent_id, workspace_id)
values (tests.id('member'), tests.id('payroll'), tests.id('north'));
select is(
  tests.answer_of($$select private.open_session(tests.id('member'), tests.id('payroll'), tests.id('second session'),
    'tests-open')$$), '409 request_id_reused',
  'one''s own request id for another agent neither'
);
update public.agents set endpoint_url = 'http://hr.tests-north.svc.cluster.local' where id = tests.id('hr');
select ok((select in_cluster
  from private.open_session(tests.id('owner'), tests.id('hr'), tests.id('owner session'), null)),
  'an address inside the cluster is called one');

-- Finding
select results_eq(
  $$select user_id, agent_id, workspace_id, opened_at, closed_at from private.find_session(tests.id('session'))$$,
  $$values (tests.id('member'), tests.id('hr'), tests.id('north'), now(), null::timestamptz)$$,
  'a session that the scratchpad forgot is found in the log'
);
select is_empty($$select * from private.find_session(tests.id('guest session'))$$, 'one that never was is not');
select tests.authenticate_as('member');
select is(
  tests.answer_of($$select public.log_audit(tests.id('north'), 'session.opened', 'session',
    tests.id('forged')::text)$$), '403 reserved_action',
  'nobody writes a session for themselves'
);
select tests.authenticate_as('database');

-- Turns
create function tests.turn(request_id text,
  usage jsonb default '[{"kind": "message", "quantity": 1, "unit": "message"}, {"kind": "tokens", "quantity": 850, '
  '"unit": "token", "amount_minor": 3, "currency": "EUR"}]')
returns text language sql as $$
  select tests.answer_of(format('select private.record_turn(%L, %L, %L, %L, %L, ''{"model": "m"}'')',
    tests.id('session'), tests.id('member'), tests.id('hr'), request_id, usage));
$$;
select is(tests.turn('tests-turn'), 'ok', 'a turn ends');
select results_eq(
  $$select actor_id, agent_id, action::text, subject_id::text, detail::text from public.audit_log
  where request_id = 'tests-turn'$$,
  $$values (tests.id('member'), tests.id('hr'), 'session.turn', tests.id('session')::text, '{"model": "m"}')$$,
  'it is in the log'
);
select results_eq(
  $$select kind, quantity, unit, amount_minor, currency, agent_id, user_id, workspace_id from public.billing_events
  where request_id = 'tests-turn' order by kind$$,
  $$values ('message', 1.000000, 'message', 0::bigint, 'USD', tests.id('hr'), tests.id('member'), tests.id('north')),
    ('tokens', 850.000000, 'token', 3::bigint, 'EUR', tests.id('hr'), tests.id('member'), tests.id('north'))$$,
  'and its use is billed'
);
select is(tests.turn('tests-turn'), 'ok', 'told twice');
select is((select count(*)::integer from public.audit_log where request_id = 'tests-turn'), 1, 'it is one entry');
select is((select count(*)::integer from public.billing_events where request_id = 'tests-turn'), 2, 'and billed once');
select is(tests.turn('tests-wrong', '[{"kind": "favours", "quantity": 1, "unit": "favour"}]'), '23514',
  'a use that there is not');
select is_empty($$select from public.audit_log where request_id = 'tests-wrong'$$, 'is neither billed nor in the log');
select is(tests.turn('tests-open'), '409 request_id_reused', 'the request id of another request');
select is(
  tests.answer_of($$select private.record_turn(tests.id('owner session'), tests.id('owner'), tests.id('hr'),
    'tests-turn')$$), 'ok',
  'another person''s is not in one''s way'
);
select is(tests.turn(null), '400 invalid_body', 'a turn needs a request id');
select is(
  tests.answer_of($$select private.record_turn(tests.id('session'), tests.id('member'), tests.id('nonexistent'),
    'tests-none')$$), '404 not_found', 'and an agent'
);

-- Closing
select is(tests.answer_of($$select private.close_session(tests.id('session'), tests.id('owner'))$$), '404 not_found',
  'another person does not close it');
select is(tests.answer_of($$select private.close_session(tests.id('nonexistent'), tests.id('member'))$$),
  '404 not_found', 'one that never was is not closed');
select is(
  tests.answer_of($$select private.close_session(tests.id('session'), tests.id('member'), 'tests-turn')$$),
  '409 request_id_reused',
  'a request id that was used for something else closes nothing, and says so'
);
select ok(private.close_session(tests.id('session'), tests.id('member'), 'tests-close'), 'its person closes it');
select ok(not private.close_session(tests.id('session'), tests.id('member'), 'tests-close'), 'once');
select is((select closed_at from private.find_session(tests.id('session'))), now(), 'and it is found closed');

select * from finish();
rollback;
