begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(7);

delete from private.folders_to_empty;
create function pg_temp.path(file text, talk text default 'north talk') returns text language sql as $$
  select concat_ws('/', tests.id('north'), tests.id('member'), tests.id(talk), file);
$$;
create function pg_temp.say(file text[]) returns text language sql as $$
  select id::text from public.add_message(tests.id('north talk'), '[{"type": "text", "text": "see"}]', attachments => (
    select jsonb_agg(jsonb_build_object('bucket', 'attachments', 'path', one)) from unnest(file) as one));
$$;
insert into storage.objects (bucket_id, name)
select 'attachments', one from unnest(array[
  pg_temp.path('a.pdf'), pg_temp.path('a.pdf/below.pdf'), pg_temp.path('both.pdf'), pg_temp.path('kept.pdf', null)
]) as one;
grant execute on all functions in schema pg_temp to public;

select tests.authenticate_as('member');
create temporary table said on commit drop as
select pg_temp.say(array[pg_temp.path('a.pdf'), pg_temp.path('both.pdf'), pg_temp.path('kept.pdf', null)]) as first,
  pg_temp.say(array[pg_temp.path('both.pdf')]) as second;
select is(tests.answer_of(format('select public.take_back(%L)', (select first from said))), 'ok',
  'a message with files is taken back');
select tests.authenticate_as('database');
create temporary view due as select name from private.take_objects_to_remove();
select results_eq(
  'select name from due', array[pg_temp.path('a.pdf')],
  'its file is to be removed; not one that another message names, nor what lies elsewhere or below its name'
);
select set_config('storage.allow_delete_query', 'true', true) is not null as meant;
delete from storage.objects where name = pg_temp.path('a.pdf');
select is_empty('select * from due', 'removed, there is nothing left to do');
select is((select count(*) from private.folders_to_empty), 0::bigint, 'and nothing is known of it any more');

select tests.authenticate_as('member');
select is(tests.answer_of(format('select public.take_back(%L)', (select second from said))), 'ok',
  'the other is taken back too');
select is(tests.answer_of(format('select public.take_back(%L)', (select second from said))), 'ok', 'twice');
select tests.authenticate_as('database');
select results_eq('select name from due', array[pg_temp.path('both.pdf')], 'and then their file goes');
select * from finish();
rollback;
