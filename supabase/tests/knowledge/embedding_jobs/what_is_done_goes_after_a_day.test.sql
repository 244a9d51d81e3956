begin;
\ir ../../world.psql
select plan(5);
delete from public.embedding_jobs;

insert into public.embedding_jobs (workspace_id, target_table, target_id, content_hash)
select tests.id('north'), 'memories', gen_random_uuid(), repeat('0', 64) from generate_series(1, 6);
create temporary table jobs on commit drop as
  select id, row_number() over (order by id) as n from public.embedding_jobs;
-- 1, 2: done long ago · 3: done lately · 4: failed · 5: cancelled long ago · 6: pending
create temporary table claimed on commit drop as select * from private.claim_work('embedding_jobs', 'test', 4);
select private.complete_work('embedding_jobs', (select claim_token from claimed limit 1),
  array(select id from jobs where n <= 3));
select private.fail_work('embedding_jobs', (select claim_token from claimed limit 1),
  array(select id from jobs where n = 4), 'no', null, false);
update public.embedding_jobs set status = 'cancelled', finished_at = now() where id = (select id from jobs where n = 5);
update public.embedding_jobs
set finished_at = now() - interval '1 day' + case when id = (select id from jobs where n = 3) then interval '1 second'
  else interval '-1 second' end
where finished_at is not null;

create function pg_temp.left_over() returns text language sql as $$
  select string_agg(n || ' ' || status, ', ' order by n) from public.embedding_jobs join jobs using (id);
$$;
select is(pg_temp.left_over(), '1 done, 2 done, 3 done, 4 failed, 5 cancelled, 6 pending', 'jobs in every state');
select is(private.purge_embedding_jobs(1), 1::bigint, 'no more are removed than is said');
select is(private.purge_embedding_jobs(), 2::bigint, 'what was done or cancelled a day ago is removed');
select is(pg_temp.left_over(), '3 done, 4 failed, 6 pending', 'what was done since, failed, or waits is not');
select is(
  (select string_agg(tests.try_as(who, 'select private.purge_embedding_jobs()'), ' ' order by place)
   from unnest(array['anonymous', 'owner', 'service', 'database']) with ordinality as actors (who, place)),
  'no no no yes', 'anonymous, owner, service, database: who removes them'
);

select * from finish();
rollback;
