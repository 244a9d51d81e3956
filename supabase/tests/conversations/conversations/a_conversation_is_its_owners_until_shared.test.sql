-- Readers of a conversation read its messages, and what shares or hides the one shares or hides the other.
begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(16);

-- Everyone's answer to reading the north talk and its messages.
create function pg_temp.readers() returns text language sql as $$
  select string_agg(who, ' ' order by place) filter (where reads and reads_messages)
    || coalesce(' but ' || string_agg(who, ' ' order by place) filter (where reads <> reads_messages), '')
  from unnest(array['outsider', 'newcomer', 'guest', 'member', 'admin', 'owner', 'service']) with ordinality as a (who,
    place)
  cross join lateral (select
    tests.try_as(who, format('select from public.conversations where id = %L',
      tests.id('north talk'))) = 'yes' as reads,
    tests.try_as(who, format('select from public.messages where conversation_id = %L',
      tests.id('north talk'))) = 'yes' as reads_messages
  ) as tried;
$$;

select is(pg_temp.readers(), 'member service', 'a private one is its owner''s, also before admins');
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select is(pg_temp.readers(), 'member admin owner service', 'one of the workspace its members'', not the guests''');
update public.conversations set visibility = 'public' where id = tests.id('north talk');
select is(pg_temp.readers(), 'member admin owner service', 'of a public one nobody else reads a row');
select is(
  tests.try_as('anonymous', 'select from public.conversations'), 'no', 'whoever is not signed in reads none'
);
select is(
  tests.try_as('admin', format('update public.conversations set title = %L where id = %L', 'X',
    tests.id('north talk'))), 'none',
  'sharing is for reading'
);

update public.conversations set deleted_at = now() where id = tests.id('north talk');
select is(pg_temp.readers(), 'service', 'deleted, it is hidden at once from everybody, its owner too');
update public.conversations set deleted_at = null where id = tests.id('north talk');
update public.workspaces set deleted_at = now() where id = tests.id('north');
select is(pg_temp.readers(), 'service', 'so it is when its workspace is deleted');
update public.workspaces set deleted_at = null where id = tests.id('north');
update public.conversations set visibility = 'private' where id = tests.id('north talk');
delete from public.members where workspace_id = tests.id('north') and user_id = tests.id('member');
select is(pg_temp.readers(), 'service', 'and from an owner who left the workspace');
insert into public.members (workspace_id, user_id) values (tests.id('north'), tests.id('member'));
select is(pg_temp.readers(), 'member service', 'until they are back');

-- Opening one
select is(
  tests.try_as('member', format('insert into public.conversations (workspace_id, user_id) values (%L, %L)',
    tests.id('north'), tests.id('member'))), 'no',
  'whose it is is not said but known'
);
insert into public.permissions (user_id, agent_id, workspace_id)
values (tests.id('member'), tests.id('hr'), tests.id('north'));
select is(
  (select string_agg(tests.try_as('member', format(
    'insert into public.conversations (workspace_id, agent_id) values (%L, %L)', tests.id('north'), tests.id(agent)
  )), ' ' order by place) from unnest(array['hr', 'payroll', 'lab', 'desk']) with ordinality as a (agent, place)),
  'yes no no no', 'hr, payroll, lab, desk: one opens it with an agent that one may use'
);
select is(
  tests.try_as('service', format('insert into public.conversations (workspace_id, user_id, agent_id) values (%L, %L, '
    '%L)',
    tests.id('north'), tests.id('member'), tests.id('desk'))),
  '23503', 'an agent of another workspace is refused to the service too'
);
select is(
  tests.try_as('member', format('update public.conversations set folder_id = %L where id = %L',
    tests.id('south folder'), tests.id('north talk'))),
  '23503', 'so is somebody else''s folder'
);
select is(
  (select string_agg(tests.try_as('member',
    format('update public.conversations set %s where id = %L', change, tests.id('north talk'))), ' ' order by place)
   from unnest(array['title = ''T''', 'visibility = ''all''', 'tags = array[null]::text[]',
     'tags = array_fill(''a''::text, array[51])', 'tags = ''{a,b}''',
     'active_message_id = null', 'deleted_at = now()', 'user_id = user_id']) with ordinality as c (change, place)),
  'yes invalid_value invalid_value invalid_value yes no no no',
  'an owner changes title, visibility, tags within their bounds, and nothing that is not theirs to write'
);
select is(
  tests.try_as('service', format('update public.conversations set active_message_id = %L where id = %L',
    tests.id('question'), tests.id('north talk'))),
  'not_found', 'the message shown is one of the conversation'
);
select is(
  tests.try_as('service', format('update public.conversations set active_message_id = %L where id = %L',
    tests.id('hello'), tests.id('north talk'))),
  'yes', 'any of them'
);

select * from finish();
rollback;
