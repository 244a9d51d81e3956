-- The same searches with the crossover at 0, so that all go by the HNSW index: inside a path, under row security,
-- sorted again.
begin;
\ir ../../world.psql
select plan(5);
select is(array(select private.search_crossover(n) from unnest(array[-1, 125e3, 1e6, 1e7, 1e9]::real[]) as n),
  array[5000, 5000, 14142, 44721, 100000], 'the smaller the share of all, the more is read instead');
delete from public.documents;

create function pg_temp.vector_of(n integer) returns extensions.halfvec language sql immutable as $$
  select jsonb_agg(sin(n * 12.9898 + d * 78.233) order by d)::text::extensions.halfvec
  from generate_series(1, 384) as d;
$$;
select count(*) as put from (
  select public.put_document(tests.id(workspace), side || '.d' || n, 'Text ' || n, user_id => tests.id(person))
  from generate_series(1, 60) as n,
    (values ('north', 'inside', null), ('north', 'outside', null), ('north', 'inside', 'admin'),
      ('south', 'inside', null)) as v (workspace, side, person)
) as done;
update public.document_chunks as c set embedding_model = 'm',
  embedding = pg_temp.vector_of((regexp_replace(c.content, '\D', '', 'g'))::integer + case when c.user_id is null then 0
    else 100 end);

create function pg_temp.found(within text) returns setof text language sql as $$
  select s.path || ' ' || round(s.similarity::numeric, 3)
  from public.search_documents(tests.id('north'), null, pg_temp.vector_of(7), 'm', within, null, 10) as s;
$$;
create temporary table exact on commit drop as select within, array(select pg_temp.found(within)) as rows
  from (values ('inside'), (null)) as w (within) limit 0;
grant all on exact to authenticated;
grant execute on all functions in schema pg_temp to authenticated;
select tests.authenticate_as('member');
insert into exact select within, array(select pg_temp.found(within)) from (values ('inside'), (null)) as w (within);
select tests.authenticate_as('database');
create or replace function private.search_crossover(all_chunks real) returns integer language sql immutable
  parallel safe set search_path = '' as $$ select 0; $$;
select is((select array_agg(cardinality(rows)) from exact), array[10, 10], 'reading all finds ten');
select tests.authenticate_as('member');
select cmp_ok(
  (select min(cardinality(array(select unnest(rows) intersect all select pg_temp.found(within)))) from exact), '>=', 9,
  'the index finds the same, but for one in ten at most'
);
select is(
  (select array_agg(row) from pg_temp.found('inside') as row where row not like 'inside.%'), null,
    'inside the path alone'
);
select is(
  array(select pg_temp.found('inside')),
  array(select row from pg_temp.found('inside') as row order by split_part(row, ' ', 2)::numeric desc, row),
    'nearest first'
);

select * from finish();
rollback;
