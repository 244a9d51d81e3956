begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(13);

select tests.add('a'), tests.add('last try'), tests.add('held');
update public.chores set max_attempts = 1 where title = 'last try';
select is(tests.claim('gone', 2), 'a last try', 'two by a worker that dies');
select is(tests.claim('alive'), 'held', 'one by a worker that lives');
select is(private.release_expired_work() -> 'chores', null, 'as long as leases last nothing is taken back');
update public.chores set lease_expires_at = now() where title in ('a', 'last try');
select is(private.release_expired_work() -> 'chores', '{"released": 1, "failed": 1}', 'then it is');
select is(tests.job('a'), 'pending 1 the lease of gone ended', 'what has an attempt left waits again, and says why');
select is(tests.job('last try'), 'failed 1 the lease of gone ended', 'what has none is given up, and says why');
select is(tests.job('held'), 'in_progress 1', 'what is held stays');
select ok((select bool_and(lease_expires_at is null and claim_token is null) from public.chores where title <> 'held'),
  'the token is worth nothing any more');
select is(tests.claim('next', 10), 'a', 'the next worker gets it at once');
select is(private.release_expired_work() -> 'chores', null, 'and nothing twice');

insert into public.chores (workspace_id, title) select tests.id('south'), 'many' from generate_series(1, 5);
select tests.claim('gone', 10);
select tests.end_leases();
select is(private.release_expired_work(2), '{"chores": {"released": 2, "failed": 0}}', 'as many as asked for');

-- A table that went without saying so.
create table public.gone (like private.work_item including all);
select private.register_work_queue('public.gone');
drop table public.gone;
select is(private.release_expired_work() -> 'chores', '{"released": 5, "failed": 0}',
  'a table that was dropped does not keep the others from their work');
select is((select array_agg(queue order by queue) from private.work_health_rows() where queue in ('chores', 'gone')),
  array['chores'], 'nor from being seen');

select * from finish();
rollback;
