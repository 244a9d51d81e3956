begin;
\ir ../../world.psql
select plan(10);

create temporary view roles as
  select string_agg(tests_name || ' ' || role, ', ' order by tests_name) as all_roles
  from public.members
  join unnest(array['owner', 'admin', 'member', 'guest']) as tests_name on user_id = tests.id(tests_name)
  where workspace_id = tests.id('north');
grant select on roles to authenticated;

select tests.authenticate_as('admin');
select is(tests.answer_of($$select public.transfer_ownership(tests.id('north'), tests.id('admin'))$$), '404 not_found',
  'an admin does not take it');
select tests.authenticate_as('stranger');
select is(tests.answer_of($$select public.transfer_ownership(tests.id('north'), tests.id('admin'))$$),
  '401 not_signed_in', 'nor a token without a subject');
select tests.authenticate_as('outsider');
select is(tests.answer_of($$select public.transfer_ownership(tests.id('north'), tests.id('outsider'))$$),
  '404 not_found', 'nor an owner of another workspace');
select tests.authenticate_as('owner');
select is(
  tests.answer_of($$select public.transfer_ownership(tests.id('north'), tests.id('clerk'))$$), '409 not_a_member',
  'it goes to someone of the workspace'
);
select is(tests.answer_of($$select public.transfer_ownership(tests.id('north'), null)$$), '409 not_a_member',
  'and to someone');
select is((select all_roles from roles), 'admin admin, guest guest, member member, owner owner',
  'what was refused changed nothing');
select is(tests.answer_of($$select public.transfer_ownership(tests.id('north'), tests.id('owner'))$$), 'ok',
  'to oneself');
select is((select all_roles from roles), 'admin admin, guest guest, member member, owner owner', 'it changes nothing');
select is(tests.answer_of($$select public.transfer_ownership(tests.id('north'), tests.id('member'))$$), 'ok',
  'to a member');
select is((select all_roles from roles), 'admin admin, guest guest, member owner, owner admin',
  'both roles change, no other');

select * from finish();
rollback;
