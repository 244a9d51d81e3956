begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(13);

create temporary table tries (items text, answer text) on commit drop;
insert into tries values
  ('null', '422 invalid_items'), ('{}', '422 invalid_items'), ('[1]', '422 invalid_items'),
    ('[[]]', '422 invalid_items'),
  ('[{"workspace_id": "$", "title": "a"}, {"workspace_id": "$", "title": "a", "colour": 1}]', '422 unknown_column'),
  ('[{"workspace_id": "$", "title": "a", "status": "done"}]', '422 unknown_column'),
  ('[{"workspace_id": "$", "title": "a", "id": 1}]', '422 unknown_column'),
  ('[{"workspace_id": "$", "title": "a"}, {"workspace_id": "$"}]', '23502'),
  ('[{}]', '23502'),
  ('[{"workspace_id": "$", "title": "a"}, {"workspace_id": "$", "title": "a", "priority": 101}]', '23514'),
  ('[{"workspace_id": "no uuid", "title": "a"}]', '22P02');
select is(tests.answer_of(format('select private.enqueue_work(''chores'', %L)',
  replace(items, '$', tests.id('north')::text))), answer, items) from tries;
select is(
  tests.answer_of($$select private.enqueue_work('chores',
    (select jsonb_agg('{}'::jsonb) from generate_series(1, 1001)))$$), '422 invalid_items', 'more than a thousand'
);
select is_empty('select from public.chores', 'and nothing was added');

select * from finish();
rollback;
