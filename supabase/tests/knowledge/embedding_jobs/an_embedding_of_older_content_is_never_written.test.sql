begin;
\ir ../../world.psql
select plan(19);
-- What the seed made is not of this test.
delete from public.documents;

create function pg_temp.vector_of(direction integer) returns jsonb language sql as $$
  select jsonb_agg(case when n = direction then 1 else 0 end order by n) from generate_series(1, 384) as n;
$$;
create temporary table taken (round text, id bigint, claim_token uuid, content text) on commit drop;
create function pg_temp.store(told text, model text) returns text language sql as $$
  select stored || ' stored, ' || stale || ' stale' from private.store_embeddings(
    (select claim_token from taken where round = told limit 1), model,
    (select jsonb_agg(jsonb_build_object('id', id, 'embedding',
      case when content is not null then pg_temp.vector_of(1) end)) from taken where round = told));
$$;
delete from public.embedding_jobs;
delete from private.embedding_models;
delete from private.function_calls;

select is(private.request_embedding(), null, 'without work nobody is called');
select public.put_document(tests.id('north'), 'doc', E'# One\nFirst.\n# Two\nSecond.');
select is((select count(*) from public.embedding_jobs where status = 'pending'), 2::bigint, 'each new chunk is a job');
select isnt(private.request_embedding(), null, 'then the function is called');
select is((select function || ' ' || job from private.function_calls where job = 'embed-pending'),
  'embed embed-pending', 'through the ledger');

insert into taken select 'early', * from private.take_embedding_jobs('test', 'model-a');
select set_eq($$select content
  from taken$$, $$values (E'One\nFirst.'), (E'Two\nSecond.')$$, 'what is embedded is the heading and the words');
-- While they are being embedded, one is edited in place.
update public.document_chunks set content = 'Other words.' where heading = 'Two';
select is((select count(*) from public.embedding_jobs where status = 'pending'), 1::bigint,
  'the newer content is a job of its own');
select is(pg_temp.store('early', 'model-a'), '1 stored, 1 stale',
  'the embedding made for the older content is not written');
select set_eq($$select heading, embedding_model::text
  from public.document_chunks$$, $$values ('One', 'model-a'), ('Two', null)$$, 'the newer content waits for its own');
select is((select count(*) from public.embedding_jobs where status = 'done'), 2::bigint, 'both jobs are done');
insert into taken select 'late', * from private.take_embedding_jobs('test', 'model-a');
select is(pg_temp.store('late', 'model-a'), '1 stored, 0 stale', 'and gets it');

-- A late worker.
update public.document_chunks set content = 'Again other.' where heading = 'Two';
insert into taken select 'lost', * from private.take_embedding_jobs('test', 'model-a');
update public.embedding_jobs set lease_expires_at = now() - interval '1 second' where status = 'in_progress';
do $$ begin perform private.release_expired_work(); end; $$;
select is(tests.answer_of($$select pg_temp.store('lost', 'model-a')$$), '409 lease_lost',
  'whose lease has ended writes nothing');
select is((select embedding_model from public.document_chunks where heading = 'Two'), null, 'indeed');

-- Another model, and what a client brought itself.
update public.document_chunks
set embedding = pg_temp.vector_of(2)::text::extensions.halfvec, embedding_model = 'of-a-client' where heading = 'Two';
update public.embedding_jobs set scheduled_for = now() - interval '1 minute';
insert into taken select 'other model', * from private.take_embedding_jobs('test', 'model-b');
select set_eq($$select content from taken
  where round = 'other model'$$, $$values (E'One\nFirst.'), (E'Two\nAgain other.')$$,
  'a change of model makes jobs of what the earlier one made');
select is(pg_temp.store('other model', 'model-b'), '1 stored, 1 stale', 'what a client brought is not overwritten');
select set_eq($$select heading, embedding_model::text
  from public.document_chunks$$, $$values ('One', 'model-b'), ('Two', 'of-a-client')$$, 'so each has its own');
insert into taken select 'nothing left', * from private.take_embedding_jobs('test', 'model-b');
select is((select count(*) from private.embedding_models where has_outdated), 0::bigint,
  'until nothing of the earlier model is left');

-- A worker of the earlier model is still at work when the model changes, and writes when nothing is left to be made
-- again.
select public.put_document(tests.id('north'), 'late', E'# Three\nThird.');
insert into taken select 'slow', * from private.take_embedding_jobs('slow', 'model-b');
insert into taken select 'changed', * from private.take_embedding_jobs('quick', 'model-c');
insert into taken select 'changed again', * from private.take_embedding_jobs('quick', 'model-c');
select is(pg_temp.store('changed', 'model-c'), '1 stored, 0 stale',
  'the newer model has made what the earlier one had');
select is(pg_temp.store('slow', 'model-b'), '1 stored, 0 stale', 'then the earlier one writes');
insert into taken select 'made again', * from private.take_embedding_jobs('quick', 'model-c');
select is((select content from taken where round = 'made again'), E'Three\nThird.', 'and it is made again');

select * from finish();
rollback;
