begin;
\ir ../../world.psql
select plan(14);
-- What the seed made is not of this test.
delete from public.documents;

create temporary table answers (step text, id uuid, is_new boolean, is_changed boolean) on commit drop;
grant all on answers to authenticated, service_role;
select tests.authenticate_as('member');
insert into answers select 'first', *
from public.put_document(tests.id('north'), 'handbook.leave', 'Thirty days.', language => 'en-GB', tags => array['hr']);
insert into answers select 'again', * from public.put_document(tests.id('north'), 'handbook.leave', 'Thirty days.');
insert into answers select 'changed', *
from public.put_document(tests.id('north'), 'handbook.leave', 'Forty days.', name => 'Leave');

select set_eq('select step, is_new, is_changed from answers',
  $$values ('first', true, true), ('again', false, false), ('changed', false, true)$$,
    'it is told what is new and what changed');
select is((select count(distinct id) from answers), 1::bigint, 'one path is one document');
select results_eq($$select name::text, content, language::text, created_by from public.documents$$,
  $$values ('Leave', 'Forty days.', 'english', tests.id('member'))$$,
    'the last content stands; the language is kept where none is said');

-- Three trees: the shared one, the member's, the guest's.
select is(tests.answer_of($$select public.put_document(tests.id('north'), 'handbook.leave', 'Mine.',
  user_id => tests.id('member'))$$), 'ok',
  'a path of the shared tree is free in one''s own');
select is((select count(*) from public.documents where path = 'handbook.leave'), 2::bigint, 'so there are two');
select tests.authenticate_as('guest');
select is(tests.answer_of($$select public.put_document(tests.id('north'), 'handbook.leave', 'Guest''s.',
  user_id => tests.id('guest'))$$), 'ok', 'guests have a tree of their own');
select is(tests.answer_of($$select public.put_document(tests.id('north'), 'more', 'x')$$), '42501',
  'and do not write the shared one');
select is((select count(*) from public.documents), 1::bigint, 'nor read it');
select tests.authenticate_as('owner');
select is(tests.answer_of($$select public.put_document(tests.id('north'), 'secret', 'x',
  user_id => tests.id('member'))$$), '42501', 'nobody puts documents into another''s tree');
select is((select count(*) from public.documents), 1::bigint, 'nor reads them there, the owner included');
select tests.authenticate_as('outsider');
select is(tests.answer_of($$select public.put_document(tests.id('north'), 'x', 'x')$$), '42501',
  'an outsider writes nothing');

select tests.authenticate_as('member');
select is(tests.answer_of(format($$select public.put_document(tests.id('north'), %L, 'x')$$, path)), '422 invalid_path',
  format('%L is not a path', path))
from unnest(array['', 'with space', 'a..b']) as path;

select * from finish();
rollback;
