-- An installation of one project has no directory, and no table of tenants has a trigger for it.
begin;
\ir ../world.psql
select plan(8);

select is_empty(
  $$select from pg_catalog.pg_trigger where tgfoid = 'private.refuse_elsewhere()'::regprocedure$$,
  'no table is guarded'
);
select is_empty('select from private.this_cell', 'this project is no cell');
select tests.authenticate_as('member');
select results_eq(
  $$select cell, region, url, status, revision from public.workspace_place(tests.id('north'))$$,
  $$values (null::text, 'eu', null::text, 'here', 0::bigint)$$,
  'a member is told: it is here'
);
select is(tests.answer_of($$select public.workspace_place(tests.id('south'))$$), '404 not_found', 'a stranger is not');
select tests.authenticate_as('service');
select is(tests.answer_of($$select public.place_workspace(tests.id('north'), 'eu-2', 'elsewhere')$$),
  '404 unknown_cell', 'without cells nothing is placed');
select is(tests.answer_of($$select public.name_this_cell('eu-1')$$), '404 unknown_cell',
  'what is no cell is not this one');
select tests.authenticate_as('newcomer');
select is((public.create_workspace('Mine', 'tests-mine', 'us')).region, 'us', 'a workspace is made for any region');
select is((public.create_workspace('Mine', 'tests-mine-2')).region, 'eu', 'by default for eu');

select * from finish();
rollback;
