begin;
\ir ../../world.psql
\ir ../talk.psql
\ir ../things.psql
select plan(22);

create function pg_temp.statuses() returns text language sql as $$
  select string_agg(status, ' ' order by created_at, original_text desc) from public.suggestions
  where artifact_id = tests.id('offer');
$$;
create function pg_temp.offer() returns text language sql as $$ select content from public.latest_artifacts
  where id = tests.id('offer') $$;
create function pg_temp.suggest(original text, version text default '2026-01-01 00:00:00Z') returns text
  language sql as $$
  select tests.answer_of(format(
    'insert into public.suggestions (workspace_id, artifact_id, artifact_created_at, original_text, suggested_text) '
      'values (%L, %L, %L, %L, ''X'')',
    tests.id('north'), tests.id('offer'), version, original
  ));
$$;
grant execute on all functions in schema pg_temp to public;

select tests.authenticate_as('member');
select is((public.accept_suggestion(tests.id('dear'))).content, 'Hello Kim, we offer 50.',
  'accepting makes the version');
select is(pg_temp.offer(), 'Hello Kim, we offer 50.', 'which is the latest');
select is(pg_temp.statuses(), 'accepted open', 'the other one, whose text is there, stays open');
select is(tests.answer_of(format('select public.accept_suggestion(%L)', tests.id('dear'))), 'ok',
  'accepted again it is fine');
select is(pg_temp.offer(), 'Hello Kim, we offer 50.', 'and applied once');
select is(tests.answer_of(format('select public.reject_suggestion(%L)', tests.id('dear'))), '409 suggestion_settled',
  'and not rejected then');
select is(pg_temp.suggest('Kim'), 'ok', 'one more, for the version before');
select is(pg_temp.suggest('Dear'), 'ok', 'one whose text is already gone');
select is(pg_temp.suggest('Kay'), '400 invalid_body', 'not for text that the version never had');
select is((select string_agg(status, ' ' order by original_text) from public.suggestions where suggested_text = 'X'),
  'stale open', 'it begins stale');
select is(
  (public.revise_artifact(tests.id('offer'),
    (select created_at from public.latest_artifacts where id = tests.id('offer')), content => 'Kim: 40.')).content,
    'Kim: 40.',
  'a version without the text'
);
select is((select status from public.suggestions where id = tests.id('fifty')), 'stale',
  'lets its suggestion go stale');
select is(tests.answer_of(format('select public.accept_suggestion(%L)', tests.id('fifty'))), '409 suggestion_settled',
  'which is not accepted any more');
select is(
  (public.accept_suggestion((select id from public.suggestions where original_text = 'Kim'))).content, 'X: 40.',
    'one whose text is there is, although the version is another'
);

-- Who decides
select tests.authenticate_as('database');
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select tests.authenticate_as('admin');
select is(pg_temp.suggest('offer'), 'ok', 'who reads it suggests');
select tests.authenticate_as('database');
insert into public.suggestions (id, workspace_id, artifact_id, artifact_created_at, user_id, original_text,
  suggested_text)
select tests.id('forty'), a.workspace_id, a.id, a.created_at, tests.id('admin'), '40', '45'
from public.latest_artifacts as a where a.id = tests.id('offer');
select is(
  (select string_agg(tests.try_as(who, format('select public.accept_suggestion(%L)', tests.id('forty'))), ' '
    order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as a (who, place)),
  'no not_found not_found yes not_found not_found yes',
  'anonymous, outsider, guest, member, admin, owner, service: its owner accepts'
);
select is(
  (select string_agg(tests.try_as(who, format('select public.reject_suggestion(%L)', tests.id('forty'))), ' '
    order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as a (who, place)),
  'no not_found not_found yes yes not_found yes', 'who suggested it takes it back'
);
select is(tests.try_as('member', 'update public.suggestions set status = ''accepted'', settled_at = now()'), 'no',
  'no other way to settle one');
select is(tests.try_as('service',
  format('update public.suggestions set status = ''rejected'' where id = %L', tests.id('forty'))), 'invalid_value',
  'what is settled has a time');
select is(tests.answer_of(format('select public.accept_suggestion(%L)', tests.id('nothing'))), '404 not_found',
  'what does not exist is not found');

select tests.authenticate_as('outsider');
select is(pg_temp.suggest(text), '42501', 'whether a text is there is not told to whom it does not concern')
from unnest(array['offer', 'nowhere']) as text;

select * from finish();
rollback;
