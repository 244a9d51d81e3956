-- The attack: a person's empty turn with R made the service's billed turn with R a repetition, and nothing was billed.
-- Nobody's ids are in another's way, and the same id with something else is refused and not answered in silence.
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
select plan(21);

insert into public.audit_log (workspace_id, actor_id, agent_id, action, subject_type, subject_id)
values (tests.id('north'), tests.id('member'), tests.id('hr'), 'session.opened', 'session', tests.id('session')::text);
create function tests.turn(request text, usage jsonb, by_service boolean, detail jsonb default '{}') returns text
  language sql as $$
  select tests.answer_of(format('select private.record_turn(%L, %L, %L, %L, %L, %L, %L)',
    tests.id('session'), tests.id('member'), tests.id('hr'), request, usage, detail, by_service));
$$;
create function tests.billed(request text) returns numeric language sql as $$
  select coalesce(sum(quantity), 0) from public.billing_events
  where workspace_id = tests.id('north') and request_id = request;
$$;
create function tests.turns(request text) returns bigint language sql as $$
  select count(*) from public.audit_log
  where workspace_id = tests.id('north') and request_id = request and action = 'session.turn';
$$;

select is(tests.turn('R', '[]', false), 'ok', 'a person sends an empty turn');
select is(tests.turn('R', '[{"kind": "tokens", "quantity": 900, "unit": "token"}]', true), 'ok',
  'and the service the one that was used');
select is(tests.billed('R'), 900::numeric, 'which is billed');
select is(tests.turns('R'), 2::bigint, 'two requests of two callers');
select is(tests.turn('R', '[{"kind": "tokens", "quantity": 900, "unit": "token"}]', true), 'ok',
  'the same again is the same');
select is(tests.billed('R'), 900::numeric, 'and billed once');
select is(tests.turn('R', '[{"kind": "tokens", "quantity": 901, "unit": "token"}]', true), '409 request_id_reused',
  'with another quantity it is refused');
select is(tests.turn('R', '[]', false, '{"a": 1}'), '409 request_id_reused', 'a person''s with another detail as well');
select is(tests.billed('R'), 900::numeric, 'and nothing came of either');

-- Usage
create function tests.used(quantity numeric) returns text language sql as $$
  select tests.answer_of(format('select public.record_usage(%L, ''seat'', %s, ''seat'', request_id => ''U'')',
    tests.id('north'), quantity));
$$;
select is(tests.used(1), 'ok', 'usage is recorded');
select is(tests.used(1.000), 'ok', 'once');
select is(tests.used(2), '409 request_id_reused', 'with another quantity it is refused');
select is(tests.billed('U'), 1::numeric, 'and is as it was');

-- The audit log: members of one workspace
select tests.authenticate_as('member');
create temporary table mine on commit drop as select public.log_audit(tests.id('north'), 'a.first',
  request_id => 'L') as id;
select tests.authenticate_as('admin');
select is(tests.answer_of($$select public.log_audit(tests.id('north'), 'a.other', request_id => 'L')$$), 'ok',
  'a colleague''s id is in nobody''s way');
select tests.authenticate_as('service');
select is(tests.answer_of($$select public.log_audit(tests.id('north'), 'a.third', request_id => 'L')$$), 'ok',
  'nor in the service''s');
select tests.authenticate_as('database');
select is((select count(*)::integer from public.audit_log where request_id = 'L'), 3, 'three entries');

-- Background queries and messages
create function tests.asks(input jsonb) returns text language sql as $$
  select tests.answer_of(format('select public.ask_in_background(%L, ''research'', %L, ''Q'')', tests.id('north talk'),
    input));
$$;
select tests.authenticate_as('member');
select is(tests.asks('{"a": 1}'), 'ok', 'a query is asked');
select is(tests.asks('{"a": 1}'), 'ok', 'again it is the same');
select is(tests.asks('{"a": 2}'), '409 request_id_reused', 'another under its key is refused');
select tests.authenticate_as('service');
select is(tests.asks('{"a": 3}'), 'ok', 'the service has keys of its own');
select tests.authenticate_as('database');
insert into public.streams (workspace_id, conversation_id, user_id, message_id)
values (tests.id('north'), tests.id('north talk'), tests.id('member'), tests.id('announced'));
select tests.authenticate_as('member');
select is(tests.answer_of(format($$select public.add_message(%L, '[{"type": "text", "text": "mine"}]',
  message_id => %L)$$, tests.id('north talk'), tests.id('announced'))),
  '409 message_id_reused', 'the id of an answer on its way is taken');

select * from finish();
rollback;
