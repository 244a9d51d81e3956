begin;
\ir ../../world.psql
select plan(13);
-- What the seed made is not of this test.
delete from public.documents;

select tests.authenticate_as('member');
select public.put_document(tests.id('north'), path, path)
from unnest(array['a', 'a.b', 'a.b.b', 'a.b.b.b', 'a.c', 'z']) as path;
select public.put_document(tests.id('north'), 'a.b', 'mine', user_id => tests.id('member'));

select is(public.move_documents(tests.id('north'), 'a.b', 'y.new'), 3, 'what is at a path and below it moves');
select results_eq($$select path::text, content from public.documents where user_id is null order by path$$,
  $$values ('a', 'a'), ('a.c', 'a.c'), ('y.new', 'a.b'), ('y.new.b', 'a.b.b'), ('y.new.b.b', 'a.b.b.b'), ('z', 'z')$$,
    'the subtree follows, the rest stays');
select is((select path::text from public.documents where user_id = tests.id('member')), 'a.b',
  'another tree is left alone');

select is(tests.answer_of($$select public.move_documents(tests.id('north'), 'a', 'z')$$), '409 path_taken',
  'what is there is not overwritten');
select is((select count(*) from public.documents where path <@ 'a' and user_id is null), 2::bigint,
  'and then nothing has moved');
select is(tests.answer_of($$select public.move_documents(tests.id('north'), 'a', 'a.deeper')$$), '422 invalid_path',
  'a folder does not go into itself');
select is(tests.answer_of($$select public.move_documents(tests.id('north'), 'nothing', 'x')$$), '404 not_found',
  'nothing is not moved');

-- y.new.b goes to y.new, whose own row goes to y in the same statement: paths are unique when it ends.
select is(public.move_documents(tests.id('north'), 'y.new', 'y'), 3, 'a subtree moves up over its own rows');
select results_eq($$select path::text from public.documents where path <@ 'y'
  order by path$$, $$values ('y'), ('y.b'), ('y.b.b')$$, 'each to its place');

select results_eq($$select path, document_id is not null, documents_below
  from public.list_documents(tests.id('north'))$$,
  $$values ('a', true, 1::bigint), ('y', true, 2), ('z', true, 0)$$, 'the top is listed');
select results_eq($$select path, name, documents_below from public.list_documents(tests.id('north'), 'y')$$,
  $$values ('y.b', 'b', 1::bigint)$$, 'so is a folder');
select tests.authenticate_as('guest');
select is_empty($$select * from public.list_documents(tests.id('north'))$$, 'a guest lists nothing of it');
select is(tests.answer_of($$select public.move_documents(tests.id('north'), 'a', 'q')$$), '404 not_found',
  'and moves nothing');

select * from finish();
rollback;
