begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(10);

do $$ begin perform tests.say('other answer', 'hello', role => 'assistant'); end; $$;
create function pg_temp.path(leaf text, size integer default 50, before text default null) returns text
  language sql as $$
  select string_agg(said.parts -> 0 ->> 'text', ' < ' order by place)
  from public.conversation_path(tests.id(leaf), size, tests.id(before)) with ordinality as said
    (id, workspace_id, conversation_id, user_id, parent_id, role, parts, attachments, metadata, content_for_llm,
      token_count, preprocessing_log_id, system_message_id, created_at, client_id, taken_back_at, place);
$$;
grant execute on function pg_temp.path(text, integer, text) to public;

select tests.authenticate_as('member');
select is(pg_temp.path('thanks'), 'thanks < answer < hello', 'newest first, up to the root');
select is(pg_temp.path('other answer'), 'other answer < hello', 'a branch, without its siblings');
select is(pg_temp.path('answer'), 'answer < hello', 'or from within');
select is(pg_temp.path('thanks', 2), 'thanks < answer', 'a page');
select is(pg_temp.path('thanks', 2, 'answer'), 'hello', 'the next one');
select is(pg_temp.path('thanks', 2, 'hello'), null, 'and none after the root');
select is(tests.answer_of($$select pg_temp.path('thanks', 0)$$), '400 invalid_body', 'a page has one message at least');
select is(pg_temp.path('question'), null, 'nothing of somebody else''s');
select is(pg_temp.path('thanks', 2, 'question'), null, 'also not by way of before');
select tests.authenticate_as('admin');
select is(pg_temp.path('thanks'), null, 'nor of a colleague''s, until it is shared');

select * from finish();
rollback;
