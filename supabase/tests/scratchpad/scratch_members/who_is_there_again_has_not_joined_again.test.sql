begin;
\ir ../../world.psql
select plan(6);

select tests.authenticate_as('database');
select is(private.scratch_join('presence:tests', 'ada', '{"status": "online"}', 45), true,
  'the first time somebody joins');
select is(private.scratch_join('presence:tests', 'ada', '{"status": "away"}', 45), false,
  'the second time they are there');
select results_eq(
  $$select info ->> 'status', ends_at = now() + interval '45 seconds' from private.scratch_members
  where key = 'presence:tests' and member = 'ada'$$,
  $$values ('away', true)$$, 'with what they said last, for as long from then on'
);
select is(private.scratch_join('presence:others', 'ada', '{}', 45), true, 'another set is another matter');
update private.scratch_members set ends_at = now() where key = 'presence:tests';
select is(private.scratch_join('presence:tests', 'ada', '{}', 0.5), true, 'whose time has ended joins again');
select is((select count(*)::integer from private.scratch_members where key = 'presence:tests'), 1, 'and is there once');

select * from finish();
rollback;
