-- The attack: 400 kB that claimed to be one token entered a prompt of a hundred.
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
select plan(8);

create function tests.claims(name text, said text, tokens integer) returns void language sql as $$
  select private.add_message(tests.id('north talk'),
    jsonb_build_array(jsonb_build_object('type', 'text', 'text', said)), 'assistant', tests.id(name)::text,
    null, null, '[]', '{}', null, tokens, null);
$$;
select tests.claims('huge', repeat('word ', 80000), 1);
select is((select token_count >= 100000 from public.messages where client_id = tests.id('huge')::text), true,
  'a count is made at the door, whatever is claimed');
select is(tests.answer_of($$select private.assemble_context(tests.id('north talk'), 100, null, null, null, null,
  null)$$), '422 budget_too_small', 'alone it does not fit');
select tests.claims('small', 'yes', 3);
create temporary table prompt on commit drop as select private.assemble_context(tests.id('north talk'), 100, null, null,
  null, null, null) as body;
select is((select octet_length(body ->> 'messages') < 2000 from prompt), true,
  'nor does it enter with a later message');
select is((select (body ->> 'token_count')::integer <= 100 from prompt), true, 'the budget is kept');
select tests.authenticate_as('service');
update public.messages set token_count = 1 where client_id = tests.id('huge')::text;
select is((select token_count >= 100000 from public.messages where client_id = tests.id('huge')::text), true,
  'nor is it made smaller afterwards');
update public.messages set token_count = 700 where client_id = tests.id('small')::text;
select is((select token_count from public.messages where client_id = tests.id('small')::text), 700,
  'larger it may be: a picture has few bytes');
select tests.authenticate_as('member');
select is(tests.answer_of(format($$select public.add_message(%L, '[{"type": "text", "text": "x"}]', token_count => 1)$$,
  tests.id('north talk'))),
  '403 forbidden', 'a person''s count is not asked for');
select is(tests.answer_of(format($$select public.add_message(%L, '[{"type": "text", "text": "x"}]',
  role => 'assistant')$$, tests.id('north talk'))),
  '403 forbidden', 'nor speaks a person as the assistant');

select * from finish();
rollback;
