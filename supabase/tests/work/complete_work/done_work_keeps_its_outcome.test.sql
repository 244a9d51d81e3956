begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(8);

select tests.add('a'), tests.add('b'), tests.add('c');
select is(tests.claim('w', 3), 'a b c', 'three are claimed');
select is(private.complete_work('chores', tests.token('w'), tests.ids('a', 'b'), '{"outcome": "swept"}'), 2,
  'two are done');
select results_eq(
  $$select status, outcome, finished_at = now(), lease_expires_at is null, claim_token = tests.token('w')
  from public.chores where title in ('a', 'b')$$,
  $$values ('done', 'swept', true, true, true), ('done', 'swept', true, true, true)$$,
  'with the outcome, the time, and the token, by which a repeated answer is known'
);
select is(
  tests.answer_of($$select private.complete_work('chores', tests.token('w'), tests.ids('c'), '{"title": "x"}')$$),
  '422 unknown_outcome',
  'a column that is no outcome cannot be set so'
);
select is(
  tests.answer_of($$select private.complete_work('chores', tests.token('w'), tests.ids('c'),
    '{"outcome": "x", "status": "failed"}')$$), '422 unknown_outcome',
  'least of all one of the grammar'
);
select is(tests.job('c'), 'in_progress 1', 'and nothing is changed');
select is(private.complete_work('chores', tests.token('w'), tests.ids('c'), null), 1, 'an outcome is not needed');
select is((select outcome from public.chores where title = 'c'), null, 'and then not set');

select * from finish();
rollback;
