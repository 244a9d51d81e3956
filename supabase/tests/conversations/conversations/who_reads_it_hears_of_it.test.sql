-- Broadcasts on the private topic conversation:<id>: what is told, and who may join.
begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(16);

delete from realtime.messages;
-- Realtime asks in this way: as the person, with the topic set, whether the policies let a row of it be read.
create function pg_temp.hear(who text, topic text) returns text language plpgsql as $$
begin
  perform set_config('realtime.topic', topic, true);
  return tests.try_as(who, 'select from realtime.messages where extension = ''broadcast''');
end;
$$;
create function pg_temp.told() returns text language sql as $$
  select string_agg(event || case when private then '' else ' (public)' end, ' ' order by inserted_at, event)
  from realtime.messages
  where topic = 'conversation:' || tests.id('north talk');
$$;

select tests.authenticate_as('member');
select is((public.add_message(tests.id('north talk'), '[{"type": "text", "text": "secret"}]',
  message_id => tests.id('secret')::text)).client_id, tests.id('secret')::text, 'something is said');
select tests.authenticate_as('database');
select is(pg_temp.told(), 'message_added', 'it is told once');
select is(
  (select payload - 'id' from realtime.messages where event = 'message_added'),
  jsonb_build_object('parent_id', tests.id('thanks'), 'role', 'user'), 'what is not told is what was said'
);
select is(tests.answer_of(format('select public.select_branch(%L)', tests.id('hello'))), 'ok', 'a branch is selected');
select is(pg_temp.told(), 'branch_selected message_added', 'it is told');
update public.conversations set title = title, last_context = '{"a": 1}' where id = tests.id('north talk');
select is(pg_temp.told(), 'branch_selected message_added', 'what does not show is not');
update public.conversations set deleted_at = now() where id = tests.id('north talk');
select is((select payload ->> 'is_deleted' from realtime.messages where event = 'conversation_changed'), 'true',
  'deleting is');
update public.conversations set deleted_at = null where id = tests.id('north talk');

select is(
  (select string_agg(pg_temp.hear(who, 'conversation:' || tests.id('north talk')), ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin']) with ordinality as a (who, place)),
  'none none none yes none', 'anonymous, outsider, guest, member, admin: its owner hears of a private one'
);
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select is(
  (select string_agg(pg_temp.hear(who, 'conversation:' || tests.id('north talk')), ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin']) with ordinality as a (who, place)),
  'none none none yes yes', 'members of one that is shared with them'
);
select is(
  (select string_agg(pg_temp.hear(who, 'workspace:' || tests.id('north')), ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner']) with ordinality as a (who, place)),
  'none none none none yes yes', 'what a workspace spends is heard by its admins'
);
select is(
  pg_temp.hear('admin', 'workspace:' || tests.id('south')), 'none', 'and by those of no other workspace'
);
\ir ../../agents/principals/tokens.psql
select is(pg_temp.hear('member via hr: conversations:read', 'conversation:' || tests.id('north talk')), 'none',
  'an agent for the owner hears nothing: it could not be cut off');
select is(pg_temp.hear('member', topic), 'none', format('nothing is heard on %s', topic))
from unnest(array['conversation:', 'conversation:x', tests.id('north talk')::text]) as topic;
select set_config('realtime.topic', 'conversation:' || tests.id('north talk'), true) is not null as joined;
select is(
  tests.try_as('member', format('insert into realtime.messages (topic, extension) values (%L, ''broadcast'')',
    'conversation:' || tests.id('north talk'))), 'no',
  'people do not send on it'
);

select * from finish();
rollback;
