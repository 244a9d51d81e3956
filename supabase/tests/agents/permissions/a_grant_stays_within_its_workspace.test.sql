begin;
\ir ../../world.psql
select plan(14);

create function tests.granting(who text, agent text, workspace text) returns text language sql immutable as $$
  select format('insert into public.permissions (user_id, agent_id, workspace_id) values (%L, %L, %L)', tests.id(who),
    tests.id(agent), tests.id(workspace));
$$;

select tests.authenticate_as('admin');
select is(tests.answer_of(tests.granting('guest', 'hr', 'north')), 'ok',
  'an admin grants an agent of the workspace to someone in it');
select is(tests.answer_of(tests.granting('clerk', 'hr', 'north')), '23503', 'not to someone outside');
select is(tests.answer_of(tests.granting('member', 'desk', 'north')), '23503', 'not an agent of another workspace');
select is(tests.answer_of(tests.granting('clerk', 'desk', 'south')), '42501', 'and not in another workspace');
select is(tests.answer_of(tests.granting('clerk', 'hr', 'south')), '42501', 'nor by calling one''s own agent theirs');
select tests.authenticate_as('service');
select is(tests.answer_of(tests.granting('clerk', 'hr', 'north')), '23503',
  'the service is held by the keys too: the person');
select is(tests.answer_of(tests.granting('member', 'desk', 'south')), '23503', 'the agent''s workspace');
select is(tests.answer_of(tests.granting('clerk', 'hr', 'south')), '23503', 'and the agent');
select is(
  tests.answer_of($$update public.permissions set workspace_id = tests.id('south')
    where user_id = tests.id('member')$$), '23503',
  'a grant is not moved'
);

select tests.authenticate_as('database');
delete from public.members where user_id = tests.id('guest');
select is_empty($$select from public.permissions where user_id = tests.id('guest')$$, 'who leaves loses their grants');
insert into public.members (workspace_id, user_id, role) values (tests.id('north'), tests.id('guest'), 'guest');
select is_empty($$select from public.permissions
  where user_id = tests.id('guest')$$, 'and does not find them again on coming back');
delete from public.agents where id = tests.id('hr');
select is_empty($$select from public.permissions
  where agent_id = tests.id('hr')$$, 'a deleted agent''s grants go with it');
select is(
  tests.answer_of($$update public.agents set workspace_id = tests.id('south') where id = tests.id('payroll')$$),
  '23503',
  'an agent with grants is not moved'
);
delete from auth.users where id = tests.id('admin');
select is_empty($$select from public.permissions
  where user_id = tests.id('admin')$$, 'a deleted account''s grants go with it');

select * from finish();
rollback;
