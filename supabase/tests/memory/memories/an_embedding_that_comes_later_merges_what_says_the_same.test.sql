begin;
\ir ../../world.psql
select plan(10);
-- What the seed made is not of this test.
delete from public.memories;

create function pg_temp.at(degrees double precision) returns extensions.halfvec language sql as $$
  select (select jsonb_agg(case n when 1 then cosd(degrees) when 2 then sind(degrees) else 0 end order by n)
    from generate_series(1, 384) as n)::text::extensions.halfvec;
$$;
delete from public.embedding_jobs;
select tests.authenticate_as('member');
select public.remember(tests.id('north'), content, confidence => 0.5, subject => subject)
from (values ('Has a dog.', null), ('Owns a dog.', 'pet'), ('Keeps a hound.', null), ('Sails.', null)) as said (content,
  subject);
select is((select count(*) from public.memories where valid_to is null), 4::bigint,
  'without embeddings only the words tell');
select tests.authenticate_as('database');
-- In a transaction all are made at one moment; here one after the other.
update public.memories
set created_at = now() + case content when 'Has a dog.' then 1 when 'Owns a dog.' then 2 when 'Keeps a hound.' then 3
  else 4 end * interval '1 second';
update public.memories as m
set embedding_model = 'm', embedding = pg_temp.at(case m.content when 'Has a dog.' then 0 when 'Owns a dog.' then 5
  when 'Keeps a hound.' then 10 else 90 end);
select results_eq($$select content, subject::text, confirmations from public.memories where valid_to is null
  order by content$$,
  $$values ('Has a dog.', 'pet', 2), ('Sails.', null, 0)$$, 'the oldest stays and takes over what the others knew');
select is((select count(*) from public.memories
  where superseded_by = (select id from public.memories where content = 'Has a dog.')), 2::bigint,
  'the others say by what they are superseded');
select is((select count(*) from public.memory_sources
  where memory_id = (select id from public.memories where content = 'Has a dog.')), 3::bigint,
  'all sources are kept with it');
select is((select count(*) from public.embedding_jobs where target_table = 'memories'), 4::bigint, 'each was a job');
select is((select near_duplicates from public.memory_health(tests.id('north'), tests.id('member'))), 0::bigint,
  'so there are no near-duplicates');
insert into public.memories (workspace_id, user_id, content, language, embedding, embedding_model)
values (tests.id('north'), tests.id('member'), 'Has one dog.', 'english', pg_temp.at(1), 'm');
select is((select near_duplicates from public.memory_health(tests.id('north'), tests.id('member'))), 2::bigint,
  'memory_health sees one that was put past remember');

-- What an assistant has said first, and the person then, is the person's.
delete from public.memories;
select tests.authenticate_as('member');
select public.remember(tests.id('north'), content, subject => subject, confidence => sure, source_kind => kind,
  valid_from => at)
from (values
  ('Lives in Porto.', null, 0.3, 'assistant_message', '2026-01-02'::timestamptz),
  ('Has moved to Porto.', 'home', 0.9, 'user_message', '2026-01-01')
) as said (content, subject, sure, kind, at);
select tests.authenticate_as('database');
update public.memories set created_at = now() + case source_kind when 'user_message' then interval '1 second'
  else '0' end;
update public.memories set embedding_model = 'm', embedding = pg_temp.at(0);
select results_eq(
  $$select content, subject::text, source_kind, said_with, valid_from from public.memories where valid_to is null$$,
  $$values ('Lives in Porto.', 'home', 'user_message', 0.9::double precision, '2026-01-01'::timestamptz)$$,
  'a merged memory is trusted as the better of its statements, and as old as the first'
);
select tests.authenticate_as('member');
select is((select outcome from public.remember(tests.id('north'), 'Lives in Faro.', subject => 'home',
  source_kind => 'assistant_message', confidence => 1)), 'historical', 'so no assistant ends it');
select is((select outcome from public.remember(tests.id('north'), 'Lives in Braga.', subject => 'home',
  source_kind => 'user_message', confidence => 0.9)), 'superseded', 'and the person does');
select tests.authenticate_as('database');

select * from finish();
rollback;
