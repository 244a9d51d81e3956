begin;
\ir ../../world.psql
select plan(29);
-- What the seed made is not of this test.
delete from public.documents;

create function pg_temp.toward(direction integer, share double precision default 1) returns extensions.halfvec
  language sql as $$
  select (select jsonb_agg(case when n = direction then share when n = 384 then 1 - share else 0 end order by n)
    from generate_series(1, 384) as n)::text::extensions.halfvec;
$$;
grant execute on function pg_temp.toward(integer, double precision) to public;
select public.put_document(workspace, path, content,
  language => 'en', tags => tags, user_id => person, metadata => jsonb_build_object('of', path))
from (values
  (tests.id('north'), null::uuid, 'handbook.leave', E'# Leave\nEverybody has thirty vacation days.',
    array['hr', 'policy']),
  (tests.id('north'), null, 'handbook.pay', E'# Pay\nSalaries are paid on the last day.', array['hr']),
  (tests.id('north'), null, 'projects.apollo', 'Apollo flies in spring.', array['project']),
  (tests.id('north'), tests.id('member'), 'notes.vacation', 'My vacation is in June.', '{}'),
  (tests.id('north'), tests.id('guest'), 'notes.vacation', 'The guest''s vacation.', '{}'),
  (tests.id('south'), null, 'handbook.leave', 'South has vacation as well.', array['hr'])
) as d (workspace, person, path, content, tags);
update public.document_chunks set embedding_model = 'm', embedding = case metadata ->> 'of'
  when 'handbook.leave' then pg_temp.toward(1) when 'handbook.pay' then pg_temp.toward(2)
    when 'projects.apollo' then pg_temp.toward(1, 0.7)
  else pg_temp.toward(3) end;
update public.document_chunks as c set embedding_model = 'other' from public.documents as d
where d.id = c.document_id and d.path = 'handbook.pay';

create function pg_temp.found(query text, embedding extensions.halfvec default null, within text default null,
  tags text[] default null, most integer default 10)
returns text language sql as $$
  select string_agg(coalesce(d.user_id::text, '') || s.path, ' ' order by score desc, similarity desc nulls last)
  from public.search_documents(tests.id('north'), query, embedding, 'm', within, tags, most) as s
  join public.documents as d on d.id = s.document_id;
$$;
grant execute on function pg_temp.found(text, extensions.halfvec, text, text[], integer) to public;

select tests.authenticate_as('admin');
select is(pg_temp.found('vacations'), 'handbook.leave', 'words are found in their language, in what is shared');
select is(pg_temp.found('when are salaries paid'), 'handbook.pay', 'stop words do not hide what fits');
select is(pg_temp.found('salaries rocket'), 'handbook.pay', 'where not all words fit, some do');
select is(pg_temp.found('"paid on the last"'), 'handbook.pay', 'a phrase is one');
select is(pg_temp.found('the of'), null, 'only stop words find nothing');
select is(pg_temp.found(null, pg_temp.toward(1)), 'handbook.leave projects.apollo',
  'meaning finds the nearest first, of the same model only');
select is(pg_temp.found('spring', pg_temp.toward(1)), 'projects.apollo handbook.leave', 'what both find comes first');
select is(pg_temp.found(null, pg_temp.toward(1), 'projects'), 'projects.apollo', 'inside of a path');
select is(pg_temp.found(null, pg_temp.toward(1), 'handbook.leave'), 'handbook.leave', 'a path is inside of itself');
select is(pg_temp.found('vacation', null, 'projects'), null, 'and not elsewhere');
select is(pg_temp.found('day', null, null, array['policy', 'hr']), 'handbook.leave', 'under all of the tags');
select is(pg_temp.found(null, pg_temp.toward(1), most => 1), 'handbook.leave', 'as many as asked for');
select is(
  (select s.score from public.search_documents(tests.id('north'), 'spring', pg_temp.toward(1), 'm') as s limit 1),
  (1.0 / 61)::double precision + (1.0 / 62)::double precision, 'the score is the sum of 1/(60 + place)'
);

select tests.authenticate_as('member');
select is((select count(*) from public.search_documents(tests.id('north'), 'vacation')), 2::bigint,
  'the member finds what is shared and what is theirs');
select tests.authenticate_as('guest');
select is((select string_agg(content, '') from public.search_documents(tests.id('north'), 'vacation')),
  'The guest''s vacation.', 'the guest only what is theirs');
select is((select count(*) from public.search_documents(tests.id('north'), null, pg_temp.toward(1), 'm')), 1::bigint,
  'by meaning too');
select tests.authenticate_as('outsider');
select is(tests.answer_of($$select * from public.search_documents(tests.id('north'), 'vacation')$$), '404 not_found',
  'an outsider does not know the workspace');
select is((select string_agg(content, '')
  from public.match_documents(pg_temp.toward(1)::extensions.vector, 10, '{"embedding_model": "m"}')),
  'South has vacation as well.', 'and matches only at home');
select is((select string_agg(content || ' ' || similarity, '') from public.kw_match_documents('vacation', 10)),
  'South has vacation as well. 0.1', 'by words too, without naming a workspace');
select is(tests.answer_of(format($$select * from public.kw_match_documents('vacation', 10, '{"workspace_id": "%s"}')$$,
  tests.id('north'))), '404 not_found', 'and in no other one');
select tests.authenticate_as('service');
select is((select count(*) from public.search_documents(tests.id('north'), 'vacation')), 1::bigint,
  'the service finds what is shared');
select is((select count(*) from public.search_documents(tests.id('north'), 'vacation', user_id => tests.id('member'))),
  2::bigint, 'or what a person would');
select is((select count(*) from public.search_documents(tests.id('north'), 'vacation', user_id => tests.id('guest'))),
  1::bigint, 'as a guest, what the guest would');
select is(tests.answer_of(format($$select * from public.match_documents(%L)$$, pg_temp.toward(1))),
  '422 workspace_required', 'and names the workspace');
select is(tests.answer_of(format('select * from public.kw_match_documents(''vacation'', 10, %L)', filter)),
  '400 invalid_body', 'an id in a filter that is none: ' || filter)
from unnest(array['{"workspace_id": "x"}', '{"user_id": {}}']) as filter;
select is(tests.answer_of($$select * from public.kw_match_documents('vacation')$$), '422 workspace_required',
  'for words, too');
select tests.authenticate_as('member');
select is(tests.answer_of($$select * from public.search_documents(tests.id('north'), 'x', '[1,2]')$$),
  '422 invalid_embedding', 'a vector of another length is refused');
select is(tests.answer_of(format($$select *
  from public.search_documents(tests.id('north'), 'x', %L)$$, array_fill(0::real, array[384])::extensions.halfvec)),
  '422 invalid_embedding', 'and one without a direction');

select * from finish();
rollback;
