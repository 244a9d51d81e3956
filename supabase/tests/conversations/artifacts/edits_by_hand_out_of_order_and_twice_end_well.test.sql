-- What people do with artifacts, suggestions and branches by hand: they save twice, answers are lost and asked for
-- again, they undo, they come with an old version. One table: each step, what it answers, and what is there afterwards.
begin;
\ir ../../world.psql
\ir ../talk.psql
\ir ../things.psql

create temporary table known_versions (name text primary key, created_at timestamptz) on commit drop;
insert into known_versions values ('v1', '2026-01-01 00:00:00Z');

-- Revises a version by its name, and names the version that comes of it.
create function pg_temp.save(base text, content text, named text default null) returns text language plpgsql as $$
declare
  came public.artifacts;
begin
  came := public.revise_artifact(tests.id('offer'),
    (select v.created_at from known_versions as v where v.name = base), content => save.content);
  insert into known_versions values (coalesce(named, 'unnamed'), came.created_at)
  on conflict (name) do nothing;
  return came.content;
end;
$$;
create function pg_temp.settle(verb text, suggestion text) returns text language sql as $$
  select tests.answer_of(format('select public.%s_suggestion(%L)', verb, tests.id(suggestion)));
$$;
create function pg_temp.show(message text) returns text language sql as $$
  select tests.answer_of(format('select public.select_branch(%L)', tests.id(message)));
$$;
create function pg_temp.edit(message text, instead_of text) returns text language sql as $$
  select tests.answer_of(format('select public.add_message(conversation_id => %L, message_id => %L, parts => %L, '
    'instead_of => %L)', tests.id('north talk'), tests.id(message),
    jsonb_build_array(jsonb_build_object('type', 'text', 'text', message)), tests.id(instead_of)));
$$;
create function pg_temp.state() returns text language sql as $$
  select format('%s | %s | %s',
    (select string_agg(content, ' → ' order by created_at) from public.artifacts where id = tests.id('offer')),
    (select string_agg(status, ' ' order by original_text desc) from public.suggestions
      where artifact_id = tests.id('offer')),
    (select string_agg(said.parts -> 0 ->> 'text', ' ' order by said.place desc)
      from public.conversations as c
      cross join lateral public.conversation_path(c.active_message_id) with ordinality as said
        (id, workspace_id, conversation_id, user_id, parent_id, role, parts, attachments, metadata, content_for_llm,
          token_count, preprocessing_log_id, system_message_id, created_at, client_id, taken_back_at, place)
      where c.id = tests.id('north talk')));
$$;
create function pg_temp.try(step text) returns text language plpgsql as $$
declare
  answered text;
  message text;
begin
  execute 'select ' || step into answered;
  return answered;
exception when sqlstate 'PGRST' then
  get stacked diagnostics message = message_text;
  return message::jsonb ->> 'code';
end;
$$;
grant execute on all functions in schema pg_temp to public;
grant all on known_versions to public;

create temporary table steps (place integer generated always as identity, what text, step text, answer text,
  versions text, suggestions text, shown text) on commit drop;
insert into steps (what, step, answer, versions, suggestions, shown) values
  -- Suggestions: Dear → Hello, 50 → 60.
  ('saving without a change makes no version', $$pg_temp.save('v1', 'Dear Kim, we offer 50.')$$,
    'Dear Kim, we offer 50.', 'Dear Kim, we offer 50.', 'open open', 'hello answer thanks'),
  ('a change makes one', $$pg_temp.save('v1', 'Dear Kim, no offer.', 'v2')$$,
    'Dear Kim, no offer.', 'Dear Kim, we offer 50. → Dear Kim, no offer.', 'open stale', 'hello answer thanks'),
  ('saved twice it is one version', $$pg_temp.save('v1', 'Dear Kim, no offer.')$$,
    'Dear Kim, no offer.', 'Dear Kim, we offer 50. → Dear Kim, no offer.', 'open stale', 'hello answer thanks'),
  ('from the new version, too', $$pg_temp.save('v2', 'Dear Kim, no offer.')$$,
    'Dear Kim, no offer.', 'Dear Kim, we offer 50. → Dear Kim, no offer.', 'open stale', 'hello answer thanks'),
  ('an undo opens what had become stale', $$pg_temp.save('v2', 'Dear Kim, we offer 50.', 'v3')$$,
    'Dear Kim, we offer 50.', 'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50.', 'open open',
    'hello answer thanks'),
  ('the first save, sent again late, is still that version', $$pg_temp.save('v1', 'Dear Kim, no offer.')$$,
    'Dear Kim, no offer.', 'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50.', 'open open',
    'hello answer thanks'),
  ('another change of an old version is a conflict', $$pg_temp.save('v1', 'Dear Kim, come.')$$,
    'version_conflict', 'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50.', 'open open',
    'hello answer thanks'),
  ('the later suggestion is accepted first', $$pg_temp.settle('accept', 'fifty')$$, 'ok',
    'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50. → Dear Kim, we offer 60.', 'open accepted',
    'hello answer thanks'),
  ('accepted twice it is applied once', $$pg_temp.settle('accept', 'fifty')$$, 'ok',
    'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50. → Dear Kim, we offer 60.', 'open accepted',
    'hello answer thanks'),
  ('what was accepted is not rejected', $$pg_temp.settle('reject', 'fifty')$$, '409 suggestion_settled',
    'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50. → Dear Kim, we offer 60.', 'open accepted',
    'hello answer thanks'),
  ('one is rejected', $$pg_temp.settle('reject', 'dear')$$, 'ok',
    'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50. → Dear Kim, we offer 60.',
    'rejected accepted', 'hello answer thanks'),
  ('twice', $$pg_temp.settle('reject', 'dear')$$, 'ok',
    'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50. → Dear Kim, we offer 60.',
    'rejected accepted', 'hello answer thanks'),
  ('what was rejected is not accepted', $$pg_temp.settle('accept', 'dear')$$, '409 suggestion_settled',
    'Dear Kim, we offer 50. → Dear Kim, no offer. → Dear Kim, we offer 50. → Dear Kim, we offer 60.',
    'rejected accepted', 'hello answer thanks'),
  -- Branches
  ('an edit', $$pg_temp.edit('thank you', 'thanks')$$, 'ok', null, 'rejected accepted', 'hello answer thank you'),
  ('sent twice', $$pg_temp.edit('thank you', 'thanks')$$, 'ok', null, 'rejected accepted', 'hello answer thank you'),
  ('the first words again', $$pg_temp.show('thanks')$$, 'ok', null, 'rejected accepted', 'hello answer thanks'),
  ('twice', $$pg_temp.show('thanks')$$, 'ok', null, 'rejected accepted', 'hello answer thanks'),
  ('the edit, sent again late, is no third sibling', $$pg_temp.edit('thank you', 'thanks')$$, 'ok', null,
    'rejected accepted', null),
  ('a message of another talk is not shown here', $$pg_temp.show('question')$$, '404 not_found', null,
    'rejected accepted', null);

select plan((select count(*)::integer * 2 + 3 from steps));
create temporary table told (place integer, answer text, state text) on commit drop;
grant all on told, steps to public;
do $$ begin perform tests.authenticate_as('member'); end; $$;
do $$
declare
  one steps;
begin
  for one in select * from steps order by place loop
    insert into told values (one.place, pg_temp.try(one.step), null);
    update told set state = pg_temp.state() where place = one.place;
  end loop;
end;
$$;
select is(t.answer, s.answer, s.what || ': what it answers')
from steps as s join told as t on t.place = s.place order by s.place;
select is(
  array[case when s.versions is not null then split_part(t.state, ' | ', 1) end, split_part(t.state, ' | ', 2),
    case when s.shown is not null then split_part(t.state, ' | ', 3) end],
  array[s.versions, s.suggestions, s.shown], s.what || ': what is there'
)
from steps as s join told as t on t.place = s.place order by s.place;
select is(
  (select count(*) from public.messages where conversation_id = tests.id('north talk')), 4::bigint,
  'of all that was sent twice there is one'
);

-- An undo opens no more than may be open.
do $$ begin perform tests.authenticate_as('database'); end; $$;
insert into public.suggestions (workspace_id, artifact_id, artifact_created_at, user_id, original_text, suggested_text)
select a.workspace_id, a.id, a.created_at, a.user_id, part.of, 'X'
from public.latest_artifacts as a cross join unnest(array['Kim', '60']) as part (of) where a.id = tests.id('offer');
create function pg_temp.after_saving(content text, most integer) returns text language plpgsql as $$
declare
  newest timestamptz := (select max(a.created_at) from public.artifacts as a where a.id = tests.id('offer'));
begin
  insert into public.workspace_limits (workspace_id, name, value)
  values (tests.id('north'), 'suggestions_open', most)
  on conflict (workspace_id, name) do update set value = excluded.value;
  perform tests.authenticate_as('member');
  perform public.revise_artifact(tests.id('offer'), newest, content => after_saving.content);
  perform tests.authenticate_as('database');
  return (select string_agg(s.status, ' ' order by s.original_text) from public.suggestions as s
    where s.suggested_text = 'X');
end;
$$;
select is(pg_temp.after_saving('Dear, 60.', 2) || ', ' || pg_temp.after_saving('Dear Kim, 60.', 1),
  'open stale, open stale', 'where no more may be open, an undo opens none');
select is(pg_temp.after_saving('Dear Kim, 60!', 2), 'open open', 'where one more may, it opens one');
select * from finish();
rollback;
