-- An admin manages all but owners; an owner manages all; others manage themselves: they may leave.
begin;
\ir ../../world.psql
select plan(17);

insert into public.members (workspace_id, user_id, role) values (tests.id('north'), tests.id('newcomer'), 'admin');

select tests.authenticate_as('admin');
select results_eq(
  $$update public.members set role = 'admin' where user_id = tests.id('member') returning role$$, $$values ('admin')$$,
  'an admin makes an admin'
);
select results_eq(
  $$update public.members set role = 'guest' where user_id = tests.id('newcomer')
  returning role$$, $$values ('guest')$$,
  'and unmakes one'
);
select is(tests.answer_of($$update public.members set role = 'owner' where user_id = tests.id('member')$$), '42501',
  'but makes no owner');
select is(tests.answer_of($$update public.members set role = 'owner' where user_id = tests.id('admin')$$), '42501',
  'not even of themselves');
select is_empty($$update public.members set role = 'guest' where user_id = tests.id('owner')
  returning role$$, 'nor unmakes one');
select is_empty($$delete from public.members where user_id = tests.id('owner') returning user_id$$, 'nor removes one');
select results_eq(
  $$delete from public.members where user_id = tests.id('newcomer')
  returning user_id$$, $$values (tests.id('newcomer'))$$,
  'they remove others'
);
select is(
  tests.answer_of($$update public.members set workspace_id = tests.id('south') where user_id = tests.id('member')$$),
  '42501',
  'nobody moves a membership'
);
select is(tests.answer_of($$update public.members set user_id = tests.id('clerk') where user_id = tests.id('member')$$),
  '42501', 'nor gives one away');

select tests.authenticate_as('guest');
select is_empty($$update public.members set role = 'member' where user_id = tests.id('guest')
  returning role$$, 'a guest does not rise');
select results_eq($$select user_id
  from public.members$$, $$values (tests.id('guest'))$$, 'a guest sees their own membership only');
select is(tests.answer_of($$select public.leave_workspace(tests.id('south'))$$), '404 not_found',
  'one leaves only where one is');
select is(tests.answer_of($$select public.leave_workspace(tests.id('north'))$$), 'ok', 'a guest leaves');
select is_empty($$select from public.members$$, 'and is gone');
select is_empty($$select from public.permissions$$, 'with their permissions');

select tests.authenticate_as('owner');
select results_eq(
  $$update public.members set role = 'owner' where user_id = tests.id('admin')
  returning role$$, $$values ('owner')$$, 'an owner makes an owner'
);
select results_eq(
  $$delete from public.members where user_id = tests.id('admin')
  returning role$$, $$values ('owner')$$, 'and removes one'
);

select * from finish();
rollback;
