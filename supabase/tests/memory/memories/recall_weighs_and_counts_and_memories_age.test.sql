begin;
\ir ../../world.psql
select plan(27);
-- What the seed made is not of this test.
delete from public.memories;

create function pg_temp.at(degrees double precision) returns extensions.halfvec language sql as $$
  select (select jsonb_agg(case n when 1 then cosd(degrees) when 2 then sind(degrees) else 0 end order by n)
    from generate_series(1, 384) as n)::text::extensions.halfvec;
$$;
insert into public.memories (workspace_id, user_id, agent_id, kind, category, content,
  language, confidence, embedding, embedding_model, confirmed_at)
select tests.id(m.workspace), tests.id(person), tests.id(agent), kind, category, content, 'english', confidence,
  pg_temp.at(degrees), model, now() - ago
from (values
  ('north', 'member', null, 'fact', 'personal', 'Runs marathons.', 0.9, 0, 'm', interval '0'),
  ('north', 'member', null, 'fact', 'personal', 'Ran a marathon long ago.', 0.9, 20, 'm', interval '1000 days'),
  ('north', 'member', null, 'fact', 'preference', 'Prefers tea.', 0.2, 90, 'm', interval '0'),
  ('north', 'member', 'hr', 'fact', 'project', 'Told HR about a marathon in May.', 0.9, 40, 'm', interval '0'),
  ('north', 'member', null, 'profile', 'personal', 'Is an engineer.', 1, 120, 'm', interval '0'),
  ('north', 'member', null, 'fact', 'personal', 'Another model knows of a marathon.', 0.9, 0, 'other', interval '0'),
  ('north', 'owner', null, 'fact', 'personal', 'The owner runs a marathon.', 1, 0, 'm', interval '0'),
  ('south', 'clerk', null, 'fact', 'personal', 'The clerk runs a marathon.', 1, 0, 'm', interval '0')
) as m (workspace, person, agent, kind, category, content, confidence, degrees, model, ago);
create function pg_temp.recalled(query text, degrees double precision default null, agent text default null,
  most integer default 10)
returns text[] language sql as $$
  select array_agg(content order by score desc, id)
  from public.recall(tests.id('north'), query, case when degrees is not null then pg_temp.at(degrees) end, 'm',
    tests.id(agent), match_count => most);
$$;
grant execute on function pg_temp.at(double precision), pg_temp.recalled(text, double precision, text, integer)
  to public;

select tests.authenticate_as('member');
select is(pg_temp.recalled(null, 0, most => 1), array['Runs marathons.'], 'by meaning the nearest comes first');
select is((pg_temp.recalled('marathons', 0))[1], 'Runs marathons.', 'by both too');
select ok('Another model knows of a marathon.' = any (pg_temp.recalled('marathon')),
  'words find what is of another model');
select ok('Another model knows of a marathon.' <> all (pg_temp.recalled(null, 0)), 'meaning does not compare models');
select ok('Told HR about a marathon in May.' <> all (pg_temp.recalled('marathon')),
  'what one agent remembers is not every agent''s');
select ok('Told HR about a marathon in May.' = any (pg_temp.recalled('marathon', null, 'hr')), 'it is that agent''s');
select ok(not exists (select from unnest(pg_temp.recalled('marathon', 0)) as c where c like 'The %'),
  'nobody recalls another''s');
select is(pg_temp.recalled('nothing of this kind'), null, 'what does not fit is not recalled');
select is((pg_temp.recalled(null))[1], 'Is an engineer.', 'without a question the weightiest come first');
select is((select array_agg(content) from public.recall(tests.id('north'), only_kind => 'profile')),
  array['Is an engineer.'], 'only the profile');
select is((select array_agg(content) from public.recall(tests.id('north'), categories => array['preference'])),
  array['Prefers tea.'], 'only some categories');
select results_eq(
  $$select content, round(score::numeric, 6)
  from public.recall(tests.id('north'), query_embedding => pg_temp.at(0), embedding_model => 'm')
  where content in ('Runs marathons.', 'Prefers tea.')$$,
  $$values ('Runs marathons.', round(0.98 / 11, 6)), ('Prefers tea.', round(0.84 / 13, 6))$$,
    'the score is the reciprocal of 10 + place, less where one is less sure');
select is((select round(score::numeric, 4) from public.recall(tests.id('north'), 'ran long ago')
  where content like 'Ran%'), round((0.98 * (0.9 + 0.1 * 2 ^ (-1000 / 90.0)) / 11)::numeric, 4),
  'and less where it was said long ago');
select tests.authenticate_as('owner');
select is(tests.answer_of($$select *
  from public.recall(tests.id('north'), 'marathon', user_id => tests.id('member'))$$), '404 not_found',
  'also when they name them');
select is(pg_temp.recalled('marathon'), array['The owner runs a marathon.'], 'the owner recalls their own');
select is((select valid from public.memory_health(tests.id('north'))), 1::bigint, 'and sees the health of their own');
select tests.authenticate_as('service');
select set_eq($$select content
  from public.recall(tests.id('north'), 'marathon', user_id => tests.id('member'), match_count => 3)$$,
  $$values ('Runs marathons.'), ('Ran a marathon long ago.'), ('Another model knows of a marathon.')$$,
    'the service recalls for whom it names, what fits first');

select tests.authenticate_as('database');
select results_eq($$select memory_ids @> array[(select id from public.memories where content like 'The owner%')],
  count(*) > 0 from private.recalls where user_id = tests.id('owner') group by 1$$,
  $$values (true, true)$$, 'what was recalled is noted at once');
select is(private.count_recalls(1), 1, 'and counted for as many people as it is told');
select ok(private.count_recalls() > 0, 'then for the others');
select is((select count(*) from private.recalls), 0::bigint, 'until nothing is left to count');
select results_eq($$select content, recalled_count > 0 from public.memories
  where content in ('The owner runs a marathon.', 'The clerk runs a marathon.') order by 1$$,
  $$values ('The clerk runs a marathon.', false), ('The owner runs a marathon.', true)$$,
    'what was recalled is counted, and nothing else');

-- Ageing.
update public.memories set recalled_count = 0, last_recalled_at = null;
update public.memories set confirmed_at = now() - interval '2 days' where content = 'Prefers tea.';
update public.memories set last_recalled_at = now(), recalled_count = 1, confirmed_at = now() - interval '40 days'
where content = 'Is an engineer.';
do $$ begin perform private.age_memories(); end; $$;
select results_eq($$select content, tier from public.memories where tier <> 'immediate' order by content$$,
  $$values ('Is an engineer.', 'recent'), ('Prefers tea.', 'recent'), ('Ran a marathon long ago.', 'historical')$$,
    'a day, and 30 days without being said or recalled');
select tests.authenticate_as('member');
select pg_temp.recalled('long ago');
select tests.authenticate_as('database');
do $$ begin perform private.count_recalls(); end; $$;
select tests.authenticate_as('member');
select is((select tier from public.memories where content = 'Ran a marathon long ago.'), 'recent',
  'what is recalled is recent again');
select results_eq($$select valid, superseded, stale, never_recalled, without_source, without_embedding
  from public.memory_health(tests.id('north'))$$,
  $$values (6::bigint, 0::bigint, 0::bigint, 0::bigint, 6::bigint, 0::bigint)$$, 'memory_health tells how they stand');

-- Older than a number between 0 and 1 can say.
select tests.authenticate_as('member');
select is((select outcome from public.remember(tests.id('north'), 'Rome was old.', valid_from => '0001-01-01')),
  'added', 'what was said in the year 1 is remembered');
select is(pg_temp.recalled('Rome'), array['Rome was old.'], 'and recalled');

select * from finish();
rollback;
