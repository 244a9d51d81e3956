begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(19);

insert into public.conversations (id, workspace_id, user_id) values
  (tests.id('second talk'), tests.id('north'), tests.id('member'));
create function pg_temp.say(id text, text text default 'Hi', more text default '', talk text default 'north talk') returns text
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
select is(pg_temp.say('other', more => ', instead_of => ''msg_x7hnQ2'''), 'ok', 'and what stands beside it name it by that id');
select is(
  (select above.client_id from public.messages as m join public.messages as above on above.id = m.parent_id where m.client_id = 'next'),
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
  (select client_id from public.messages where id = '5eb63bbb-e01e-4ed0-93cb-22bb8f5acdc3'), '5EB63BBB-E01E-4ED0-93CB-22BB8F5ACDC3',
  'is the row''s own id, and is read back as it was sent'
);
select tests.authenticate_as('outsider');
select is(pg_temp.say('msg_x7hnQ2', talk => 'south talk'), 'ok', 'whatever a stranger calls theirs');

select * from finish();
rollback;
