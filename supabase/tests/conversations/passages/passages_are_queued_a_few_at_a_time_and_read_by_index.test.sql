begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(11);

-- Jobs of this database's schedule wait for the end: a trigger is added and dropped below.
lock table public.embedding_jobs in access exclusive mode;
create function pg_temp.waiting(place text) returns bigint language sql as $$
  select count(*) from public.embedding_jobs as j where j.workspace_id = tests.id(place) and j.status = 'pending';
$$;
update public.workspaces set embeds_messages = true where id in (tests.id('north'), tests.id('south'));
delete from public.embedding_jobs;
insert into public.messages (workspace_id, conversation_id, user_id, role, parts)
select c.workspace_id, c.id, c.user_id, 'user', jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'n ' || n))
from public.conversations as c cross join generate_series(1, 1200) as n where c.id = tests.id('north talk');
insert into public.messages (workspace_id, conversation_id, user_id, role, parts)
select c.workspace_id, c.id, c.user_id, 'user', jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'n ' || n))
from public.conversations as c cross join generate_series(1, 5) as n where c.id = tests.id('south talk');
select is(pg_temp.waiting('north'), 0::bigint, '1,200 messages: nobody who writes fills the queue');

-- A workspace whose jobs cannot be written
create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  raise exception 'poisoned';
end;
$$;
do $$
begin
  execute format('create trigger poison before insert on public.embedding_jobs for each row '
    'when (new.workspace_id = %L) execute function pg_temp.refuse()', tests.id('north'));
end;
$$;
select is(private.queue_message_passages(), 6::bigint, 'a workspace that fails stops no other');
select is((select string_agg(f.job || ' ' || f.error, ', ') from private.job_failures as f
  where f.workspace_id = tests.id('north')), 'embed-pending: passages poisoned', 'it is recorded');
drop trigger poison on public.embedding_jobs;
select is(private.queue_message_passages(), 1000::bigint, 'of a workspace at most a thousand wait');
select is(private.queue_message_passages(), 0::bigint, 'and no more come while they do');
insert into public.workspace_limits (workspace_id, name, value)
values (tests.id('north'), 'embedding_jobs_waiting', 1001);
select is(tests.answer_of($$insert into public.documents (workspace_id, path, name, content)
  values (tests.id('north'), 'one', 'One', 'x')$$), 'ok', 'a document finds a place beside them');
select is((select count(*) from private.job_failures), 0::bigint, 'what was recorded is over');
update public.embedding_jobs set status = 'cancelled', finished_at = now();
select is(private.queue_message_passages(), 203::bigint, 'the others come when there is room, none twice');

-- What a search reads
update private.message_vectors set embedding = (select array_agg(random())::extensions.vector
  from generate_series(1, 384))::extensions.halfvec, embedding_model = 'model-a';
analyze private.message_vectors;
create function pg_temp.read_by_whole_tables() returns bigint language sql volatile as $$
  select seq_scan from pg_catalog.pg_stat_xact_user_tables where relid = 'private.message_vectors'::regclass;
$$;
grant execute on all functions in schema pg_temp to public;
create temporary table before_it on commit drop as select pg_temp.read_by_whole_tables() as scans;
grant select on before_it to public;
select tests.authenticate_as('outsider');
select is((select count(*) from public.search_messages('zebra', query_embedding =>
  (select array_agg(1) from generate_series(1, 384))::extensions.vector::extensions.halfvec,
  embedding_model => 'model-a')), 6::bigint, 'one''s own are found');
select is(pg_temp.read_by_whole_tables() - (select scans from before_it), 0::bigint,
  'through the index of the person: those of others are not read');
select tests.authenticate_as('database');
select is((select count(*) from private.message_vectors as v where v.content_hash || '' = '')
  + (pg_temp.read_by_whole_tables() > (select scans from before_it))::integer, 1::bigint,
  'a reading of the whole table would be seen here');

select * from finish();
rollback;
