begin;
\ir ../../world.psql
select plan(12);

select tests.authenticate_as('admin');
insert into public.code_task_queue (workspace_id, prompt, repository, branch)
values (tests.id('north'), 'Fix it', 'acme/web', 'fix/it');
select is(tests.answer_of($$insert into public.code_task_queue (workspace_id, prompt, repository, result)
  values (tests.id('north'), 'P', 'r', '{}')$$), '42501', 'an admin does not write a result');
select is(tests.answer_of($$insert into public.code_task_queue (workspace_id, prompt, repository, branch)
  values (tests.id('north'), 'P', 'r', '--force')$$), '422 invalid_value', 'a branch does not begin like an option');
select tests.authenticate_as('member');
select is(tests.answer_of($$insert into public.code_task_queue (workspace_id, prompt, repository)
  values (tests.id('north'), 'P', 'r')$$), '42501', 'a member does not instruct');
select isnt_empty($$select from public.code_task_queue where workspace_id = tests.id('north')$$, 'but sees the tasks');
select tests.authenticate_as('service');
create temporary table held on commit drop as select claimed.*
  from public.claim_work('code_task_queue', 'coder', 100) as claimed where claimed.workspace_id = tests.id('north');
select is((select work ->> 'prompt' || ' in ' || (work ->> 'repository') || ' on ' || (work ->> 'branch') from held),
  'Fix it in acme/web on fix/it', 'the worker learns what and where');
select is(tests.answer_of(format($$select public.complete_work('code_task_queue', %L, array[%s],
  '{"prompt": "other"}')$$, claim_token, id)), '422 unknown_outcome', 'it cannot rewrite the task') from held;
select is(tests.answer_of(format($$select public.complete_work('code_task_queue', %L, array[%s],
  '{"cost_minor": 12}')$$, claim_token, id)), '422 invalid_value', 'a cost has a currency') from held;
select is(tests.answer_of(format($$select public.complete_work('code_task_queue', %L, array[%s],
  '{"cost_minor": -1, "currency": "USD"}')$$, claim_token, id)), '422 invalid_value', 'and is not negative') from held;
select is(tests.answer_of(format($$select public.complete_work('code_task_queue', %L, array[%s],
  '{"result": "done"}')$$, claim_token, id)), '422 invalid_value', 'a result is an object') from held;
select is(tests.answer_of(format($$select public.complete_work('code_task_queue', %L, array[%s],
  '{"result": {"commit": "abc"}, "cost_minor": 12, "currency": "USD"}')$$, claim_token, id)), 'ok',
  'the outcome is kept') from held;
select tests.authenticate_as('member');
select results_eq(
  $$select status, result ->> 'commit', cost_minor, currency from public.code_task_queue
  where workspace_id = tests.id('north')$$,
  $$values ('done', 'abc', 12::bigint, 'USD')$$, 'and seen by members'
);
select tests.authenticate_as('admin');
select is_empty($$update public.code_task_queue set prompt = 'other' where workspace_id = tests.id('north')
  returning id$$, 'what was done stays as it was asked');

select * from finish();
rollback;
