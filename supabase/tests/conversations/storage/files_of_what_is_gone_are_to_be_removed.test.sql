begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(19);

delete from private.folders_to_empty;
delete from private.function_calls;
create function pg_temp.path(variadic names text[]) returns text language sql as $$
  select string_agg(coalesce((select tests.id(name)::text
    where name ~ '^(north|south|member|outsider|north talk|south talk|bare talk)$'), name), '/' order by place)
  from unnest(names) with ordinality as n (name, place);
$$;
create function pg_temp.waiting() returns text language sql as $$
  select string_agg(bucket_id || ' ' || (folder = pg_temp.path('north', 'member', 'north talk'))::text, ', '
    order by bucket_id) from private.folders_to_empty;
$$;
create temporary view due as
  select row_number() over () as place, bucket_id, name from private.take_objects_to_remove();
-- As Storage does it.
create function pg_temp.remove(path text) returns void language plpgsql as $$
begin
  perform set_config('storage.allow_delete_query', 'true', true);
  delete from storage.objects as o where o.name = path;
end;
$$;

insert into public.conversations (id, workspace_id, user_id)
values (tests.id('bare talk'), tests.id('north'), tests.id('member'));
insert into storage.objects (bucket_id, name) values
  ('attachments', pg_temp.path('north', 'member', 'north talk', 'a.pdf')),
    ('attachments', pg_temp.path('north', 'member', 'north talk', 'deep', 'b.pdf')),
  ('attachments', pg_temp.path('north', 'member', 'own.pdf')),
    ('attachments', pg_temp.path('north', 'member', 'north talk') || '0.pdf'),
  ('avatars', pg_temp.path('north', 'member', 'me.png')),
    ('attachments', pg_temp.path('south', 'outsider', 'south talk', 'c.pdf'));

select is(private.request_file_removal(), null, 'while nothing is gone nobody is called');
update public.conversations set deleted_at = now() - interval '29 days' where id = tests.id('north talk');
select is(private.purge_conversations(), 0::bigint, 'a deleted conversation stays for 30 days');
select is(pg_temp.waiting(), null, 'and its files with it');
update public.conversations set deleted_at = now() - interval '31 days'
where id in (tests.id('north talk'), tests.id('bare talk'));
select is(private.purge_conversations(), 2::bigint, 'then it is purged');
select is(pg_temp.waiting(), 'attachments true', 'and its folder is to be emptied; one without files needs nothing');
select is(
  tests.try_as('member', format('select from storage.objects where name = %L',
    pg_temp.path('north', 'member', 'north talk', 'a.pdf'))) || ' '
    || tests.try_as('member', format('select from storage.objects where name = %L',
      pg_temp.path('north', 'member', 'own.pdf'))),
  'none yes', 'meanwhile its owner sees none of it, and what is not of it'
);
select isnt(private.request_file_removal(), null, 'the function is called');
select is((select function || ' ' || max_attempts from private.function_calls where job = 'remove-files'),
  'files/remove-due 3', 'through the ledger');
select is(private.request_file_removal(), null, 'not while its call is on its way');
select set_eq('select bucket_id || name from due', array[
  'attachments' || pg_temp.path('north', 'member', 'north talk', 'a.pdf'),
  'attachments' || pg_temp.path('north', 'member', 'north talk', 'deep', 'b.pdf')
], 'it is given the files of the folder, and no others');
select pg_temp.remove(pg_temp.path('north', 'member', 'north talk', 'a.pdf'));
select results_eq('select name from due', array[pg_temp.path('north', 'member', 'north talk', 'deep', 'b.pdf')],
  'what Storage has not removed it is asked for again');
select pg_temp.remove(pg_temp.path('north', 'member', 'north talk', 'deep', 'b.pdf'));
select is_empty('select * from due', 'until there is nothing');
select is(pg_temp.waiting(), null, 'and nothing is known of the folder any more');

-- However a conversation goes
delete from public.conversations where id = tests.id('south talk');
select is((select count(*) from private.folders_to_empty), 1::bigint,
  'a conversation that the service deletes leaves no files either');
delete from private.folders_to_empty;

-- A whole workspace
update public.workspaces set deleted_at = now() - interval '31 days' where id = tests.id('north');
do $$ begin perform private.purge(); end; $$;
select is((select string_agg(bucket_id || ' ' || (folder = tests.id('north')::text)::text, ', ' order by bucket_id)
  from private.folders_to_empty),
  'attachments true, avatars true', 'a purged workspace takes its files and pictures along');
insert into private.folders_to_empty (bucket_id, workspace_id, user_id, conversation_id)
  values ('attachments', tests.id('south'), tests.id('outsider'), tests.id('south talk'));
select results_eq('select count(*), count(distinct bucket_id), bool_or(name ~ ''c.pdf'') from due where place <= 3',
  $$values (3::bigint, 2::bigint, true)$$, 'each folder has its turn');
update private.folders_to_empty set tried_at = null where bucket_id = 'avatars';
select is((select string_agg(bucket_id, ' ') from private.take_objects_to_remove(folders => 1)), 'avatars',
  'the one that was not tried is the next');

-- Who may
select is(
  (select string_agg(tests.try_as(who, 'select * from private.take_objects_to_remove()'), ' ' order by place)
   from unnest(array['anonymous', 'owner', 'service', 'database']) with ordinality as actors (who, place)),
  'no no no yes', 'anonymous, owner, service, database: who takes them'
);
select is(
  (select string_agg(tests.try_as(who, 'select * from private.folders_to_empty'), ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'service', 'database']) with ordinality as actors (who, place)),
  'no no no yes', 'and who reads the list'
);

select * from finish();
rollback;
