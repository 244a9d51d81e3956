begin;
\ir world.psql
select plan(14);

select tests.authenticate_as('newcomer');
select is((public.create_workspace('Mine', 'tests-mine', 'eu')).region, 'eu', 'a workspace is made in its region');
select is((public.create_workspace('Mine', 'tests-mine-2')).region, 'eu', 'which is by default the cell''s own');
select is(tests.answer_of($$select public.create_workspace('Mine', 'tests-mine-3', 'us')$$),
  '421 misdirected_workspace', 'of another region it is made in another cell');
select is(tests.answer_of($$select public.create_workspace('Mine', 'tests-mine-4', 'mars')$$),
  '409 region_not_allowed', 'without a cell nowhere');
select is((select count(*)::integer from public.workspaces where slug like 'tests-mine%'), 2, 'none was made');

-- The service is bound, too.
select tests.authenticate_as('service');
select is(tests.answer_of($$insert into public.workspaces (name, slug, region) values ('S', 'tests-s', 'us')$$),
  '421 misdirected_workspace', 'the service does not make it here');
select is(tests.answer_of($$update public.workspaces set region = 'us' where id = tests.id('north')$$),
  '409 region_not_allowed', 'nor carries one out of its region');
select is(tests.answer_of($$update public.workspaces set region = 'eu' where id = tests.id('north')$$), 'ok',
  'what stays, stays');

-- A cell that is full.
select public.set_cell('eu-1', 'https://eu-1.example', 'eu', 'sb_publishable_one', false);
select tests.authenticate_as('newcomer');
select is(tests.answer_of($$select public.create_workspace('Mine', 'tests-mine-5', 'eu')$$),
  '421 misdirected_workspace', 'a cell that takes no new ones names one that does');
select is(tests.try_as('owner', $$update public.workspaces set name = 'X' where id = tests.id('north')$$), 'yes',
  'and keeps those that it has');

-- What is being copied here is hidden until it is placed here.
select tests.authenticate_as('database');
select public.set_cell('eu-1', 'https://eu-1.example', 'eu', 'sb_publishable_one');
select public.place_workspace(tests.id('coming'), 'eu-2', 'arriving');
select set_config('groundwork.placing', tests.id('coming')::text, true);
insert into public.workspaces (id, name, slug, region) values (tests.id('coming'), 'Coming', 'tests-coming', 'eu');
insert into public.members (workspace_id, user_id) values (tests.id('coming'), tests.id('member'));
select set_config('groundwork.placing', '', true);
select is(tests.try_as('member', $$select from public.workspaces where id = tests.id('coming')$$), 'none',
  'what arrives is not seen');
select is((select tgenabled from pg_catalog.pg_trigger where tgname = 'hide_arriving'), 'A',
  'also when a subscription writes it');
select is(tests.try_as('member', $$insert into public.conversations (workspace_id, title)
  values (tests.id('coming'), 'T')$$), 'misdirected_workspace', 'nor written');
select public.place_workspace(tests.id('coming'), 'eu-1', 'here');
select is(tests.try_as('member', $$select from public.workspaces where id = tests.id('coming')$$), 'yes',
  'once it is here, it is');

select * from finish();
rollback;
