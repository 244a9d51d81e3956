begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(42);

create function pg_temp.call(state text, more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('type', 'tool-pay', 'toolCallId', 'call 1', 'state', state) || more;
$$;
create function pg_temp.said(text text, state text default null) returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object('type', 'text', 'text', text, 'state', state));
$$;
create function pg_temp.store(id text, variadic parts jsonb[]) returns text language sql as $$
  select tests.answer_of(format('select public.add_message(%L, %L, ''assistant'', message_id => %L)',
    tests.id('north talk'), to_jsonb(parts), id));
$$;
create function pg_temp.approve(who text, approved boolean, id text default 'a1',
  message text default 'msg_1') returns text
language plpgsql as $$
begin
  perform tests.authenticate_as(who);
  return tests.answer_of(format('select public.answer_approval(%L, %L, %L, %L, ''fine'')', tests.id('north talk'),
    message, id, approved));
end;
$$;
create function pg_temp.state_of(message text default 'msg_1') returns text language sql as $$
  select m.parts -> 0 ->> 'state' from public.messages as m where m.client_id = message;
$$;
create function pg_temp.asked(more jsonb default '{}') returns jsonb language sql as $$
  select pg_temp.call('approval-requested', '{"input": {"eur": 5}, "approval": {"id": "a1"}}'::jsonb || more);
$$;
grant execute on all functions in schema pg_temp to public;

-- One message from its first word to its last
select tests.authenticate_as('service');
select is(pg_temp.store('msg_1', pg_temp.call('input-streaming', '{"input": {}}')), 'ok',
  'a call whose input is on its way');
select is(pg_temp.store('msg_1', pg_temp.call('input-streaming', '{"input": {"eur": 0}}')), 'ok',
  'goes on under its id');
select is(pg_temp.store('msg_1', pg_temp.call('input-available', '{"input": {"eur": 5}}')), 'ok', 'is whole');
select is(pg_temp.store('msg_1', pg_temp.call('input-available', '{"input": {"eur": 50}}')), '409 message_id_reused',
  'its input stays then');
select is(pg_temp.store('msg_1', pg_temp.asked()), 'ok', 'asks for approval');
select is(pg_temp.store('msg_1', pg_temp.asked()), 'ok', 'the same again');
select is(pg_temp.store('msg_1', pg_temp.call('input-available', '{"input": {"eur": 5}}')), '409 message_id_reused',
  'it does not go back');
select is(pg_temp.store('msg_1', pg_temp.asked('{"toolCallId": "call 2"}')), '409 message_id_reused',
  'nor becomes another call');
select is(
  tests.answer_of(format('select public.add_message(%L, ''[]'', ''assistant'', message_id => ''msg_1'')',
    tests.id('north talk'))),
  '409 message_id_reused', 'nor nothing'
);
select is((select count(*) from public.message_states), 3::bigint, 'each state that it had is kept');
select is(
  (select string_agg(parts -> 0 ->> 'state', ' ' order by version) from public.message_states),
  'input-streaming input-streaming input-available', 'in their order'
);

-- Who approves
select is(pg_temp.approve('outsider', true), '404 not_found', 'a stranger approves nothing');
select is(pg_temp.approve('admin', true), '404 not_found', 'nor does an admin');
select is(pg_temp.approve('member', true, 'a2'), '404 not_found', 'nor anybody what was not asked');
select is(pg_temp.state_of(), 'approval-requested', 'and nothing moved');
select is(pg_temp.approve('member', true), 'ok', 'the owner of the conversation approves');
select is(pg_temp.approve('member', true), 'ok', 'twice is once');
select is(pg_temp.approve('member', false), '409 already_answered', 'and does not take it back so');
select tests.authenticate_as('service');
select is(pg_temp.state_of(), 'approval-responded', 'the call goes on');
select is(
  (select string_agg(concat_ws(' ', action, detail ->> 'tool_call_id', actor_id = tests.id('member')), ', ')
    from public.audit_log
    where workspace_id = tests.id('north') and action like 'tool_call.%'),
  'tool_call.approved call 1 t', 'who approved which call is in the audit log, once'
);
select is(
  pg_temp.store('msg_1', pg_temp.call('output-available',
    '{"input": {"eur": 5}, "output": "paid", "approval": {"id": "a1", "approved": false}}')),
  '409 message_id_reused', 'nobody makes a refusal of it'
);
select is(
  pg_temp.store('msg_1', pg_temp.call('output-available',
    '{"input": {"eur": 5}, "output": "paid", "approval": {"id": "a1", "approved": true, "reason": "fine"}}')),
  'ok', 'it has its output'
);
select is(
  pg_temp.store('msg_1', pg_temp.call('output-available', '{"input": {"eur": 5}, "output": "lost"}')),
  '409 message_id_reused', 'which stays'
);
select is(
  pg_temp.store('msg_1',
    pg_temp.call('output-available',
      '{"input": {"eur": 5}, "output": "paid", "approval": {"id": "a1", "approved": true, "reason": "fine"}}'),
    pg_temp.said('Do', 'streaming')),
  'ok', 'the assistant goes on after it'
);
select is(
  pg_temp.store('msg_1',
    pg_temp.call('output-available',
      '{"input": {"eur": 5}, "output": "paid", "approval": {"id": "a1", "approved": true, "reason": "fine"}}'),
    pg_temp.said('Paid', 'done')),
  '409 message_id_reused', 'its text only grows'
);
select is(
  pg_temp.store('msg_1',
    pg_temp.call('output-available',
      '{"input": {"eur": 5}, "output": "paid", "approval": {"id": "a1", "approved": true, "reason": "fine"}}'),
    pg_temp.said('Done.', 'done')),
  'ok', 'until it is said'
);
select is(
  pg_temp.store('msg_1',
    pg_temp.call('output-available',
      '{"input": {"eur": 5}, "output": "paid", "approval": {"id": "a1", "approved": true, "reason": "fine"}}'),
    pg_temp.said('Done.', 'done'), pg_temp.said('And more.')),
  '409 message_id_reused', 'then it is settled'
);
select is((select count(*) from public.messages where client_id = 'msg_1'), 1::bigint, 'it is one message all along');
select tests.authenticate_as('database');
select ok(
  (select m.token_count >= private.count_tokens(m.parts) from public.messages as m where m.client_id = 'msg_1'),
    'and counts as what it is now'
);

-- What was refused has no output
select tests.authenticate_as('service');
select is(pg_temp.store('msg_2', pg_temp.asked()), 'ok', 'another asks');
select is(pg_temp.approve('member', false, 'a1', 'msg_2'), 'ok', 'and is refused');
select tests.authenticate_as('service');
select is(
  pg_temp.store('msg_2', pg_temp.call('output-available', '{"input": {"eur": 5}, "output": "paid"}')),
  '409 message_id_reused',
  'it has no output, whoever says so'
);
select is(
  pg_temp.store('msg_2',
    pg_temp.call('output-denied', '{"input": {"eur": 5}, "approval": {"id": "a1", "approved": false, "reason": '
      '"fine"}}')),
  'ok', 'it is denied'
);
select is(
  (select string_agg(action, ' ' order by id) from public.audit_log
    where workspace_id = tests.id('north') and action like 'tool_call.%'),
  'tool_call.approved tool_call.refused', 'both are in the audit log'
);

-- Data, other sorts of parts, and what a person says
select is(
  pg_temp.store('msg_3', '{"type": "data-chart", "id": "1", "data": 1}', pg_temp.said('So', 'streaming')), 'ok',
  'data and text on their way'
);
select is(
  pg_temp.store('msg_3', '{"type": "data-chart", "id": "1", "data": 2}', pg_temp.said('So far', 'streaming')), 'ok',
  'become what they become'
);
select is(pg_temp.store('msg_3', pg_temp.said('So far', 'streaming')), '409 message_id_reused', 'no part is lost');
select is(
  pg_temp.store('msg_4', '{"type": "tool-call", "toolCallId": "c"}'), 'ok', 'a call as models write it has no states'
);
select is(
  pg_temp.store('msg_4', '{"type": "tool-call", "toolCallId": "c"}', pg_temp.said('x')), '409 message_id_reused',
  'and is settled'
);
select tests.authenticate_as('member');
select is(
  tests.answer_of(format('select public.add_message(%L, ''[{"type": "text", "text": "I"}]'', message_id => ''mine'')',
    tests.id('north talk'))), 'ok',
  'a person says something'
);
select is(
  tests.answer_of(format('select public.add_message(%L, ''[{"type": "text", "text": "I do"}]'', message_id => '
    '''mine'')', tests.id('north talk'))),
  '409 message_id_reused', 'which does not grow'
);
select is(
  tests.answer_of(format('select public.add_message(%L, %L, ''assistant'', message_id => ''msg_3'')',
    tests.id('north talk'),
    jsonb_build_array(pg_temp.said('So far so good', 'done')))),
  '403 forbidden', 'nor does a person move the assistant''s on'
);

select * from finish();
rollback;
