-- All the ways in which the last owner could go. The race of two removals is in concurrency/.
begin;
\ir ../../world.psql
select plan(17);

select tests.authenticate_as('owner');
select is(tests.answer_of($$select public.leave_workspace(tests.id('north'))$$), '409 last_owner', 'leaving');
select is(tests.answer_of($$delete from public.members where user_id = tests.id('owner')$$), '409 last_owner',
  'deleting one''s membership');
select is(tests.answer_of($$update public.members set role = 'admin' where user_id = tests.id('owner')$$),
  '409 last_owner', 'stepping down');
select is(tests.answer_of($$delete from public.members where workspace_id = tests.id('north')$$), '409 last_owner',
  'deleting everyone at once');
select is((select count(*)::integer from public.members), 4, 'nothing of that happened');

select tests.authenticate_as('service');
select is(tests.answer_of($$delete from public.members where user_id = tests.id('owner')$$), '409 last_owner',
  'the service, deleting');
select is(tests.answer_of($$update public.members set role = 'guest' where user_id = tests.id('owner')$$),
  '409 last_owner', 'the service, changing the role');
select is(
  tests.answer_of($$update public.members set workspace_id = tests.id('south') where user_id = tests.id('owner')$$),
  '409 last_owner',
  'the service, moving the owner to another workspace'
);
select tests.authenticate_as('database');
select is(tests.answer_of($$delete from auth.users where id = tests.id('owner')$$), '409 last_owner',
  'deleting the account');
select is(tests.answer_of($$delete from public.profiles where user_id = tests.id('owner')$$), '409 last_owner',
  'deleting the profile');

update public.members set role = 'owner' where user_id = tests.id('admin');
select is(tests.answer_of($$delete from public.members where role = 'owner' and workspace_id = tests.id('north')$$),
  '409 last_owner', 'two owners in one statement');
select is(
  tests.answer_of($$update public.members set role = case role when 'owner' then 'admin' else 'owner' end
    where workspace_id = tests.id('north') and role <> 'guest'$$), 'ok',
  'one statement that makes another owner as it unmakes two is no loss'
);
select is(tests.answer_of($$update public.members set role = 'owner' where user_id = tests.id('owner')$$), 'ok',
  'with a second owner');
select is(tests.answer_of($$delete from auth.users where id = tests.id('member')$$), 'ok', 'the first may go');
select is(
  (select array_agg(user_id) from public.members where workspace_id = tests.id('north') and role = 'owner'),
    array[tests.id('owner')],
  'and one is left'
);
select is(tests.answer_of($$delete from public.workspaces where id = tests.id('north')$$), 'ok',
  'with the workspace itself all owners go');
select is_empty($$select from public.members where workspace_id = tests.id('north')$$, 'nobody is left in it');

select * from finish();
rollback;
