begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(24);

create function pg_temp.answer(parts text, attachments text default '[]') returns text language sql as $$
  select tests.answer_of(format(
    'insert into public.messages (workspace_id, conversation_id, user_id, parent_id, role, parts, attachments) values '
      '(%L, %L, %L, %L, %L, %L, %L)',
    tests.id('north'), tests.id('north talk'), tests.id('member'), tests.id('thanks'), 'user', parts, attachments
  ));
$$;
select is(pg_temp.answer('[{"type": "text", "text": "x"}]'), 'ok', 'a text part');
select is(pg_temp.answer('[{"type": "step-start"}, {"type": "tool-weather", "toolCallId": "1", "state": '
  '"output-available", "input": {}, "output": [1]}]'), 'ok', 'tools and steps');
select is(pg_temp.answer(parts), '23514', format('not %s', parts))
from unnest(array[
  '[]', '{}', '"x"', 'null', '[null]', '["x"]', '[{}]', '[{"text": "x"}]', '[{"type": 1}]', '[{"type": ""}]',
  '[{"type": null}]',
  '[[{"type": "text"}]]', '[{"type": "text"}, 1]', '[{"type": ["text"]}]'
]) as parts;
select is(pg_temp.answer((select jsonb_agg('{"type": "text"}'::jsonb)::text from generate_series(1, 1001))), '23514',
  'not more than a thousand parts');
select is(pg_temp.answer(jsonb_build_array(jsonb_build_object('type', 'text', 'text', repeat('x', 1048577)))::text),
  '23514', 'not more than a mebibyte');
select is(pg_temp.answer('[{"type": "text"}]', '[{"path": "a"}]'), 'ok', 'attachments are objects');
select is(pg_temp.answer('[{"type": "text"}]', '["a"]'), '23514', 'and nothing else');

select is(
  (select string_agg(tests.try_as('service',
    format('update public.messages set %s where id = %L', change, tests.id('thanks'))), ' ' order by place)
   from unnest(array['content_for_llm = ''T''', 'token_count = 7', 'token_count = -1', 'parts = parts',
     'parent_id = null', 'role = ''user''',
     'user_id = user_id', 'created_at = now()']) with ordinality as c (change, place)),
  'yes yes invalid_value no no no no no', 'the service adds what prompts need, and changes nothing of what was said'
);
select is(tests.try_as('service', format('delete from public.messages where id = %L', tests.id('answer'))), '23503',
  'what others follow stays');
do $$ begin perform tests.say('by the way', 'answer'); end; $$;
select is(tests.try_as('service', format('delete from public.messages where id = %L', tests.id('by the way'))), 'yes',
  'what none follows an erasure takes');
select is(
  tests.answer_of(format(
    'insert into public.messages (workspace_id, conversation_id, user_id, parent_id, role, parts) values (%L, %L, %L, '
      '%L, %L, %L)',
    tests.id('north'), tests.id('north talk'), tests.id('member'), tests.id('question'), 'user', '[{"type": "text"}]'
  )),
  '23503', 'a message follows one of its own conversation'
);

select * from finish();
rollback;
