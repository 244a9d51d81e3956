begin;
\ir ../../world.psql
select plan(13);
-- What the seed made is not of this test.
delete from public.documents;

select results_eq(
  $$select ordinal, heading, content
  from private.split_text(E'Before.\n# Leave\n\nThirty days.\n## Parental ##\nMore.\n```\n# no heading\n```\n'
    '# Pay\n## Empty\n# Last\nEnd.')$$,
  $$values (0, null, 'Before.'), (1, 'Leave', 'Thirty days.'),
    (2, 'Leave › Parental', E'More.\n```\n# no heading\n```'), (3, 'Pay › Empty', 'Empty'), (4, 'Last', 'End.')$$,
  'a passage knows the headings above it; a heading in a fenced block is none; a heading alone is a passage of its own'
);
select is_empty($$select * from private.split_text('')$$, 'nothing has no passages');
select is_empty($$select * from private.split_text(E'\n \n\t')$$, 'nor has blank space');
select is(
  (select string_agg(content, E'\n' order by ordinal)
    from private.split_text((select string_agg('Line ' || n || '.', E'\n' order by n)
    from generate_series(1, 500) as n), 32)),
  (select string_agg('Line ' || n || '.', E'\n' order by n) from generate_series(1, 500) as n),
  'no line is lost or doubled'
);
select ok(
  (select max(private.estimate_tokens(content)) <= 32 and count(*) > 30
    from private.split_text(repeat('Some words here. ', 400), 32)),
  'a line that is too long is cut within the budget'
);
select ok((select bool_and(content ~ '[.]\s*$') from private.split_text(repeat('Some words here. ', 400), 32)),
  'after a sentence where there is one');
select is(
  (select string_agg(content, '' order by ordinal) from private.split_text(repeat('x', 1000), 32)), repeat('x', 1000),
    'anywhere where there is nothing to cut at'
);
select is_empty(
  $$select sample
  from (values ('One more sentence, as prose has them, is written here. '), ('漢字を仮名で書く。'),
    ('wordswithoutanyend')) as t (sample)
    cross join lateral (select left(repeat(sample, 5000), 50000) as whole) as long
    where (select string_agg(content, '' order by ordinal) from private.split_text(whole)) <> whole
      or (select max(private.estimate_tokens(content)) from private.split_text(whole)) > 256$$,
  'a paragraph of 50,000 characters on one line is cut within the usual budget, and nothing of it is lost'
);
select ok((select bool_and(content ~ '[.]\s*$') from private.split_text(repeat('One more sentence is here. ', 4000))),
  'after sentences');
select ok((select bool_and(content ~ '。$') from private.split_text(repeat('漢字を仮名で書く。', 4000))),
  'also where no space follows them');

-- Editing one section.
select tests.authenticate_as('member');
select public.put_document(tests.id('north'), 'doc', E'# One\nFirst.\n# Two\nSecond.\n# Three\nThird.');
select tests.authenticate_as('database');
update public.document_chunks set embedding = array_fill(0.1, array[384])::extensions.halfvec, embedding_model = 'm';
create temporary table earlier on commit drop as select id, heading from public.document_chunks;
select tests.authenticate_as('member');
select public.put_document(tests.id('north'), 'doc', E'# Zero\nNew.\n# One\nFirst.\n# Three\nThird.\n# Two\nChanged.');
select tests.authenticate_as('database');
select results_eq(
  $$select c.ordinal, c.heading, c.embedding is not null, c.id in (select id from earlier)
  from public.document_chunks as c order by ordinal$$,
  $$values (0, 'Zero', false, false), (1, 'One', true, true), (2, 'Three', true, true), (3, 'Two', false, false)$$,
  'what is the same keeps its row and its embedding, also at another place'
);
update public.document_chunks set content = 'Rewritten.' where heading = 'One';
select is((select embedding from public.document_chunks where heading = 'One'), null,
  'other words lose the embedding of the old ones');
update public.documents set metadata = '{"a": 1}', language = 'german' where path = 'doc';
select is((select count(*) from public.document_chunks where metadata = '{"a": 1}' and language = 'german'), 4::bigint,
  'metadata and language are handed on');

select * from finish();
rollback;
