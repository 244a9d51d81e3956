-- The attack: a name that contains somebody's id made the object theirs: erasing oneself deleted a colleague's file,
-- and whoever kept putting such files held up somebody's erasure.
begin;
\ir ../../world.psql
select plan(8);

create function tests.put(name text, owner text default null) returns void language sql as $$
  insert into storage.objects (bucket_id, name, owner_id) values ('attachments', name, tests.id(owner)::text);
$$;
select tests.put(tests.id('north') || '/' || tests.id('admin') || '/cases/investigation-' || tests.id('member') ||
  '.txt', 'admin');
select tests.put(tests.id('south') || '/' || tests.id('outsider') || '/' || tests.id('member') || '/x.txt', 'outsider');
select tests.put(tests.id('member') || '/' || tests.id('outsider') || '/x.txt', 'outsider');
select tests.put('elsewhere/shared.txt', 'member');
select is_empty($$select
  from private.personal_objects(tests.id('member'))$$, 'a name with their id in it is not theirs');
select is(public.export_user_data(tests.id('member')) #> '{tables,storage.objects}', '[]', 'nor is it in their export');

select tests.put(tests.id('north') || '/' || tests.id('member') || '/mine.txt', 'member');
select tests.put(tests.id('south') || '/' || upper(tests.id('member')::text) || '/loud.txt', 'member');
select results_eq($$select split_part(name, '/', 3) from private.personal_objects(tests.id('member'))
  order by 1$$, $$values ('loud.txt'), ('mine.txt')$$,
  'what is below their folder is, however the id is spelt');
select results_eq($$select split_part(name, '/', 3)
  from private.personal_objects(tests.id('member'), tests.id('north'))$$, $$values ('mine.txt')$$,
  'in one workspace what is in its folder');
select is(tests.answer_of(format('select private.erase_person(%L)', tests.id('member'))), '55006',
  'their own objects go first');
set local "storage.allow_delete_query" = 'true';
delete from storage.objects where private.path_id(name, 2) = tests.id('member');
select is(tests.answer_of(format('select private.erase_person(%L)', tests.id('member'))), 'ok',
  'others'' do not hold the erasure up');
select is((select count(*)::integer from storage.objects where name ~ tests.id('member')::text), 3, 'and stay');
select is_empty($$select from storage.objects as o where tests.id('member')::text in (o.owner::text, o.owner_id)$$,
  'what they put elsewhere stays, and names them as its owner no more');

select * from finish();
rollback;
