begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(17);

insert into public.preprocessing_logs (message_id, conversation_id, workspace_id, intent, memory_query)
values (tests.id('hello'), tests.id('north talk'), tests.id('north'), 'greets', 'hello');
insert into public.context_records (workspace_id, conversation_id, user_id, message_id, message_count, short_forms,
  memory_ids, token_count, budget)
select c.workspace_id, c.id, c.user_id, tests.id('thanks'), 3, 0, '{}', 1, 1000 from public.conversations as c
where c.id = tests.id('north talk');
update public.messages set content_for_llm = 'hello in short' where id = tests.id('hello');
create function pg_temp.take_back(name text, talk text default null) returns text language sql as $$
  select tests.answer_of(format('select public.take_back(%L, %L)', coalesce(tests.id(name)::text, name),
    tests.id(talk)));
$$;
create function pg_temp.words(name text) returns text language sql as $$
  select parts -> 0 ->> 'text' from public.messages where id = tests.id(name);
$$;
create function pg_temp.prompt() returns text language sql as $$
  select private.replay_context((select max(id) from public.context_records)) ->> 'messages';
$$;
grant execute on all functions in schema pg_temp to public;
select matches(pg_temp.prompt(), 'hello', 'a prompt of the past has the words');

select tests.authenticate_as('outsider');
select is(pg_temp.take_back('hello'), '404 not_found', 'a stranger takes nothing back');
select tests.authenticate_as('admin');
select is(pg_temp.take_back('hello'), '404 not_found', 'nor does an admin');
select tests.authenticate_as('member');
select is(pg_temp.take_back('answer'), '403 forbidden', 'nor anybody what the assistant said');
select is(pg_temp.words('hello'), 'hello', 'and all is said as it was');
select is(pg_temp.take_back('hello'), 'ok', 'who said it takes it back');
select is(pg_temp.words('hello'), '(taken back)', 'its words are gone');
select is(
  (select count(*) from public.conversation_path(tests.id('thanks'))), 3::bigint,
    'its place stays: what follows it still does'
);
select isnt((select taken_back_at from public.messages where id = tests.id('hello')), null, 'and one sees that it was');
select is(pg_temp.take_back('hello'), 'ok', 'twice is once');
select is(pg_temp.take_back('hello', 'north talk'), 'ok', 'with its conversation, too');
select is(pg_temp.take_back('hello', 'south talk'), '404 not_found', 'and not with another');
select is(
  tests.answer_of(format('select public.add_message(%L, ''[{"type": "text", "text": "hello"}]'', message_id => %L)',
    tests.id('north talk'), tests.id('hello'))),
  '409 message_id_reused', 'sent again it does not come back'
);
select tests.authenticate_as('database');
select is((select content_for_llm from public.messages where id = tests.id('hello')), null, 'its short form is gone');
select results_eq(
  $$select intent, memory_query from public.preprocessing_logs
  where message_id = tests.id('hello')$$, $$values (null::text, null::text)$$,
  'what was made of it as well'
);
select unalike(pg_temp.prompt(), '%hello%', 'and prompts of the past do without it');
select is_empty(
  $$select from public.messages as m where m::text like '%hello%'$$, 'no row has its words'
);

select * from finish();
rollback;
