begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
\ir ../long_talk.psql
select plan(11);

create temporary table prompt on commit drop as select private.assemble_context(tests.id('north talk'), 100000, null,
  null, null, null, null) as body;
create temporary view said as
  select place - 1 as place, message from prompt cross
  join jsonb_array_elements(body -> 'messages') with ordinality as m (message, place);

select is((select count(*)::integer from said), 52, 'fifty messages, the profile and the memories');
select is((select message ->> 'content' from said where place = 0),
  E'What is known of the person:\n- Is called Mo.\n- Likes short answers.', 'the profile is first');
select is((select message ->> 'content' from said where place = 51),
  E'What may matter now:\n- Their message number is 7.', 'what fits the newest message is last, and nothing of others');
select is((select message ->> 'id' from said where place = 50), tests.id('m60')::text, 'before it the newest message');
select is((select message ->> 'id' from said where place = 1), tests.id('m11')::text,
  'and the oldest of the fifty at the beginning');
select is((select count(*)::integer from said where place between 41 and 50 and message ? 'parts'), 10,
  'the newest ten are whole, also those that have a short form');
select is((select count(*)::integer from said where place between 1 and 40 and message ? 'content'), 13,
  'older ones are short where there is a short form');
select is((select message ->> 'content' from said where message ->> 'id' = tests.id('m48')::text), 'short 48',
  'in the words of content_for_llm');
select is((select body -> 'left_out' from prompt),
  jsonb_build_array(jsonb_build_object('what', 'messages', 'from', tests.id('m10'), 'reason', 'older_than_fifty')),
  'what is older is said to be left out');
do $$ begin perform private.count_recalls(); end; $$;
select is((select recalled_count from public.memories where id = tests.id('number')), 1,
  'what was recalled is counted');
select is(private.assemble_context(tests.id('north talk'), 100000, null, null, null, null, null) -> 'messages',
  (select body -> 'messages' from prompt),
  'the same state gives the same prompt');

select * from finish();
rollback;
