begin;
\ir ../../world.psql
select plan(29);
-- What the seed made is not of this test.
delete from public.memories;

-- A unit vector at so many degrees from the first axis: the cosine of the angle between two is their similarity.
create function pg_temp.at(degrees double precision) returns extensions.halfvec language sql as $$
  select (select jsonb_agg(case n when 1 then cosd(degrees) when 2 then sind(degrees) else 0 end order by n)
    from generate_series(1, 384) as n)::text::extensions.halfvec;
$$;
grant execute on function pg_temp.at(double precision) to public;
create temporary table said (step text, id uuid, outcome text) on commit drop;
grant all on said to authenticated, service_role;
create function pg_temp.outcome_of(told text) returns text language sql as $$ select outcome from said
  where step = told; $$;
create function pg_temp.id_of(told text) returns uuid language sql as $$ select id from said where step = told; $$;

grant execute on function pg_temp.outcome_of(text), pg_temp.id_of(text) to public;
select tests.authenticate_as('member');
insert into said select 'dog', *
from public.remember(tests.id('north'), 'Has a dog called Rex.', 'personal', 0.6, 'user_message', tests.id('message 1'),
  pg_temp.at(0), 'm');
insert into said select 'dog again', *
from public.remember(tests.id('north'), 'has a DOG, called rex', 'personal', 0.6, 'user_message', tests.id('message 2'),
  pg_temp.at(0), 'm');
insert into said select 'dog near', *
from public.remember(tests.id('north'), 'Owns a dog named Rex.', 'personal', 0.6, 'user_message', tests.id('message 3'),
  pg_temp.at(10), 'm');
insert into said select 'garden', *
from public.remember(tests.id('north'), 'Likes gardening.', 'preference', 0.6, 'user_message', null, pg_temp.at(30),
  'm');
select is(pg_temp.outcome_of('dog'), 'added', 'what is new is added');
select is(pg_temp.outcome_of('dog again'), 'confirmed', 'the same words confirm, whatever their case and punctuation');
select is(pg_temp.outcome_of('dog near'), 'confirmed', 'so does what is near: 10°, similarity 0.985');
select is(pg_temp.outcome_of('garden'), 'added', 'what is not near is added: 30°, similarity 0.87');
select is((select count(distinct id) from said where step like 'dog%'), 1::bigint, 'one memory of the dog');
select is(round((select confidence from public.memories where id = pg_temp.id_of('dog'))::numeric, 4), 0.8040,
  'its confidence rose twice: 1 − 0.4 · 0.7 · 0.7');
select set_eq($$select content from public.memory_sources where memory_id = pg_temp.id_of('dog')$$,
  $$values ('Has a dog called Rex.'), ('has a DOG, called rex'), ('Owns a dog named Rex.')$$,
    'every source is kept in its own words');
insert into said select 'dog twice', *
from public.remember(tests.id('north'), 'Owns a dog named Rex.', 'personal', 0.9, 'user_message', tests.id('message 3'),
  pg_temp.at(10), 'm');
select is(pg_temp.outcome_of('dog twice'), 'confirmed', 'a message told twice is known');
select is((select confirmations from public.memories where id = pg_temp.id_of('dog')), 2, 'and counts once');

-- Near in meaning, and yet something else.
insert into said select 'born', *
from public.remember(tests.id('north'), 'Was born in 1980.', embedding => pg_temp.at(60), embedding_model => 'm');
insert into said select 'born else', *
from public.remember(tests.id('north'), 'Was born in 1981.', embedding => pg_temp.at(61), embedding_model => 'm');
insert into said select 'not', *
from public.remember(tests.id('north'), 'Was not born in 1980.', embedding => pg_temp.at(61), embedding_model => 'm');
insert into said select 'model', *
from public.remember(tests.id('north'), 'Was born, in the year 1980.', embedding => pg_temp.at(60),
  embedding_model => 'other');
select is(array_agg(outcome), array['added', 'added', 'added', 'added'],
  'other numbers, a negation, another model: not the same') from said
  where step in ('born', 'born else', 'not', 'model');

-- Contradictions.
insert into said select 'city', *
from public.remember(tests.id('north'), 'Lives in Lisbon.', subject => 'home_city', embedding => pg_temp.at(90),
  embedding_model => 'm');
insert into said select 'city 2', *
from public.remember(tests.id('north'), 'Lives in Porto.', subject => 'home_city', embedding => pg_temp.at(110),
  embedding_model => 'm');
select is(pg_temp.outcome_of('city 2'), 'superseded', 'the same subject supersedes');
select results_eq($$select valid_to is not null, superseded_by from public.memories where id = pg_temp.id_of('city')$$,
  $$select true, pg_temp.id_of('city 2')$$, 'what it contradicts has ended, and says by what; nothing is deleted');
insert into said select 'city 3', *
from public.remember(tests.id('north'), 'Lives in Faro now.', supersedes => pg_temp.id_of('city 2'),
  embedding => pg_temp.at(111), embedding_model => 'm');
select is(pg_temp.outcome_of('city 3'), 'superseded', 'what is named is superseded, however near it is');
select is(tests.answer_of(format($$select public.remember(tests.id('north'), 'Lives nowhere.', supersedes => %L)$$,
  pg_temp.id_of('city 2'))), '404 not_found', 'only what is valid');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'Lives nowhere.',
  agent_id => tests.id('desk'))$$), '404 not_found',
  'an agent of another workspace remembers nothing here');
insert into said select 'city 4', *
from public.remember(tests.id('north'), 'Lives in Lisbon.', supersedes => pg_temp.id_of('city 3'),
  embedding => pg_temp.at(90), embedding_model => 'm');
select is(pg_temp.outcome_of('city 4'), 'superseded', 'what was true before may be true again');

-- No feedback.
select is(tests.answer_of(format($$select public.remember(tests.id('north'), 'x', source_kind => %L)$$, kind)),
  '422 memory_feedback', kind || ' is refused')
from unnest(array['recalled', 'system_prompt']) as kind;
select is((select count(*)
  from public.recall(tests.id('north'), query_embedding => pg_temp.at(0), embedding_model => 'm', match_count => 1)),
  1::bigint, 'the dog is recalled');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'The dog is called Rex.',
  source_kind => 'assistant_message', embedding => pg_temp.at(5), embedding_model => 'm')$$),
  '422 memory_feedback', 'what the assistant repeats of what was recalled is refused');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'Has a dog called Rex.',
  source_kind => 'user_message', embedding => pg_temp.at(5), embedding_model => 'm')$$), 'ok',
  'what the person says again is not');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'The garden has roses.',
  source_kind => 'assistant_message', embedding => pg_temp.at(180), embedding_model => 'm')$$), 'ok',
  'nor what the assistant says anew');

-- Others.
select tests.authenticate_as('owner');
insert into said select 'of another', *
from public.remember(tests.id('north'), 'Has a dog called Rex.', embedding => pg_temp.at(0), embedding_model => 'm');
select is(pg_temp.outcome_of('of another'), 'added', 'another''s memory confirms nothing');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'x', user_id => tests.id('member'))$$),
  '404 not_found', 'nobody remembers for another');
select is(tests.answer_of(format($$select public.forget(%L)$$, pg_temp.id_of('dog'))), '404 not_found',
  'nor forgets for them');
select tests.authenticate_as('outsider');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'x')$$), '404 not_found',
  'nor outside of one''s workspaces');
select tests.authenticate_as('service');
select is(tests.answer_of($$select public.remember(tests.id('north'), 'x')$$), '422 person_required',
  'the service names the person');

-- Forgetting.
select tests.authenticate_as('member');
select is(public.forget(pg_temp.id_of('city 4')), 4, 'what is forgotten takes along what it superseded');
select is_empty($$select from public.memories where content like 'Lives%' union all select from public.memory_sources
  where content like 'Lives%'$$, 'in every word');

select * from finish();
rollback;
