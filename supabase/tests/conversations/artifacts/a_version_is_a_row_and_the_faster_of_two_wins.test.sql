begin;
\ir ../../world.psql
\ir ../talk.psql
\ir ../things.psql
select plan(26);

create function pg_temp.first() returns timestamptz language sql as $$ select '2026-01-01 00:00:00Z'::timestamptz $$;
create function pg_temp.latest() returns public.latest_artifacts language sql as $$ select l
  from public.latest_artifacts as l where l.id = tests.id('offer') $$;
grant execute on all functions in schema pg_temp to public;

select tests.authenticate_as('member');
select is((public.revise_artifact(tests.id('offer'), pg_temp.first(), content => 'Dear Kim, we offer 55.')).content,
  'Dear Kim, we offer 55.', 'a revision answers with the version');
select is((select count(*) from public.artifacts where id = tests.id('offer')), 2::bigint, 'which is a row');
select is((pg_temp.latest()).content, 'Dear Kim, we offer 55.', 'the latest');
select is((pg_temp.latest()).title, 'Offer', 'what is left out stays');
select is((pg_temp.latest()).conversation_id, tests.id('north talk'), 'where it was made, too');
select is((select content from public.artifacts where id = tests.id('offer') and created_at = pg_temp.first()),
  'Dear Kim, we offer 50.', 'the version before stays as it was');
select is(
  tests.answer_of(format('select public.revise_artifact(%L, %L, content => ''No.'')', tests.id('offer'),
    pg_temp.first())), '409 version_conflict',
  'a revision of what is no longer the latest is refused'
);
select is(
  (public.revise_artifact(tests.id('offer'), pg_temp.first(), content => 'Dear Kim, we offer 55.')).created_at,
    (pg_temp.latest()).created_at,
  'the same revision, sent again, is one version'
);
select is((select count(*) from public.artifacts where id = tests.id('offer')), 2::bigint, 'indeed');
select is(
  (public.revise_artifact(tests.id('offer'),
    to_timestamp(extract(epoch from (pg_temp.latest()).created_at)::numeric(20, 3)), title => 'The offer')).title,
    'The offer',
  'a version is named in milliseconds, as clients keep times'
);
select is((select count(distinct content_hash) from public.artifacts where id = tests.id('offer')), 2::bigint,
  'equal content has an equal hash');
select is((pg_temp.latest()).content_hash, encode(sha256('Dear Kim, we offer 55.'), 'hex'),
  'the SHA-256 of the content');
select is((select count(*) from public.latest_artifacts), 2::bigint, 'each artifact is in latest_artifacts once');

select is(
  (select string_agg(tests.try_as(who,
    format('select public.revise_artifact(%L, %L, content => ''X'')', tests.id('list'), pg_temp.first())), ' '
    order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'service']) with ordinality as a (who,
     place)),
  'no not_found not_found yes not_found yes', 'anonymous, outsider, guest, member, admin, service: who revises it'
);
select tests.authenticate_as('database');
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select tests.authenticate_as('admin');
select is((select string_agg(distinct title, ', ') from public.latest_artifacts), 'The offer',
  'sharing a conversation shares what was made in it, and nothing else');
select is(tests.answer_of(format('select public.revise_artifact(%L, %L, content => ''X'')', tests.id('offer'),
  (pg_temp.latest()).created_at)), '404 not_found', 'for reading');
select is(
  tests.answer_of(format('insert into public.artifacts (id, workspace_id, kind, title) values (%L, %L, ''text'', '
    '''X'')', tests.id('offer'), tests.id('north'))), '42501',
  'nobody adds a version past it'
);
select is(
  tests.answer_of(format('insert into public.artifacts (workspace_id, conversation_id, kind, title) values (%L, %L, '
    '''text'', ''X'')', tests.id('north'), tests.id('north talk'))), '23503',
  'or makes anything in the conversation of another'
);
select tests.authenticate_as('service');
select is(
  tests.answer_of(format('insert into public.artifacts (id, workspace_id, user_id, kind, title) values (%L, %L, %L, '
    '%L, ''X'')', tests.id('list'), tests.id(tenant), tests.id(person), kind)),
  '400 invalid_body', format('a version of another %s is refused, to the service too', what)
) from (values ('workspace', 'south', 'member', 'sheet'), ('owner', 'north', 'admin', 'sheet'),
  ('kind', 'north', 'member', 'code')) as v (what, tenant, person, kind);
select is(
  tests.answer_of(format('insert into public.artifacts (id, created_at, workspace_id, user_id, kind, title) values '
    '(%L, %L, %L, %L, ''sheet'', ''X'')',
    tests.id('list'), pg_temp.first() - interval '1 hour', tests.id('north'), tests.id('member'))),
  '409 version_conflict', 'and one before the latest'
);
select tests.authenticate_as('member');
select is(tests.answer_of(format('insert into public.artifacts (workspace_id, kind, title, component_tree) values (%L, '
  '%L, ''X'', %L)', tests.id('north'), kind, tree)), answer, format('%s with %s', kind, tree))
from (values ('ag-ui', '{"type": "card"}', 'ok'), ('ag-ui', '[]', '422 invalid_value'),
  ('text', '{}', '422 invalid_value')) as v (kind, tree,
  answer);

select tests.authenticate_as('database');
delete from public.conversations where id = tests.id('north talk');
select is((pg_temp.latest()).conversation_id, null, 'an artifact outlives its conversation');

select * from finish();
rollback;
