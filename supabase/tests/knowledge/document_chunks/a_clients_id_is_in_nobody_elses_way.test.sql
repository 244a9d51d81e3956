begin;
\ir ../../world.psql
select plan(11);

create function pg_temp.put(said text, id uuid, more jsonb default '{}') returns text language sql as $$
  select tests.answer_of(format(
    'insert into public.document_chunks (id, content, metadata) values (%L, %L, %L)
     on conflict (id) do update set id = excluded.id, content = excluded.content, metadata = excluded.metadata', id,
       said, more));
$$;
create function pg_temp.found(said text) returns uuid language sql as $$ select id from public.document_chunks
  where content = said; $$;
grant execute on all functions in schema pg_temp to public;

-- The attack: a stranger puts a chunk under the id that somebody else is going to use.
select tests.authenticate_as('outsider');
select is(pg_temp.put('squatted', tests.id('vector 1')), 'ok', 'a stranger takes an id');
select is(pg_temp.found('squatted'), tests.id('vector 1'), 'that is free');
select tests.authenticate_as('member');
select is(pg_temp.put('mine', tests.id('vector 1')), 'ok', 'who comes after them is not refused');
select isnt(pg_temp.found('mine'), tests.id('vector 1'), 'and has a row of their own');
select is(pg_temp.put('mine, again', tests.id('vector 1')), 'ok', 'the same id again');
select results_eq(
  $$select content from public.document_chunks
  where workspace_id = tests.id('north')$$, array['mine, again'], 'is the same row, for them'
);
select is(
  tests.try_as('member', format('update public.document_chunks set id = %L', tests.id('vector 2'))), 'invalid_body',
  'a chunk is not moved to another id'
);
-- The service sees all, and an id of one tenant's is none in another.
select tests.authenticate_as('service');
select is(
  pg_temp.put('for south', pg_temp.found('mine, again'), jsonb_build_object('workspace_id', tests.id('south'))), 'ok',
  'the service puts a chunk of one tenant under an id of another''s'
);
select is(
  (select count(*) from public.document_chunks where content in ('for south', 'mine, again', 'squatted')), 3::bigint,
    'and overwrites nothing'
);
-- Its twin: a row that is one's own is replaced, wherever it is said to be.
select is(
  pg_temp.put('for south, again', pg_temp.found('for south'), jsonb_build_object('workspace_id', tests.id('south'))),
  'ok', 'its own row'
);
select is((select count(*) from public.document_chunks where content like 'for south%'), 1::bigint, 'is replaced');

select * from finish();
rollback;
