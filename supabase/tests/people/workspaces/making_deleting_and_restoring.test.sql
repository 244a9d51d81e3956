begin;
\ir ../../world.psql
select plan(26);

select tests.authenticate_as('newcomer');
select is(tests.answer_of($$select public.create_workspace('Mine', 'tests-mine', 'us')$$), 'ok',
  'who is signed in makes a workspace');
select results_eq(
  $$select m.role, w.name, w.region, w.billing_plan from public.members as m
  join public.workspaces as w on w.id = m.workspace_id where w.slug = 'tests-mine'$$,
  $$values ('owner', 'Mine', 'us', 'free')$$,
  'and is its owner'
);
select is(tests.answer_of($$select public.create_workspace('Again', 'tests-mine')$$), '409 slug_taken',
  'a slug is given once');
select is(tests.answer_of($$select public.create_workspace('Bad', 'Not A Slug')$$), '422 invalid_value',
  'a slug has its form');
select is(tests.answer_of($$select public.create_workspace('', 'tests-nameless')$$), '422 invalid_value',
  'a name is not empty');
select is((select count(*)::integer from public.workspaces where slug like 'tests-%'), 1,
  'what was refused made nothing');
select tests.authenticate_as('nameless');
select is(tests.answer_of($$select public.create_workspace('Guest', 'tests-guest')$$), '403 anonymous_person',
  'a guest does not');
select tests.authenticate_as('stranger');
select is(tests.answer_of($$select public.create_workspace('Nobody', 'tests-nobody')$$), '401 not_signed_in',
  'nor a token without a subject');
select tests.authenticate_as('anonymous');
select is(tests.answer_of($$select public.create_workspace('Nobody', 'tests-nobody')$$), '42501',
  'nor anyone without a token');

select tests.authenticate_as('admin');
select is(tests.answer_of($$select public.delete_workspace(tests.id('north'))$$), '404 not_found',
  'an admin does not delete');
select tests.authenticate_as('outsider');
select is(tests.answer_of($$select public.delete_workspace(tests.id('north'))$$), '404 not_found',
  'nor another workspace''s owner');
select tests.authenticate_as('owner');
select is(tests.answer_of($$select public.restore_workspace(tests.id('north'))$$), '404 not_found',
  'what is not deleted is not restored');
select is(public.delete_workspace(tests.id('north')), now(), 'the owner deletes, and is told when');
select is(tests.answer_of($$select public.delete_workspace(tests.id('north'))$$), '404 not_found', 'once');
select is_empty($$select from public.workspaces$$, 'it is gone for the owner');
select is_empty($$select from public.my_agents()$$, 'with its agents');
select is_empty($$update public.workspaces set name = 'X' where id = tests.id('north')
  returning id$$, 'and is not changed any more');
select tests.authenticate_as('member');
select is_empty($$select from public.my_agents()$$, 'it is gone for a member');
select is_empty($$select from public.members where user_id <> tests.id('member')$$, 'who is in it is not shown');
select is(tests.answer_of($$select public.restore_workspace(tests.id('north'))$$), '404 not_found',
  'a member does not restore');
select tests.authenticate_as('admin');
select is(tests.answer_of($$select public.restore_workspace(tests.id('north'))$$), '404 not_found', 'nor an admin');
select tests.authenticate_as('owner');
select is(tests.answer_of($$select public.restore_workspace(tests.id('north'))$$), 'ok', 'the owner does');
select results_eq($$select slug from public.workspaces$$, $$values ('tests-north')$$, 'it is there again');
select tests.authenticate_as('member');
select results_eq($$select slug from public.my_agents()$$, $$values ('hr')$$, 'with its permissions');

-- A slug is free again when its workspace is deleted, and then taken for whoever would restore it.
select tests.authenticate_as('newcomer');
select public.delete_workspace(id) from public.workspaces where slug = 'tests-mine';
select is(tests.answer_of($$select public.create_workspace('Mine too', 'tests-mine')$$), 'ok',
  'the slug of a deleted workspace is free');
select tests.authenticate_as('database');
create temporary table deleted on commit drop as select id from public.workspaces
  where slug = 'tests-mine' and deleted_at is not null;
grant select on deleted to authenticated;
select tests.authenticate_as('newcomer');
select is((select tests.answer_of(format('select public.restore_workspace(%L)', id)) from deleted), '409 slug_taken',
  'and then its owner is told so');

select * from finish();
rollback;
