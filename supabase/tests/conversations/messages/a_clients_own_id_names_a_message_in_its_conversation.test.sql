begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(26);

insert into public.conversations (id, workspace_id, user_id) values
  (tests.id('second talk'), tests.id('north'), tests.id('member'));
create function pg_temp.say(id text, text text default 'Hi', more text default '',
  talk text default 'north talk') returns text
language sql as $$
  select tests.answer_of(format(
    'select public.add_message(%L, %L, message_id => %L %s)',
    tests.id(talk), jsonb_build_array(jsonb_build_object('type', 'text', 'text', text)), id, more
  ));
$$;
create function pg_temp.names(talk text default 'north talk') returns text language sql as $$
  select string_agg(coalesce(client_id, 'a row''s own'), ' < ' order by created_at, id) from public.messages
  where conversation_id = tests.id(talk) and id not in (tests.id('hello'), tests.id('answer'), tests.id('thanks'));
$$;
grant execute on all functions in schema pg_temp to public;

select tests.authenticate_as('member');
select is(pg_temp.say('msg_x7hnQ2'), 'ok', 'an id as the AI SDK makes them');
select is(pg_temp.names(), 'msg_x7hnQ2', 'is read back as it was sent');
select is(pg_temp.say('msg_x7hnQ2'), 'ok', 'the same again');
select is((select count(*) from public.messages where client_id = 'msg_x7hnQ2'), 1::bigint, 'is one message');
select is(pg_temp.say('msg_x7hnQ2', 'Ho'), '409 message_id_reused', 'an id is one message');
select is(pg_temp.say('msg_x7hnQ2', 'Ho', talk => 'second talk'), 'ok', 'in another conversation it is another');
select is(
  (select parent_id from public.messages where client_id = 'msg_x7hnQ2' and conversation_id = tests.id('second talk')),
  null, 'which follows nothing of the first'
);
select is(pg_temp.say('next', more => ', parent_id => ''msg_x7hnQ2'''), 'ok', 'what follows it');
select is(pg_temp.say('other', more => ', instead_of => ''msg_x7hnQ2'''), 'ok',
  'and what stands beside it name it by that id');
select is(
  (select above.client_id from public.messages as m join public.messages as above on above.id = m.parent_id
    where m.client_id = 'next'),
  'msg_x7hnQ2', 'and do'
);
select is(
  public.select_branch('next', tests.id('north talk')), (select id from public.messages where client_id = 'next'),
  'its branch is shown by that id too'
);
select is(pg_temp.say('x', more => ', parent_id => ''nobody'''), '404 not_found', 'an id of no message is none');
select is(pg_temp.say(repeat('ü', 200)), 'ok', 'it has 200 characters of any script');
select is(pg_temp.say(repeat('x', 201)), '400 invalid_body', 'and no more');
select is(pg_temp.say(''), '400 invalid_body', 'and one at least');
select is(pg_temp.say('quo''te" \ / % 👍'), 'ok', 'whatever they are');
select is(pg_temp.say('5EB63BBB-E01E-4ED0-93CB-22BB8F5ACDC3'), 'ok', 'a UUID in capitals, as Swift writes it,');
select is(
  (select count(*) from public.messages where client_id = '5EB63BBB-E01E-4ED0-93CB-22BB8F5ACDC3'), 1::bigint,
    'is read back as it was sent'
);
select is(pg_temp.say('5eb63bbb-e01e-4ed0-93cb-22bb8f5acdc3', more => ''), 'ok', 'and is the same id in small letters');
select is((select count(*) from public.messages where lower(client_id) = '5eb63bbb-e01e-4ed0-93cb-22bb8f5acdc3'),
  1::bigint, 'that is: one message');
select is(
  pg_temp.say('below', more => format(', parent_id => %L', (select id from public.messages where client_id = 'next'))),
  'ok',
  'the id of a row names that row'
);

-- Nobody takes ids ahead of others, and none tells that it is taken: the attack, in another tenant, with what it found
-- out.
select tests.authenticate_as('outsider');
select is(pg_temp.say('msg_x7hnQ2', talk => 'south talk'), 'ok', 'whatever a stranger calls theirs');
select is(pg_temp.say(tests.id('hello')::text, talk => 'south talk'), 'ok',
  'the id of a stranger''s message is as good as any');
select is(pg_temp.say('0a8a1d53-5e5c-4b0e-9d4f-0d0c4f1c9a11', talk => 'south talk'), 'ok',
  'one that somebody is going to use');
select is(
  (select array_agg(id = client_id::uuid order by client_id) from public.messages
   where conversation_id = tests.id('south talk')
     and client_id in (tests.id('hello')::text, '0a8a1d53-5e5c-4b0e-9d4f-0d0c4f1c9a11')),
  array[false, false], 'both are answered alike: the row has an id of its own'
);
select tests.authenticate_as('member');
select is(pg_temp.say('0a8a1d53-5e5c-4b0e-9d4f-0d0c4f1c9a11'), 'ok', 'and is not in that somebody''s way');

select * from finish();
rollback;
