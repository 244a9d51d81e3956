begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(13);

select tests.authenticate_as('member');
select isnt(public.delete_conversation(tests.id('north talk')), null, 'its owner deletes it');
select is_empty($$select from public.conversations$$, 'it is hidden');
select is_empty($$select from public.messages$$, 'with all that was said');
select is_empty(format('select from public.conversation_path(%L)', tests.id('thanks')), 'by every way');
select is(public.delete_conversation(tests.id('north talk')), now(), 'deleting twice is deleting once');
select tests.authenticate_as('outsider');
select is(tests.answer_of(format('select public.restore_conversation(%L)', tests.id('north talk'))), '404 not_found',
  'nobody else restores it');
select tests.authenticate_as('member');
select is(tests.answer_of(format('select public.restore_conversation(%L)', tests.id('north talk'))), 'ok',
  'its owner does');
select is((select count(*) from public.messages), 3::bigint, 'and all is there');

select tests.authenticate_as('database');
update public.conversations set deleted_at = now() - interval '30 days 1 second' where id = tests.id('north talk');
update public.conversations set deleted_at = now() - interval '30 days' + interval '1 second'
where id = tests.id('south talk');
select is(private.purge_conversations(), 1::bigint, 'what was deleted more than 30 days ago is purged');
select is_empty(format('select from public.messages where workspace_id = %L', tests.id('north')), 'with what was said');
select isnt_empty(format('select from public.messages where workspace_id = %L', tests.id('south')),
  'what was deleted since then is not');
update public.conversations set deleted_at = null where id = tests.id('south talk');
select is(private.purge_conversations(), 0::bigint, 'nor what is not deleted');
select is(
  (select string_agg(tests.try_as(who, 'select private.purge_conversations()'), ' ' order by place)
   from unnest(array['anonymous', 'owner', 'service', 'database']) with ordinality as actors (who, place)),
  'no no no yes', 'anonymous, owner, service, database: who purges'
);

select * from finish();
rollback;
