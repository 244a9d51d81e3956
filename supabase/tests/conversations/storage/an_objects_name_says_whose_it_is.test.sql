begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(14);

-- The name of an object: ids of the words of a path that are of the world, the others as they are.
create function pg_temp.path(words text) returns text language sql as $$
  select string_agg(case
    when word in ('north', 'south', 'member', 'admin', 'guest', 'outsider', 'north talk', 'south talk')
    then tests.id(word)::text else word end, '/' order by place)
  from regexp_split_to_table(words, '/') with ordinality as w (word, place);
$$;
create function pg_temp.put(who text, words text, bucket text default 'attachments') returns text language sql as $$
  select tests.try_as(who, format('insert into storage.objects (bucket_id, name) values (%L, %L)', bucket,
    pg_temp.path(words)));
$$;
create function pg_temp.readers(words text) returns text language sql as $$
  select string_agg(tests.try_as(who, format('select from storage.objects where name = %L', pg_temp.path(words))), ' '
    order by place)
  from unnest(array['outsider', 'guest', 'member', 'admin', 'service']) with ordinality as a (who, place);
$$;

select is(
  (select string_agg(pg_temp.put('member', path), ' ' order by place)
   from unnest(array['north/member/a.pdf', 'north/member/deep/er/a.pdf', 'north/admin/a.pdf', 'south/member/a.pdf',
     'a.pdf', 'north/member', 'north/member/', 'x/member/a.pdf'])
     with ordinality as p (path, place)),
  'yes yes no no no no no no', 'one puts files into one''s own folder of one''s own workspaces'
);
select is(pg_temp.put('guest', 'north/guest/a.pdf'), 'yes', 'guests too');
select is(pg_temp.put('anonymous', 'north/member/a.pdf'), 'no', 'nobody without a token');
select is(pg_temp.put('member', 'north/member/a.png', 'avatars') || ' ' ||
  pg_temp.put('member', 'north/admin/a.png', 'avatars'), 'yes no', 'pictures likewise');

insert into storage.objects (bucket_id, name) values
  ('attachments', pg_temp.path('north/member/a.pdf')), ('attachments', pg_temp.path('north/member/north talk/b.pdf')),
  ('attachments', pg_temp.path('north/admin/north talk/c.pdf')), ('avatars', pg_temp.path('north/member/d.png'));
update public.conversations set visibility = 'workspace' where id = tests.id('north talk');
select is(
  (select string_agg(file || ': ' || pg_temp.readers(file), ', ' order by place)
   from unnest(array['north/member/a.pdf', 'north/member/north talk/b.pdf', 'north/admin/north talk/c.pdf',
     'north/member/d.png']) with ordinality as f (file, place)),
  'north/member/a.pdf: none none yes none yes, north/member/north talk/b.pdf: none none yes yes yes, '
    || 'north/admin/north talk/c.pdf: none none none yes yes, north/member/d.png: none none yes yes yes',
  'outsider, guest, member, admin, service: what is attached to a conversation is read with it, if its owner attached '
  'it'
);
update public.conversations set deleted_at = now() where id = tests.id('north talk');
select is(pg_temp.readers('north/member/north talk/b.pdf'), 'none none none none yes',
  'and hidden with it, from its owner too');
select is(pg_temp.readers('north/member/a.pdf'), 'none none yes none yes', 'what is not of it is not');
select is(
  pg_temp.put('member', 'north/member/north talk/e.pdf') || ' ' ||
    pg_temp.put('member', 'north/member/south talk/e.pdf') || ' ' || pg_temp.put('member', 'north/member/e.pdf'),
  'no yes yes', 'nothing is added to it'
);
set local storage.allow_delete_query = 'true'; -- as Storage does: here it is the policies that decide
create function pg_temp.take(path text) returns text language sql as $$
  select tests.try_as('member', format('delete from storage.objects where name = %L', pg_temp.path(path)))
    || ' ' || tests.try_as('member',
      format('update storage.objects set metadata = ''{}'' where name = %L', pg_temp.path(path)))
    || ' ' || tests.try_as('member',
      format('update storage.objects set name = %L where name = %L', pg_temp.path('north/member/north talk/f.pdf'),
      pg_temp.path(path)));
$$;
select is(pg_temp.take('north/member/north talk/b.pdf'), 'none none none',
  'nor is anything taken out of it or replaced');
select is(pg_temp.take('north/member/a.pdf'), 'yes yes no', 'or moved into it');
update public.conversations set deleted_at = null where id = tests.id('north talk');
select is(pg_temp.readers('north/member/north talk/b.pdf'), 'none none yes yes yes', 'until it is restored');

create function pg_temp.try(statement text) returns text language sql as $$
  select string_agg(tests.try_as(who,
    format(statement, pg_temp.path('north/member/a.pdf'), pg_temp.path('north/admin/a.pdf'))), ' ' order by place)
  from unnest(array['outsider', 'admin', 'member']) with ordinality as a (who, place);
$$;
select is(pg_temp.try('update storage.objects set metadata = ''{}'' where name = %1$L'), 'none none yes',
  'outsider, admin, member: who replaces it');
select is(pg_temp.try('update storage.objects set name = %2$L where name = %1$L'), 'none none no',
  'nobody moves a file into the folder of another');
select is(pg_temp.try('delete from storage.objects where name = %1$L'), 'none none yes', 'who deletes it');

select * from finish();
rollback;
