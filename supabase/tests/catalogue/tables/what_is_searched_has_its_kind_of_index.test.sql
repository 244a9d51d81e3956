-- Trees by GiST, words and tags by GIN, vectors by HNSW on halfvec, what only grows by BRIN.
begin;
\ir ../../world.psql
select plan(1);

create temporary table wanted (table_name text, method text, column_name text) on commit drop;
insert into wanted values
  ('folders', 'gist', 'path'),
  ('documents', 'gist', 'path'),
  ('documents', 'gin', 'tags'),
  ('conversations', 'gin', 'tags'),
  ('artifacts', 'gin', 'tags'),
  ('documents', 'gin', 'content_tsv'),
  ('document_chunks', 'gin', 'content_tsv'),
  ('document_chunks', 'hnsw', 'embedding'),
  ('analytics_events', 'brin', 'occurred_at');
select is_empty(
  $$select * from wanted as w where not exists (
    select from pg_catalog.pg_index as i
    join pg_catalog.pg_class as indexed on indexed.oid = i.indrelid and indexed.relnamespace = 'public'::regnamespace
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    join pg_catalog.pg_am as am on am.oid = c.relam
    join pg_catalog.pg_attribute as a on a.attrelid = indexed.oid and a.attnum = any (i.indkey)
    where indexed.relname = w.table_name and am.amname = w.method and a.attname = w.column_name and i.indisvalid)$$,
  'each has its own'
);

select * from finish();
rollback;
