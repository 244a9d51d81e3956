begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
\ir ../long_talk.psql
select plan(12);

create temporary table prompts on commit drop as
  select budget, private.assemble_context(tests.id('north talk'), budget, null, null, null, null, null) as body
  from generate_series(100, 900, 20) as budget;

select is_empty($$select budget from prompts
  where (body ->> 'token_count')::integer > budget$$, 'no prompt is longer than its budget');
select is_empty($$select budget from prompts
  where body -> 'messages' -> -2 ->> 'id' <> tests.id('m60')::text
  and body -> 'messages' -> -1 ->> 'id' <> tests.id('m60')::text$$,
  'the newest message is in each');
select ok((select bool_and(more.n >= less.n) from (
    select budget, jsonb_array_length(body -> 'messages') as n from prompts) as less join (
    select budget, jsonb_array_length(body -> 'messages') as n from prompts) as more on more.budget = less.budget + 20),
  'more room never means less of the talk');
select is_empty(
  $$select budget from prompts cross join lateral (
      select array_agg(m ->> 'id' order by place) as ids
      from jsonb_array_elements(body -> 'messages') with ordinality as e (m, place) where m ? 'id') as talk
    where ids <> (select array_agg(tests.id('m' || n)::text order by n)
      from generate_series(61 - cardinality(ids), 60) as n)$$,
  'what is in is one piece of the branch, without a hole');
select is_empty($$select budget from prompts
  where jsonb_array_length(body -> 'messages') < 52 and body -> 'left_out' = '[]'$$,
  'where something is missing, that is said');
select is(tests.answer_of($$select private.assemble_context(tests.id('north talk'), 99, null, null, null, null,
  null)$$), '422 invalid_budget', 'a budget has bounds');
select tests.say('long', 'm60', repeat('word ', 200));
update public.conversations set active_message_id = tests.id('long') where id = tests.id('north talk');
select is(tests.answer_of($$select private.assemble_context(tests.id('north talk'), 200, null, null, null, null,
  null)$$), '422 budget_too_small',
  'a prompt without the newest message is none');
select is(tests.answer_of($$select private.assemble_context(tests.id('north talk'), 400, null, null, null, null,
  null)$$), 'ok', 'with room for it there is one');

-- A whole message that has a short form gives way to it.
update public.messages set content_for_llm = 'long' where id = tests.id('long');
select tests.say('after', 'long', 'And now?');
update public.conversations set active_message_id = tests.id('after') where id = tests.id('north talk');
select is(
  (select m ->> 'content'
    from jsonb_array_elements(private.assemble_context(tests.id('north talk'), 200, null, null, null, null,
    null) -> 'messages') as m
   where m ->> 'id' = tests.id('long')::text),
  'long', 'of the newest ten, what does not fit whole goes in short');

-- A profile without end.
insert into public.memories (workspace_id, user_id, kind, category, content)
select tests.id('north'), tests.id('member'), 'profile', 'personal', 'Likes number ' || n
from generate_series(1, 500) as n;
create temporary table long_profile on commit drop as
  select private.assemble_context(tests.id('north talk'), budget, null, null, null, null, null) as body, budget
  from unnest(array[400, 100000]) as budget;
select is((select jsonb_array_length(body -> 'messages' -> 0 -> 'memory_ids') from long_profile where budget = 100000),
  100, 'of a profile a hundred entries');
select is((select body -> 'left_out' -> 0 ->> 'reason' from long_profile where budget = 100000), 'more_than_a_hundred',
  'and that there are more is said');
select is_empty($$select from long_profile
  where (body ->> 'token_count')::integer > budget or jsonb_array_length(body -> 'left_out') > 112$$,
  'within the budget, as ever');

select * from finish();
rollback;
