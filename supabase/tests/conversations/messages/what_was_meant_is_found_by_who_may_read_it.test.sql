begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(41);

-- Vectors of three meanings: pets (1, 0, 0), money (0, 1, 0), and what lies between.
create function pg_temp.meaning(pets float, money float, rest float default 0) returns extensions.halfvec
language sql as $$
  select (array[pets, money, rest] || array_fill(0::float, array[381]))::extensions.vector::extensions.halfvec;
$$;
insert into public.conversations (id, workspace_id, user_id, agent_id, title, visibility) values
  (tests.id('animals'), tests.id('north'), tests.id('member'), null, 'Animals', 'private'),
  (tests.id('admins talk'), tests.id('north'), tests.id('admin'), null, 'Mine', 'private'),
  (tests.id('guests talk'), tests.id('north'), tests.id('guest'), null, 'Guest', 'private');
-- Works the queue off as the function embed does. What speaks of dogs or cats means pets, of euros money.
create function pg_temp.embed() returns integer language plpgsql as $$
declare
  stored integer := 0;
  jobs jsonb;
  token uuid;
begin
  loop
    select jsonb_agg(jsonb_build_object('id', j.id, 'embedding', case when j.content is not null then
      pg_temp.meaning((j.content ~* 'dog|cat')::integer + 0.01, (j.content ~* 'euro')::integer + 0.01)::text end)),
      (array_agg(j.claim_token))[1]
    into jobs, token from private.take_embedding_jobs('test', 'model-a', 64) as j;
    exit when jobs is null;
    stored := stored + (select count(*) from public.embedding_jobs as job
      join jsonb_array_elements(jobs) as j on (j ->> 'id')::bigint = job.id
      where job.target_table = 'message_vectors' and j ->> 'embedding' is not null);
    perform private.store_embeddings(token, 'model-a', jobs);
  end loop;
  return stored;
end;
$$;
create function pg_temp.found(pets float, money float, more text default '', asked text default 'zebra')
returns text language plpgsql as $$
declare
  it text;
begin
  execute format('select string_agg(message_id::text, '' '') from public.search_messages(%L, query_embedding => %L, '
    'embedding_model => ''model-a'' %s)', asked, pg_temp.meaning(pets, money), more) into it;
  return (select coalesce(string_agg(n.name, ' ' order by w.place), 'nothing')
    from string_to_table(it, ' ') with ordinality as w (id, place)
    join (values ('p1'), ('p2'), ('m1'), ('a1'), ('g1'), ('hello'), ('answer'), ('thanks'), ('late'),
      ('long')) as n (name) on tests.id(n.name)::text = w.id);
end;
$$;
create function pg_temp.found_by(who text, pets float, money float, more text default '')
returns text language plpgsql as $$
begin
  perform tests.authenticate_as(who);
  return pg_temp.found(pets, money, more);
end;
$$;
-- What the finder gives, before row-level security.
create function pg_temp.deleted_in_list(who text) returns bigint language plpgsql as $$
declare
  n bigint;
begin
  perform tests.authenticate_as(who);
  select count(*) into n from private.find_messages(null, 'zebra', null, null, null, null, null, 40,
    pg_temp.meaning(1, 0), 'model-a') as f where f.id in (tests.id('long'), tests.id('p2'), tests.id('m1'));
  return n;
end;
$$;
grant execute on all functions in schema pg_temp to public;
delete from public.embedding_jobs;

-- The choice
do $$
begin
  perform tests.say('p1', text => 'My dog is called Rex.', talk => 'animals');
  perform tests.say('m1', 'p1', 'It costs ten euros.', 'assistant', 'animals');
  perform tests.say('a1', text => 'Dogs are for admins.', talk => 'admins talk');
  perform tests.say('g1', text => 'A cat for the guest.', talk => 'guests talk');
end;
$$;
select is((select count(*) from private.message_vectors), 0::bigint, 'nobody chose so: nothing is listed');
select is(tests.try_as('member', $$update public.workspaces set embeds_messages = true where id = tests.id('north')$$),
  'none', 'members do not choose');
select is(tests.try_as('admin', $$update public.workspaces set embeds_messages = true where id = tests.id('north')$$),
  'yes', 'admins do');
update public.workspaces set embeds_messages = true where id = tests.id('north');
select is((select count(*) from public.embedding_jobs), 0::bigint, 'which makes no job yet');
select is(pg_temp.embed(), 7, 'what was said before gets its vectors, of this workspace alone');
select is((select count(*) from private.message_backlogs), 0::bigint, 'and the backlog is done');
do $$
begin
  perform tests.say('p2', 'm1', 'The kitten, a young cat, sleeps.', talk => 'animals');
end;
$$;
select is((select array_agg(is_queued) from private.message_vectors where embedding is null), array[false],
  'what is said now is listed, and no job is made with it');
select is(pg_temp.embed(), 1, 'it gets its vector later');

-- By meaning
select is(pg_temp.found_by('member', 1, 0, ', match_count => 2'), 'p1 p2', 'no word is the same: the meaning finds');
select is(pg_temp.found(0, 1, ', match_count => 1'), 'm1', 'another meaning finds another message');
select is(pg_temp.found(1, 0, ', match_count => 1', 'euros'), 'm1', 'words and meaning are fused: both lists begin so');
select is(
  (select round(similarity::numeric, 2) || ' ' || (score > 0.016) || ' ' || passage || ' ' || (after ->> 'text')
    from public.search_messages('zebra', query_embedding => pg_temp.meaning(1, 0), embedding_model => 'model-a',
      match_count => 1)),
  '1.00 true My dog is called Rex. It costs ten euros.', 'with its passage and its neighbour'
);
select is((select count(*) from public.search_messages('zebra', query_embedding => pg_temp.meaning(1, 0),
  embedding_model => 'model-b')), 0::bigint, 'vectors of different models are never compared');
select is(tests.answer_of($$select public.search_messages('x', query_embedding => '[1,2]')$$), '422 invalid_embedding',
  'a vector of another length');
select is(tests.answer_of($$select public.search_messages('x', since => '2030-01-01', until => '2020-01-01')$$),
  '400 invalid_body', 'a time that ends before it begins');
select is(tests.answer_of($$select public.search_messages('x', since => '2030-01-01', until => '2030-01-01')$$), 'ok',
  'an empty one has no messages');

-- Within
select is(pg_temp.found(1, 0, format(', agent_id => %L, match_count => 1', tests.id('hr'))) in ('hello', 'answer',
  'thanks'), true, 'with an agent');
select is(pg_temp.found(1, 0, format(', folder_id => %L', tests.id('north folder'))) !~ 'p1', true, 'in a folder');
select is(pg_temp.found(1, 0, format(', conversations => array[%L]::uuid[], match_count => 1', tests.id('animals'))),
  'p1', 'in conversations');
select is(pg_temp.found(1, 0, ', until => now()'), 'nothing', 'before a time');
select is(pg_temp.found(1, 0, ', since => now(), match_count => 1'), 'p1', 'and from one on');

-- Who
select is(pg_temp.found_by('admin', 1, 0), 'a1', 'an admin finds no more than others');
select is(pg_temp.found_by('guest', 1, 0), 'g1', 'a guest their own');
select is(pg_temp.found_by('outsider', 1, 0), 'nothing', 'a stranger nothing');
select tests.authenticate_as('database');
update public.conversations set visibility = 'workspace' where id = tests.id('animals');
select is(pg_temp.found_by('admin', 1, 0) ~ 'p1', true, 'what is shared is found by who reads it');
select is(pg_temp.found_by('guest', 1, 0), 'g1', 'and guests do not');

-- What is gone, what changed, what is too much
select tests.authenticate_as('member');
select is(tests.answer_of(format('select public.take_back(%L)', tests.id('p1'))), 'ok', 'what was taken back');
select is(pg_temp.found(1, 0, ', match_count => 1'), 'p2', 'is not found');
select tests.authenticate_as('database');
select is((select count(*) from private.message_vectors where message_id = tests.id('p1')), 0::bigint,
  'and its vector is gone');
do $$
begin
  perform tests.say('long', 'p2', repeat('About nothing. ', 200) || 'At last a dog.', talk => 'animals');
end;
$$;
select is(pg_temp.embed(), 3, 'a long message has several passages');
select is(
  (select passage ~ 'At last a dog' from (select tests.authenticate_as('member')) as who,
    public.search_messages('zebra', query_embedding => pg_temp.meaning(1, 0), embedding_model => 'model-a',
    match_count => 2) where message_id = tests.id('long')), true, 'and answers the one that is meant'
);
select tests.authenticate_as('database');
select tests.authenticate_as('member');
select is(pg_temp.found(1, 0) ~ 'long', true, 'what is there is found');
select public.delete_conversation(tests.id('animals'));
select is(pg_temp.found(1, 0) ~ 'long|p2|m1', false, 'what was deleted is not, its vectors still there');
select is(pg_temp.deleted_in_list('member'), 0::bigint, 'nor does it take the place of others in the list');
select is(pg_temp.deleted_in_list('admin'), 0::bigint, 'nor of those with whom it was shared');
select tests.authenticate_as('member');
select public.restore_conversation(tests.id('animals'));
select tests.authenticate_as('database');
insert into public.workspace_limits (workspace_id, name, value) values (tests.id('north'), 'message_vectors', 2);
do $$
begin
  perform tests.say('late', 'long', 'Another dog.', talk => 'animals');
  update private.message_vectors set said_at = now() + interval '1 hour' where message_id = tests.id('late');
end;
$$;
select is(pg_temp.embed(), 1, 'over the limit of a person');
select is((select count(*) || ' ' || bool_or(message_id = tests.id('late')) from private.message_vectors
  where user_id = tests.id('member')), '2 true', 'the oldest give way to the newest');
select is((select count(*) from private.message_vectors where user_id = tests.id('admin')), 1::bigint,
  'and those of others do not');
update public.workspaces set embeds_messages = false where id = tests.id('north');
select is(pg_temp.embed(), 0, 'a workspace that chooses otherwise');
select is((select count(*) from private.message_vectors), 0::bigint, 'has no vectors left');
select is(pg_temp.found_by('member', 1, 0, $$, match_count => 1$$) || ' ' || pg_temp.found(1, 0, '', 'euros'),
  'nothing m1', 'and words go on finding');

select * from finish();
rollback;
