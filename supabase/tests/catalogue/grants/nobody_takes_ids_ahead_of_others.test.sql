-- An id or a key that somebody chooses is one that they can take before others, and one whose refusal tells that it
-- exists. So people choose none, but for the ids of chunks, which vector store clients send: there a taken one is no
-- obstacle (knowledge/document_chunks).
begin;
\ir ../../world.psql
select plan(3);
create temporary view chosen as
select c.relname::text as table_name, a.attname::text as column_name, verb
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
cross join unnest(array['insert', 'update']) as verb
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  and a.attname in ('id', 'dedupe_key', 'claim_token', 'request_id')
  and has_column_privilege('authenticated', c.oid, a.attnum, verb);
select set_eq(
  'select table_name, column_name, verb from chosen',
  $$values ('document_chunks', 'id', 'insert'), ('document_chunks', 'id', 'update')$$,
    'people choose the ids of chunks, and no other id or key'
);
select is(
  tests.try_as('member', format('insert into public.conversations (id, workspace_id) values (gen_random_uuid(), %L)',
    tests.id('north'))),
  'no', 'the attack: a conversation under an id that somebody else is going to use'
);
select is(
  tests.try_as('member', format('insert into public.conversations (workspace_id) values (%L)', tests.id('north'))),
  'yes', 'its twin: a conversation under the id that the database gives'
);
select * from finish();
rollback;
