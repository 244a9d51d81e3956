begin;
\ir ../../world.psql
select plan(9);

select tests.authenticate_as('admin');
select is(
  tests.answer_of($$insert into public.permissions (user_id, agent_id, workspace_id, granted_by)
    values (tests.id('guest'), tests.id('hr'), tests.id('north'), tests.id('owner'))$$), '42501',
      'granted_by is not written by people'
);
select is(tests.answer_of($$update public.permissions set granted_by = tests.id('owner')
  where user_id = tests.id('member')$$), '42501', 'nor changed');
insert into public.permissions (user_id, agent_id, workspace_id)
values (tests.id('guest'), tests.id('hr'), tests.id('north'));
select is((select granted_by from public.permissions where user_id = tests.id('guest') and agent_id = tests.id('hr')),
  tests.id('admin'), 'it is whoever grants');
select tests.authenticate_as('owner');
update public.permissions set can_use = false where user_id = tests.id('guest') and agent_id = tests.id('hr');
select is((select granted_by from public.permissions where user_id = tests.id('guest') and agent_id = tests.id('hr')),
  tests.id('owner'), 'and then whoever changes it');
select tests.authenticate_as('service');
update public.permissions set granted_by = tests.id('admin'), can_use = true
where user_id = tests.id('guest') and agent_id = tests.id('hr');
select is((select granted_by from public.permissions where user_id = tests.id('guest') and agent_id = tests.id('hr')),
  tests.id('admin'), 'the service may name someone');

select tests.authenticate_as('database');
select lives_ok(
  $$select private.set_access(tests.id('owner'), tests.id('hr'), tests.id('guest'), false, null, 'why',
    'tests-request')$$, 'set_access acts'
);
select is((select granted_by from public.permissions where user_id = tests.id('guest') and agent_id = tests.id('hr')),
  tests.id('owner'), 'as the person that it is told');
select results_eq(
  $$select actor_id, detail ->> 'request_id' from public.audit_log where action = 'permission.changed' order by id desc
  limit 1$$,
  $$values (tests.id('owner'), 'tests-request')$$,
  'who stands in the log too, with the request'
);
update public.members set role = 'owner' where user_id = tests.id('admin');
delete from auth.users where id = tests.id('owner');
select is((select granted_by from public.permissions where user_id = tests.id('guest') and agent_id = tests.id('hr')),
  null, 'a grant outlives the account of who granted it');

select * from finish();
rollback;
