begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
\ir ../long_talk.psql
select plan(5);

select tests.authenticate_as('service');
create temporary table prompt on commit drop as select public.assemble_context(tests.id('north talk'), 100000,
  preprocessing => '{
  "intent": "ask", "memory_query": "message number", "clarity": 0.9, "model_selected": "small", "model_reason": "a '
    'short question", "duration_ms": 40}') as body;
select tests.authenticate_as('database');
select is((select format('%s %s %s', model_selected, model_reason, clarity) from public.preprocessing_logs
  where message_id = tests.id('m60')),
  'small a short question 0.9', 'the log is kept beside the newest message');
select is((select body ->> 'preprocessing_log_id' from prompt),
  (select id::text from public.preprocessing_logs where message_id = tests.id('m60')), 'and named in the answer');
select is((select body -> 'messages' -> -1 ->> 'content' from prompt),
  E'What may matter now:\n- Their message number is 7.', 'its question to memory is asked');
select is(tests.answer_of($$select private.assemble_context(tests.id('north talk'), 100000, null, null, null, null,
  '{"model_selected": "small"}')$$), '23514',
  'a model is not chosen without a reason');
select tests.authenticate_as('member');
select is(tests.answer_of($$select public.assemble_context(tests.id('north talk'),
  preprocessing => '{"intent": "ask"}')$$), '403 forbidden', 'people do not say what they were taken for');

select * from finish();
rollback;
