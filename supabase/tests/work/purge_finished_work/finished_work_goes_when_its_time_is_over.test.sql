begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(7);

insert into public.chores (workspace_id, title, status, finished_at, last_error, created_at)
select tests.id('north'), concat_ws(' ', made.status, made.age), made.status, now() - made.age::interval,
  case when made.status = 'failed' then 'boom' end, now() - interval '400 days'
from (values ('done', '91 days'), ('done', '89 days'), ('cancelled', '91 days'), ('cancelled', '89 days'),
  ('failed', '91 days'), ('failed', '364 days'), ('failed', '366 days')) as made (status, age);
insert into public.chores (workspace_id, title, created_at, scheduled_for)
values (tests.id('north'), 'waiting', now() - interval '400 days', now() - interval '400 days');
insert into public.chores (workspace_id, title, status, finished_at, created_at)
select tests.id('north'), 'many', 'done', now() - interval '100 days', now() - interval '100 days'
from generate_series(1, 30);

select is(private.purge_finished_work(batch => 10), '{"chores": 33}', 'what is over goes, in batches');
select is_empty($$select title from public.chores
  where title in ('done 91 days', 'cancelled 91 days', 'failed 366 days', 'many')$$,
  'done and cancelled after 90 days, failed after 365');
select set_eq(
  'select title from public.chores', $$values ('done 89 days'), ('cancelled 89 days'), ('failed 91 days'),
  ('failed 364 days'), ('waiting')$$,
  'everything else stays, open work however old'
);
select is(private.purge_finished_work(), '{}', 'nothing is left to remove');
insert into public.chores (workspace_id, title, status, finished_at, created_at)
select tests.id('north'), 'many', 'done', now() - interval '100 days', now() - interval '100 days'
from generate_series(1, 30);
select is(private.purge_finished_work(batch => 5, most => 12), '{"chores": 15}', 'about as many as a run may');
select is(private.purge_finished_work(batch => 5), '{"chores": 15}', 'the next run goes on');
select is((select count(*) from public.chores), 5::bigint, 'until only what stays is there');

select * from finish();
rollback;
