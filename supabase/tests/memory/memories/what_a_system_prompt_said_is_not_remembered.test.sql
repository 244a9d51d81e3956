begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
select plan(4);
select tests.say('rules', 'thanks', 'You are a helpful assistant who loves invoices.', 'system');
select tests.say('wish', 'rules', 'I love invoices.');

select tests.authenticate_as('member');
select is(tests.answer_of(format($$select public.remember(tests.id('north'), 'Loves invoices.',
  source_kind => 'user_message', source_message_id => %L)$$, tests.id('rules'))),
  '422 memory_feedback', 'a system message is no source, whatever it is called');
select is((select count(*)::integer from public.memories), 0, 'and nothing is kept of it');
select is(tests.answer_of(format($$select public.remember(tests.id('north'), 'Loves invoices.',
  source_kind => 'user_message', source_message_id => %L)$$, tests.id('wish'))),
  'ok', 'what the person said themselves is one');
select is((select source_message_id from public.memories), tests.id('wish'), 'and named');

select * from finish();
rollback;
