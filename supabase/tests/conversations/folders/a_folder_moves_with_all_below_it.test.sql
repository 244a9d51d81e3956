begin;
\ir ../../world.psql
\ir ../talk.psql
select plan(17);

select tests.authenticate_as('member');
insert into public.folders (workspace_id, name, path) values
  (tests.id('north'), 'Hiring', 'work.hiring'), (tests.id('north'), '2026', 'work.hiring.2026'),
    (tests.id('north'), 'Home', 'home'),
  (tests.id('north'), 'Works', 'works');
create function pg_temp.folders() returns text language sql as $$
  select string_agg(path::text, ' ' order by path::text collate "C") from public.folders
  where user_id = tests.id('member');
$$;
grant execute on function pg_temp.folders() to public;

select is(public.move_folder((select id from public.folders where path = 'work.hiring'), 'home.people'), 2,
  'it says how many moved');
select is(pg_temp.folders(), 'home home.people home.people.2026 work works',
  'what is below moves along, what is beside stays');
select is(public.move_folder((select id from public.folders where path = 'home'), 'work.home'), 3, 'into another one');
select is(pg_temp.folders(), 'work work.home work.home.people work.home.people.2026 works', 'at any depth');
select is(public.move_folder((select id from public.folders where path = 'work.home'), 'work.home'), 3,
  'to where it is');
select is(tests.answer_of(format('select public.move_folder(%L, %L)', tests.id('north folder'), wanted)), answer,
  format('to %s', wanted))
from (values ('work.home.work', '409 folder_in_itself'), ('works', '409 path_taken'), ('nowhere.work', '404 not_found'),
  ('a b', '400 invalid_body'), ('', '400 invalid_body')) as w (wanted, answer);
select is(pg_temp.folders(), 'work work.home work.home.people work.home.people.2026 works',
  'what is refused moves nothing');

select is(
  tests.answer_of(format('insert into public.folders (workspace_id, name, path) values (%L, %L, %L)', tests.id('north'),
    'X', 'nowhere.x')), '23503',
  'a folder lies in one that exists'
);
select is(
  tests.answer_of(format('insert into public.folders (workspace_id, name, path) values (%L, %L, %L)', tests.id('north'),
    'X', 'work.home')), '23505',
  'a path is one folder'
);
select is(tests.try_as('admin',
  format('insert into public.folders (workspace_id, name, path) values (%L, %L, %L)', tests.id('north'), 'X', 'work')),
  'yes', 'of each owner');
select is(
  tests.try_as('admin', format('select public.move_folder(%L, %L)', tests.id('north folder'), 'mine')), 'not_found',
  'nobody moves somebody else''s'
);

select tests.authenticate_as('member');
delete from public.folders where path = 'work';
select is(pg_temp.folders(), 'works', 'deleting one deletes those below');
select is((select title || coalesce(folder_id::text, '') from public.conversations where id = tests.id('north talk')),
  'Leave', 'what lay in it stays');

select * from finish();
rollback;
