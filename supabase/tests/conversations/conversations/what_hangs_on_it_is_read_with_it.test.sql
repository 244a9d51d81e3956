-- Private conversations are their owner's, shared ones follow visibility, and so does everything that hangs on them:
-- one row of each kind, each kind against each visibility, and deleted.
begin;
\ir ../../world.psql
\ir ../talk.psql
\ir ../things.psql
select plan(10);

insert into public.votes (message_id, conversation_id, workspace_id, user_id, is_upvoted)
values (tests.id('answer'), tests.id('north talk'), tests.id('north'), tests.id('member'), true);
insert into public.feedback_signals (message_id, conversation_id, workspace_id, user_id, kind, value)
values (tests.id('answer'), tests.id('north talk'), tests.id('north'), tests.id('member'), 'dwelled', 4200);
insert into public.preprocessing_logs (message_id, conversation_id, workspace_id, intent)
values (tests.id('thanks'), tests.id('north talk'), tests.id('north'), 'thanks');
insert into public.postprocessing_results (message_id, conversation_id, workspace_id)
values (tests.id('answer'), tests.id('north talk'), tests.id('north'));
insert into public.streams (workspace_id, conversation_id, user_id)
values (tests.id('north'), tests.id('north talk'), tests.id('member'));
select private.assemble_context(tests.id('north talk'), 1000, null, null, null, null, null) is not null as assembled;
insert into public.background_queries (workspace_id, conversation_id, user_id, type)
values (tests.id('north'), tests.id('north talk'), tests.id('member'), 'research');
insert into public.message_states (message_id, version, conversation_id, workspace_id, user_id, parts, metadata)
values (tests.id('answer'), 1, tests.id('north talk'), tests.id('north'), tests.id('member'), '[{"type": "text"}]',
  '{}');
insert into storage.objects (bucket_id, name)
values ('attachments', concat_ws('/', tests.id('north'), tests.id('member'), tests.id('north talk'), 'plan.txt'));

-- A row of each kind that belongs to the north talk, and what it takes to find it.
create temporary table kinds (place serial, kind text, has text) on commit drop;
insert into kinds (kind, has) values
  ('messages', format('conversation_id = %L', tests.id('north talk'))),
  ('message_states', format('conversation_id = %L', tests.id('north talk'))),
  ('votes', format('conversation_id = %L', tests.id('north talk'))),
  ('preprocessing_logs', format('conversation_id = %L', tests.id('north talk'))),
  ('postprocessing_results', format('conversation_id = %L', tests.id('north talk'))),
  ('artifacts', format('id = %L', tests.id('offer'))),
  ('latest_artifacts', format('id = %L', tests.id('offer'))),
  ('suggestions', format('artifact_id = %L', tests.id('offer'))),
  ('storage.objects', format('name like %L', '%/' || tests.id('north talk') || '/%')),
  ('artifact_links', format('from_id = %L', tests.id('offer'))),
  ('feedback_signals', format('conversation_id = %L', tests.id('north talk'))),
  ('streams', format('conversation_id = %L', tests.id('north talk'))),
  ('context_records', format('conversation_id = %L', tests.id('north talk'))),
  ('background_queries', format('conversation_id = %L', tests.id('north talk')));
-- Who reads which kind, kinds of the same readers together.
create function pg_temp.readers() returns text language sql as $$
  select string_agg(kinds || ': ' || who, E'\n' order by first) from (
    select string_agg(kind, ' ' order by place) as kinds, who, min(place) as first from (
      select kind, place, (
        select coalesce(string_agg(actor, ' ' order by nth), 'nobody')
        from unnest(array['anonymous', 'outsider', 'newcomer', 'guest', 'member', 'admin',
          'owner']) with ordinality as a (actor, nth)
        where tests.try_as(actor, format('select from %s where %s',
          case when kind like '%.%' then kind else 'public.' || kind end, has)) = 'yes'
      ) as who from kinds
    ) as read group by who
  ) as told;
$$;

select is((select count(*)::integer from kinds), 14, 'fourteen kinds hang on a conversation');
select is(
  (select array_agg(kind order by kind) from kinds where kind not like '%.%' and kind <> 'latest_artifacts'),
  (select array_agg(name order by name) from (
    select distinct c.relname::text as name from pg_catalog.pg_constraint as k
    join pg_catalog.pg_class as c on c.oid = k.conrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where k.contype = 'f' and n.nspname = 'public'
      and c.relname not in ('conversations', 'memories', 'memory_sources', 'share_links')
      and k.confrelid in ('public.conversations'::regclass, 'public.messages'::regclass, 'public.artifacts'::regclass)
    union select 'artifact_links'
  ) as referring),
  'and no table that hangs on one is missing here'
);
select is(pg_temp.readers(),
  'messages message_states votes preprocessing_logs postprocessing_results artifacts latest_artifacts suggestions '
  'storage.objects artifact_links '
    || 'feedback_signals streams context_records background_queries: member',
  'private: all is its owner''s');
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select is(pg_temp.readers(),
  'messages message_states votes artifacts latest_artifacts suggestions storage.objects: member admin owner'
    || E'\npreprocessing_logs postprocessing_results artifact_links feedback_signals streams context_records '
    'background_queries: member',
  'workspace: what was said and made is its members''; a link to what is not shared, and what concerns the owner '
    'alone, stays the owner''s');
insert into public.artifacts (id, created_at, workspace_id, user_id, conversation_id, kind, title, content)
values (tests.id('annex'), now(), tests.id('north'), tests.id('member'), tests.id('north talk'), 'text', 'Annex', 'x');
insert into public.artifact_links (from_id, to_id, workspace_id, user_id)
values (tests.id('offer'), tests.id('annex'), tests.id('north'), tests.id('member'));
select is(tests.try_as('admin', format('select from public.artifact_links where to_id = %L', tests.id('annex'))), 'yes',
  'a link between two that are shared is shared');
update public.conversations set visibility = 'public' where id = tests.id('north talk');
select is(pg_temp.readers(),
  'messages message_states votes artifacts latest_artifacts suggestions storage.objects artifact_links: member admin '
  'owner'
    || E'\npreprocessing_logs postprocessing_results feedback_signals streams context_records '
    'background_queries: member',
  'public: no row is a stranger''s');
update public.conversations set deleted_at = now() where id = tests.id('north talk');
select is(pg_temp.readers(),
  'messages message_states votes preprocessing_logs postprocessing_results storage.objects feedback_signals streams '
  'background_queries: nobody'
    || E'\nartifacts latest_artifacts suggestions artifact_links context_records: member',
  'deleted: hidden from all; what its owner made stays theirs, and records that hold nothing that was said');
update public.conversations set deleted_at = null, visibility = 'private' where id = tests.id('north talk');
update public.workspaces set deleted_at = now() where id = tests.id('north');
select is(pg_temp.readers(),
  'messages message_states votes preprocessing_logs postprocessing_results artifacts latest_artifacts suggestions '
  'storage.objects artifact_links '
    || 'feedback_signals streams context_records background_queries: nobody',
  'its workspace deleted: hidden from all');
update public.workspaces set deleted_at = null where id = tests.id('north');
delete from public.members where workspace_id = tests.id('north') and user_id = tests.id('member');
select is(pg_temp.readers(),
  'messages message_states votes preprocessing_logs postprocessing_results artifacts latest_artifacts suggestions '
  'storage.objects artifact_links '
    || 'feedback_signals streams context_records background_queries: nobody',
  'its owner gone from the workspace: hidden from them as well');
insert into public.members (workspace_id, user_id) values (tests.id('north'), tests.id('member'));
select is(split_part(pg_temp.readers(), ': ', 2), 'member', 'until they are back');

select * from finish();
rollback;
