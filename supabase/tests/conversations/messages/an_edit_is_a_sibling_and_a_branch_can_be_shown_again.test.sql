begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(29);

-- What is shown, from the root to the leaf.
create function pg_temp.shown(talk text default 'north talk') returns text language sql as $$
  select string_agg(said.parts -> 0 ->> 'text', ' ' order by said.place desc)
  from public.conversations as c
  cross join lateral public.conversation_path(c.active_message_id) with ordinality as said
    (id, workspace_id, conversation_id, user_id, parent_id, role, parts, attachments, metadata, content_for_llm,
      token_count, preprocessing_log_id, system_message_id, created_at, client_id, taken_back_at, place)
  where c.id = tests.id(talk);
$$;
create function pg_temp.say(name text, more text default '', talk text default 'north talk',
  text text default null) returns text language sql as $$
  select tests.answer_of(format(
    'select public.add_message(conversation_id => %L, message_id => %L, parts => %L %s)',
    tests.id(talk), tests.id(name), jsonb_build_array(jsonb_build_object('type', 'text', 'text', coalesce(text, name))),
    more
  ));
$$;
create function pg_temp.arg(name text, id text) returns text
  language sql as $$ select format(', %s => %L', name, tests.id(id)); $$;
grant execute on all functions in schema pg_temp to public;

-- One after the other
select tests.authenticate_as('member');
select is(pg_temp.say('bye'), 'ok', 'one says something');
select is(pg_temp.shown(), 'hello answer thanks bye', 'it follows what was shown');
select is(pg_temp.say('bye'), 'ok', 'the same again');
select is(pg_temp.shown(), 'hello answer thanks bye', 'is said once');
select is(pg_temp.say('bye', text => 'goodbye'), '409 message_id_reused', 'an id is one message');
select is((public.add_message(tests.id('north talk'), '[{"type": "text", "text": "later"}]')).role, 'user',
  'the id may be left to the database; it answers with the message');
select is(pg_temp.shown(), 'hello answer thanks bye later', 'and it is shown');

-- Branches
select is(pg_temp.say('thank you', pg_temp.arg('instead_of', 'thanks')), 'ok', 'an edit');
select is(pg_temp.shown(), 'hello answer thank you', 'is shown instead');
select is(pg_temp.say('welcome'), 'ok', 'and the talk goes on from it');
select is(public.select_branch(tests.id('thanks')::text),
  (select id from public.messages where parts -> 0 ->> 'text' = 'later'),
  'what was edited is shown again, down to its leaf');
select is(pg_temp.shown(), 'hello answer thanks bye later', 'whole');
select is(pg_temp.say('hi', pg_temp.arg('instead_of', 'hello')), 'ok', 'the first message is edited too');
select is(pg_temp.shown(), 'hi', 'beside it');
select is(pg_temp.say('aside', pg_temp.arg('parent_id', 'answer')), 'ok', 'a branch from any message');
select is(pg_temp.shown(), 'hello answer aside', 'is shown');
select is(
  (select count(*) from public.messages where conversation_id = tests.id('north talk')), 9::bigint,
    'nothing that was said is lost'
);
select is(pg_temp.say('x', pg_temp.arg('parent_id', 'question')), '404 not_found',
  'nothing follows a message of another conversation');
select is(pg_temp.say('x', pg_temp.arg('instead_of', 'question')), '404 not_found', 'or stands beside it');

-- Who speaks
select is(pg_temp.say('x', ', role => ''assistant'''), '403 forbidden', 'a person does not speak as the assistant');
select is(pg_temp.say('x', ', content_for_llm => ''y'''), '403 forbidden',
  'nor says one thing here and another to the model');
select is(pg_temp.say('x', ', attachments => ''["a"]'''), '422 invalid_value', 'the form is kept here too');
select tests.authenticate_as('service');
select is(pg_temp.say('as ever', ', role => ''assistant'', content_for_llm => ''y'', token_count => 2'), 'ok',
  'the service speaks as the assistant');
select is(pg_temp.shown(), 'hello answer aside as ever', 'in the same branch');
select is((select user_id from public.messages where client_id = tests.id('as ever')::text), tests.id('member'),
  'which is its owner''s');
select tests.authenticate_as('database');
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select is(
  (select string_agg(tests.try_as(who, format('select %s', call)), ' ' order by who, call)
   from unnest(array['admin', 'outsider']) as who
   cross join unnest(array[
     format('public.add_message(%L, ''[{"type": "text"}]'')', tests.id('north talk')),
       format('public.select_branch(%L)', tests.id('hello')),
     format('public.delete_conversation(%L)', tests.id('north talk'))
   ]) as call),
  'not_found not_found not_found not_found not_found not_found', 'readers only read'
);
update public.conversations set deleted_at = now() where id = tests.id('north talk');
select is(
  (select string_agg(tests.try_as(who,
    format('select public.add_message(%L, ''[{"type": "text"}]'')', tests.id('north talk'))), ' ' order by place)
   from unnest(array['member', 'service']) with ordinality as w (who, place)),
  'not_found not_found', 'in a deleted conversation nobody speaks'
);
update public.conversations set deleted_at = null where id = tests.id('north talk');
select is(tests.try_as('member', format('select public.select_branch(%L)', tests.id('nothing'))), 'not_found',
  'no branch without a message');
select is(tests.try_as('anonymous',
  format('select public.add_message(%L, ''[{"type": "text"}]'')', tests.id('north talk'))), 'no',
  'nobody speaks without a token');

select * from finish();
rollback;
