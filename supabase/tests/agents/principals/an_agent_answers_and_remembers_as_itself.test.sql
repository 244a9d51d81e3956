-- What an agent writes for a person: it speaks as the assistant, remembers for itself, and cannot say that the person
-- said it.
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
\ir tokens.psql
insert into public.conversations (id, workspace_id, user_id, agent_id, title)
  values (tests.id('other talk'), tests.id('north'), tests.id('member'), tests.id('payroll'), 'Pay');
insert into public.memories (id, workspace_id, user_id, agent_id, content) values
  (tests.id('of all'), tests.id('north'), tests.id('member'), null, 'likes tea'),
  (tests.id('of payroll'), tests.id('north'), tests.id('member'), tests.id('payroll'), 'earns 4000');
do $$ begin perform tests.say('hidden', talk => 'other talk'); end; $$;

select plan(19);
do $$ begin perform tests.authenticate_as('member via hr: conversations:read conversations:write memory:read '
  'memory:write'); end; $$;
select results_eq('select title from public.conversations', $$values ('Leave')$$,
  'it reads the talk with itself, not that with another agent');
select is((select count(*)::integer from public.messages), 3, 'and its messages');
select results_eq('select content from public.memories', $$values ('likes tea')$$,
  'it reads what is for all agents, not what another keeps');
select is((public.add_message(tests.id('north talk'), '[{"type": "text", "text": "You have 12 days."}]',
  'assistant')).role, 'assistant', 'it answers');
select is(tests.answer_of($$select public.add_message(tests.id('north talk'), '[{"type": "text", "text": "x"}]')$$),
  '403 forbidden', 'it does not speak as the person');
select is(tests.answer_of($$select public.add_message(tests.id('north talk'), '[{"type": "text", "text": "x"}]',
  'system')$$), '403 forbidden', 'nor as the system');
select is(tests.answer_of($$select public.add_message(tests.id('north talk'), '[{"type": "text", "text": "x"}]',
  'assistant', token_count => 1)$$), '403 forbidden', 'nor is it believed a count');
select is(tests.answer_of($$select public.add_message(tests.id('other talk'), '[{"type": "text", "text": "x"}]',
  'assistant')$$), '404 not_found', 'nor elsewhere');
select is(tests.answer_of($$select public.delete_conversation(tests.id('north talk'))$$), '404 not_found',
  'it deletes no conversation');
select is(tests.answer_of($$select public.create_share_link(tests.id('north talk'))$$), '404 not_found',
  'it shares none');
select is((select outcome from public.remember(tests.id('north'), 'Wants an early shift')), 'added', 'it remembers');
select results_eq($$select agent_id, source_kind from public.memories where content = 'Wants an early shift'$$,
  $$values (tests.id('hr'), 'assistant_message')$$, 'for itself, as something that the assistant said');
select is((select outcome
  from public.remember(tests.id('north'), 'Says thanks', source_kind => 'user_message',
  source_message_id => tests.id('thanks'))), 'added',
  'what the person said in their talk');
select is((select source_kind from public.memories where content = 'Says thanks'), 'user_message',
  'is what the person said');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'x y', agent_id => tests.id('payroll'))$$),
  '403 forbidden', 'not for another agent');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'x y', supersedes => tests.id('of all'))$$),
  '404 not_found', 'it ends nothing that all agents share');
select is(tests.answer_of($$select public.forget(tests.id('of all'))$$), '404 not_found', 'nor does it forget it');
select is((select public.forget(id) from public.memories where content = 'Says thanks'), 1,
  'what it remembered itself it forgets');
do $$ begin perform tests.authenticate_as('member via hr: conversations:read memory:read'); end; $$;
select is(tests.answer_of($$select public.add_message(tests.id('north talk'), '[{"type": "text", "text": "x"}]',
  'assistant')$$)
  || ', ' || tests.answer_of($$select public.remember(tests.id('north'), 'x y')$$),
  '404 not_found, 403 insufficient_scope', 'who may only read writes nothing');
select * from finish();
rollback;
