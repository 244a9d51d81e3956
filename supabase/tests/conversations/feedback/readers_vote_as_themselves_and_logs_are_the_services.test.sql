begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(14);

update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
create function pg_temp.vote(who text, message text default 'answer', talk text default 'north talk',
  more text default '') returns text language sql as $$
  select tests.try_as(who, format(
    'insert into public.votes (message_id, conversation_id, workspace_id, is_upvoted) values (%L, %L, %L, true) %s',
    tests.id(message), tests.id(talk), tests.id('north'), more
  ));
$$;
select is(
  (select string_agg(pg_temp.vote(who), ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin']) with ordinality as a (who, place)),
  'no no no yes yes', 'anonymous, outsider, guest, member, admin: who reads it votes'
);
select is(pg_temp.vote('member', 'question'), '23503', 'on a message of the conversation');
select is(pg_temp.vote('outsider', 'question', 'south talk'), '23503', 'in its workspace');
select tests.authenticate_as('admin');
insert into public.votes (message_id, conversation_id, workspace_id, is_upvoted)
values (tests.id('answer'), tests.id('north talk'), tests.id('north'), true);
insert into public.votes (message_id, conversation_id, workspace_id, is_upvoted, reason)
values (tests.id('answer'), tests.id('north talk'), tests.id('north'), false, 'Wrong')
on conflict (message_id, user_id) do update
set message_id = excluded.message_id, conversation_id = excluded.conversation_id,
  workspace_id = excluded.workspace_id, is_upvoted = excluded.is_upvoted, reason = excluded.reason;
select is((select is_upvoted || reason from public.votes), 'falseWrong',
  'a vote is changed by voting again, as an upsert writes it');
select is(tests.try_as('member', 'select from public.votes'), 'yes', 'others read it');
select is(tests.try_as('member', 'update public.votes set is_upvoted = true'), 'none', 'and leave it');
select is(tests.try_as('member', 'delete from public.votes'), 'none', 'as it is');
select is(tests.try_as('admin', 'delete from public.votes'), 'yes', 'one takes back one''s own');

insert into public.feedback_signals (message_id, conversation_id, workspace_id, kind, value) values
  (tests.id('answer'), tests.id('north talk'), tests.id('north'), 'dwelled', 4200);
select is(tests.try_as('admin', 'select from public.feedback_signals'), 'yes', 'one reads one''s own signals');
select is(tests.try_as('member', 'select from public.feedback_signals'), 'none',
  'not those of others, also in one''s own conversation');

select tests.authenticate_as('service');
insert into public.preprocessing_logs (message_id, conversation_id, workspace_id, model_selected, model_reason)
values (tests.id('thanks'), tests.id('north talk'), tests.id('north'), 'small', 'Small talk');
select is(
  tests.answer_of(format('insert into public.preprocessing_logs (message_id, conversation_id, workspace_id, '
    'model_selected) values (%L, %L, %L, %L)',
    tests.id('thanks'), tests.id('north talk'), tests.id('north'), 'large')),
  '422 invalid_value', 'a model is not selected without a reason'
);
select is(
  tests.answer_of(format('select public.add_message(%L, ''[{"type": "text"}]'', ''assistant'', preprocessing_log_id => '
    '%L)', tests.id('north talk'), (select max(id) from public.preprocessing_logs))),
  'ok', 'an answer names the log that it was made under'
);
select is(
  tests.answer_of(format('select public.add_message(%L, ''[{"type": "text"}]'', ''assistant'', preprocessing_log_id => '
    '%L)', tests.id('south talk'), (select max(id) from public.preprocessing_logs))),
  '23503', 'which is of its conversation'
);
select tests.authenticate_as('database');
delete from public.conversations where id = tests.id('north talk');
select is(
  (select count(*) from public.votes where workspace_id = tests.id('north')) + (select count(*)
    from public.feedback_signals where workspace_id = tests.id('north'))
    + (select count(*) from public.preprocessing_logs where workspace_id = tests.id('north')),
  0::bigint, 'all of it goes with the conversation'
);

select * from finish();
rollback;
