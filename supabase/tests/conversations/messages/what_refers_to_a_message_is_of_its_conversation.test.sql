-- By its id alone, and a trigger compares the rest: as the owner of the tables, whom row security does not hold back.
begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(16);

create temporary table kinds (kind text primary key, statement text) on commit drop;
insert into kinds values
  ('votes', 'insert into public.votes (message_id, conversation_id, workspace_id, user_id, is_upvoted) values ($M, $C, '
    '$W, $P, true)'),
  ('feedback_signals', 'insert into public.feedback_signals (message_id, conversation_id, workspace_id, user_id, kind) '
    'values ($M, $C, $W, $P, ''copied'')'),
  ('preprocessing_logs', 'insert into public.preprocessing_logs (message_id, conversation_id, workspace_id) values '
    '($M, $C, $W)'),
  ('postprocessing_results', 'insert into public.postprocessing_results (message_id, conversation_id, workspace_id) '
    'values ($M, $C, $W)'),
  ('context_records', 'insert into public.context_records (message_id, conversation_id, workspace_id, user_id, '
    'message_count, short_forms, memory_ids, token_count, budget)
    values ($M, $C, $W, $P, 1, 0, ''{}'', 1, 100)');
create function pg_temp.refer(kind text, message text, talk text, workspace text) returns text language sql as $$
  select tests.answer_of(replace(replace(replace(replace(k.statement, '$M', quote_literal(tests.id(message))), '$C',
    quote_literal(tests.id(talk))),
    '$W', quote_literal(tests.id(workspace))), '$P', quote_literal(tests.id('member'))))
  from kinds as k where k.kind = refer.kind;
$$;
select is(
  concat_ws(' ', pg_temp.refer(kind, 'thanks', 'south talk', 'south'),
    pg_temp.refer(kind, 'thanks', 'south talk', 'north'),
    pg_temp.refer(kind, 'thanks', 'north talk', 'south'), pg_temp.refer(kind, 'nothing', 'north talk', 'north'),
    pg_temp.refer(kind, 'thanks', 'north talk', 'north')),
  '23503 23503 23503 23503 ok', kind || ': of its own conversation and workspace, and of one that is there'
) from kinds;
select is(
  tests.answer_of(format('update public.%I set message_id = %L where message_id = %L', kind, tests.id('question'),
    tests.id('thanks'))), '23503', kind || ': nor is it moved'
) from kinds;

select is(
  tests.answer_of(format('insert into public.messages (workspace_id, conversation_id, user_id, parent_id, role, parts) '
    'values (%L, %L, %L, %L, ''user'', ''[{"type": "text"}]'')',
    tests.id('north'), tests.id('north talk'), tests.id('member'), tests.id(parent))), answer,
      format('after %s: %s', parent, answer)
) from (values ('thanks', 'ok'), ('question', '23503'), ('nothing', '23503')) as v (parent, answer);
select is(
  (select string_agg(tests.answer_of(format('update public.messages set %s where id = %L', change, tests.id('thanks'))),
    ' ' order by place)
   from unnest(array[format('conversation_id = %L', tests.id('south talk')),
     format('workspace_id = %L', tests.id('south')), format('user_id = %L', tests.id('outsider')),
     format('parent_id = %L', tests.id('hello')),
       format('id = %L', tests.id('elsewhere'))]) with ordinality as c (change, place)),
  '403 append_only 403 append_only 403 append_only 403 append_only 403 append_only', 'a message stays where it was said'
);

-- Who may not read a conversation does not learn what is in it.
create function pg_temp.vote(who text, message text, talk text) returns text language sql as $$
  select tests.try_as(who, format('insert into public.votes (message_id, conversation_id, workspace_id, is_upvoted) '
    'values (%L, %L, %L, true)',
    tests.id(message), tests.id(talk), tests.id('north')));
$$;
select is(pg_temp.vote('outsider', 'answer', 'north talk') || ' ' || pg_temp.vote('outsider', 'question', 'north talk'),
  'no no',
  'whether a message is of a conversation is nothing for who may not read it');
select is(pg_temp.vote('member', 'answer', 'north talk') || ' ' || pg_temp.vote('member', 'question', 'north talk'),
  'yes 23503', 'who reads it is told');

select * from finish();
rollback;
