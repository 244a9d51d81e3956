begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(23);

update public.conversations set last_context = '{"mood": "hush"}', visibility = 'public'
where id = tests.id('north talk');
insert into public.preprocessing_logs (message_id, conversation_id, workspace_id, emotion)
values (tests.id('thanks'), tests.id('north talk'), tests.id('north'), 'hush');
insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, metadata)
select tests.id(name), tests.id('north'), tests.id('north talk'), tests.id('member'), tests.id(after), role,
  '[{"type": "text", "text": "words"}, {"type": "reasoning", "text": "hush"}]', '{"secret": "hush"}'
from (values ('told', 'thanks', 'system'), ('last', 'told', 'assistant')) as m (name, after, role);
update public.conversations set active_message_id = tests.id('last') where id = tests.id('north talk');
create function tests.told(page integer default 50, before text default null) returns jsonb language sql as $$
  select public.shared_conversation(tests.id('north talk'), page, tests.id(before));
$$;

-- By its id
select is(
  (select string_agg(tests.try_as(who, format('select public.shared_conversation(%L)', tests.id('north talk'))), ' '
    order by place)
   from unnest(array['anonymous', 'stranger', 'outsider', 'newcomer', 'guest', 'member']) with ordinality as a (who,
     place)),
  'no not_signed_in yes yes yes yes',
  'anonymous, stranger, outsider, newcomer, guest, member: who is told what was said'
);
select tests.authenticate_as('outsider');
select is_empty($$select id from public.conversations
  where workspace_id <> tests.id('south')$$, 'nothing public of others can be listed');
select is_empty($$select id from public.messages where workspace_id <> tests.id('south')$$, 'nor read as rows');
select is_empty($$select id from public.preprocessing_logs$$, 'nor what the concierge thought of it');
select is(jsonb_path_query_array(tests.told(), '$.messages[*].role'), '["assistant", "user", "assistant", "user"]',
  'people and assistants have spoken, newest first');
select is(tests.told() #> '{messages,0,parts}', '[{"text": "words", "type": "text"}]', 'words are told');
select ok(tests.told()::text !~ 'hush|system|token',
  'not what was thought, told to the model or left for the next turn');
select ok(position(tests.id('member')::text in tests.told()::text) = 0 and tests.told()::text !~ '@', 'nor who it was');
select is(tests.told() ->> 'by', 'Member', 'beyond a name');
select is(jsonb_path_query_array(tests.told(2, 'thanks'), '$.messages[*].id'),
  jsonb_build_array(tests.id('answer'), tests.id('hello')), 'page by page');
select is(tests.answer_of($$select tests.told(2, 'question')$$), '404 not_found',
  'not by way of another conversation''s message');
select is(tests.answer_of(format('select public.create_share_link(%L)', tests.id('north talk'))), '404 not_found',
  'others make no link to it');
-- However long the messages are.
select tests.authenticate_as('database');
insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts)
select tests.id('long ' || n), tests.id('north'), tests.id('north talk'), tests.id('member'),
  tests.id(case when n = 1 then 'last' else 'long ' || n - 1 end),
  'assistant', jsonb_build_array(jsonb_build_object('type', 'text', 'text', repeat('a', 400000)))
from generate_series(1, 5) as n;
update public.conversations set active_message_id = tests.id('long 5') where id = tests.id('north talk');
select tests.authenticate_as('outsider');
select is(
  jsonb_path_query_array(tests.told(200), '$.messages[*].id'),
  jsonb_build_array(tests.id('long 5'), tests.id('long 4')),
  'a page ends where it would be longer than a mebibyte'
);
select is(jsonb_path_query_array(tests.told(200, 'long 4'), '$.messages[*].id') -> 0, to_jsonb(tests.id('long 3')),
  'the next one goes on there');
select tests.authenticate_as('database');
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select is(tests.try_as('outsider', 'select tests.told()'), 'not_found', 'what is not public is not told');

-- By a link, which is the owner's choice
create temporary table links (link_id uuid, token text) on commit drop;
grant all on links to authenticated;
select tests.authenticate_as('member');
insert into links select * from public.create_share_link(tests.id('north talk'));
select is(tests.answer_of('select token_hash from public.share_links'), '42501', 'its hash is not shown');
select tests.authenticate_as('database');
select is(private.conversation_of_link((select token from links)), tests.id('north talk'),
  'a token opens its conversation, whatever its visibility');
select is(private.conversation_of_link(repeat('0', 64)), null, 'another opens none');
select is(tests.try_as('admin', format('select public.revoke_share_link(%L)', (select link_id from links))),
  'not_found', 'others do not revoke it');
update public.share_links set expires_at = now();
select is(private.conversation_of_link((select token from links)), null, 'at its end it opens nothing');
update public.share_links set expires_at = null;
select tests.authenticate_as('member');
select is(public.revoke_share_link((select link_id from links)), true, 'its owner revokes it');
select tests.authenticate_as('database');
select is(private.conversation_of_link((select token from links)), null, 'and it opens nothing any more');
delete from public.members where user_id = tests.id('member');
select is(tests.answer_of($$select private.transcript_page(tests.id('north talk'), 50, null)$$), '404 not_found',
  'of somebody who left the workspace nothing is told');

select * from finish();
rollback;
