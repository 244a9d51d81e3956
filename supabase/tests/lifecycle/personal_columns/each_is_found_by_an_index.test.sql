-- A column without an index of its persons is read as a whole, or its index is, for each person who is exported or
-- erased.
begin;
\ir ../../world.psql
select plan(3);

-- By their own index: its first key is the column, as it is or within an expression, and it leaves out no row that
-- names somebody.
create temporary view led as
select i.indrelid, a.attname::text as column_name
from pg_catalog.pg_index as i join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid
where i.indisvalid
  and (i.indkey[0] = a.attnum
    or i.indkey[0] = 0 and pg_get_indexdef(i.indexrelid, 1, false) ~ ('\m' || a.attname || '\M'))
  and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\([^()]+(\([^()]+\))? IS NOT NULL\)$'
    and pg_get_expr(i.indpred, i.indrelid) ~ ('\m' || a.attname || '\M'));
select is_empty(
  $$select c.of_table, c.column_name from private.personal_columns_now() as c
    where (c.on_erasure in ('redact', 'null', 'pseudonymise', 'delete') or c.is_exported and c.found_by is null)
      and not exists (select from led where led.indrelid = c.of_table and led.column_name = c.column_name)$$,
  'each column by which a person is looked up leads an index, or says by what its rows are found'
);
select set_eq(
  $$select table_name from private.personal_columns where found_by is not null$$,
  $$values ('public.messages'), ('public.message_states'), ('public.document_chunks')$$,
  'the large ones are found by what they belong to'
);

-- And what is said there has an index.
set local enable_seqscan = off;
set local enable_bitmapscan = off;
set local session_replication_role = replica; -- what others have, quickly
insert into public.messages (id, workspace_id, conversation_id, user_id, role, parts, token_count)
select md5('m' || n)::uuid, tests.id('south'), md5('talk' || n)::uuid, tests.id('clerk'), 'user',
  '[{"type": "text"}]', 1
from generate_series(1, 3000) as n;
insert into public.message_states (message_id, workspace_id, conversation_id, user_id, version, parts, metadata)
select id, workspace_id, conversation_id, user_id, 1, parts, '{}' from public.messages where conversation_id
  in (select md5('talk' || n)::uuid from generate_series(1, 3000) as n);
insert into public.document_chunks (workspace_id, document_id, user_id, ordinal, content, language, token_count)
select md5('workspace' || n)::uuid, md5('document' || n)::uuid, tests.id('clerk'), n, 'x', 'english', 1
from generate_series(1, 3000) as n;
set local session_replication_role = origin;
analyze public.messages;
analyze public.message_states;
analyze public.document_chunks;
create function tests.blocks_read(of_table regclass, condition text) returns bigint language plpgsql as $$
declare
  plan json;
begin
  execute format('explain (analyze, buffers, timing off, format json) select * from %s where %s', of_table,
    replace(condition, '$1', quote_literal(tests.id('member')))) into plan;
  return (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end;
$$;
select is_empty(
  $$select c.of_table, blocks.n from private.personal_columns_now() as c
    cross join lateral (select tests.blocks_read(c.of_table, format('%I = $1 and %s', c.column_name, c.found_by)))
      as blocks (n)
    where c.found_by is not null and blocks.n > 10$$,
  'of somebody who said nothing, next to nothing is read'
);

select * from finish();
rollback;
