begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(13);

insert into public.code_task_queue (
  workspace_id, prompt, repository, branch, status, attempts, last_error, finished_at
)
select tests.id(split_part(task, ' ', 1)), task, 'tests/tasks', 'main', split_part(task, ' ', 2), 5, 'boom', now()
from unnest(array['north failed', 'north failed', 'north cancelled', 'south failed']) as task;
create function tests.standing() returns text language sql security definer as $$
  select string_agg(split_part(prompt, ' ', 1) || ' ' || status, ', ' order by id)
  from public.code_task_queue where repository = 'tests/tasks';
$$;
create function tests.first() returns bigint language sql security definer as $$
  select min(id) from public.code_task_queue where repository = 'tests/tasks';
$$;
create function tests.redrive_as(who text) returns text language sql as $$
  select tests.try_as(who, 'select public.redrive_workspace_work(tests.id(''north''), ''code_task_queue'')');
$$;
select is(tests.redrive_as(who), wanted, who)
from (values
  ('anonymous', 'no'), ('stranger', 'forbidden'), ('outsider', 'forbidden'), ('guest', 'forbidden'),
  ('member', 'forbidden'), ('admin', 'yes'), ('owner', 'yes')
) as actor (who, wanted);

select tests.authenticate_as('admin');
select is(
  public.redrive_workspace_work(tests.id('north'), 'code_task_queue', array[tests.first()]), 1, 'by its id'
);
select is(public.redrive_workspace_work(tests.id('north'), 'code_task_queue'), 1, 'and the rest');
select is(
  tests.standing(), 'north pending, north pending, north cancelled, south failed',
  'what was cancelled stays, and what is another''s'
);
select is(
  tests.answer_of($$select public.redrive_workspace_work(tests.id('north'), 'background_queries')$$),
  '404 unknown_queue', 'what a person asked for is not the workspace''s'
);
select is(
  tests.answer_of($$select public.redrive_workspace_work(tests.id('north'), 'chores')$$),
  '404 unknown_queue', 'what the workspace does not read is the service''s'
);
select is(
  tests.answer_of($$select public.redrive_workspace_work(tests.id('north'), 'none')$$),
  '404 unknown_queue', 'a queue that is none'
);

select * from finish();
rollback;
