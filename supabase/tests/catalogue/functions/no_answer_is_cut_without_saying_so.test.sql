-- The Data API returns at most max_rows (1,000) rows of a function, and says nothing of the others. So each function of
-- public that returns rows has a bound of its own at or below that, or a column that tells how many there are.
begin;
select plan(4);

create temporary table bounds (signature text, bound text) on commit drop;
insert into bounds values
  ('agent_settings(uuid)', 'one row'),
  ('agents_of_client(text, text)', 'one row for each workspace of a person'),
  ('audit_anchor(uuid)', 'one row'),
  ('claim_work(text, text, integer, interval)', 'batch: 1,000'),
  ('conversation_path(uuid, integer, uuid)', 'page_size: 1,000, and before'),
  ('create_agent_credential(uuid, text, text[], timestamp with time zone, text, text)', 'one row'),
  ('create_share_link(uuid, timestamp with time zone)', 'one row'),
  ('drop_business(text, text)', 'one row'),
  ('enqueue_work(text, jsonb)', 'items: 1,000'),
  ('explain_access(uuid, uuid, text, boolean)', 'one row'),
  ('export_business(text)', 'one row'),
  ('import_leads(text, uuid, jsonb, text)', 'leads: 1,000'),
  ('invite_member(uuid, text, text)', 'one row'),
  ('kw_match_documents(text, integer, jsonb)', 'match_count: 100'),
  ('list_documents(uuid, text, uuid)', 'total'),
  ('load_agent_memory(uuid, uuid, text[], text)', 'total'),
  ('match_documents(vector, integer, jsonb)', 'match_count: 100'),
  ('memories_at(uuid, timestamp with time zone, text, uuid)', 'total'),
  ('memory_health(uuid, uuid)', 'one row'),
  ('my_agents()', 'total'),
  ('put_document(uuid, text, text, text, uuid, text, text[], jsonb, text, text, text, text)', 'one row'),
  ('read_business_export(uuid, bigint, integer)', 'most: 1,000, and after'),
  ('recall(uuid, text, halfvec, text, uuid, text[], text, integer, uuid)', 'match_count: 100'),
  ('remember(uuid, text, text, double precision, text, uuid, halfvec, text, text, uuid, text, uuid, text, '
    'timestamp with time zone, uuid)', 'one row'),
  ('save_agent_memory(uuid, jsonb, uuid, text)', 'entries: 500'),
  ('scopes()', 'a list in code'),
  ('search_documents(uuid, text, halfvec, text, text, text[], integer, uuid)', 'match_count: 100'),
  ('search_messages(text, uuid, uuid[], uuid, uuid, timestamp with time zone, timestamp with time zone, integer, '
    'halfvec, text)', 'match_count: 100'),
  ('verify_audit_log(uuid, text, date)', 'one row'),
  ('workspace_place(uuid)', 'one row');

create temporary view returning_rows as
select format('%s(%s)', p.proname, oidvectortypes(p.proargtypes)) as signature, p.proargnames
from pg_catalog.pg_proc as p
where p.pronamespace = 'public'::regnamespace and p.proretset
  and not exists (select from pg_catalog.pg_depend as d where d.objid = p.oid and d.deptype = 'e');

select is(
  (select array_agg(signature order by signature) from returning_rows
    where signature not in (select signature from bounds)),
  null, 'each function that returns rows has its bound here'
);
select is(
  (select array_agg(signature order by signature) from bounds
    where signature not in (select signature from returning_rows)),
  null, 'and each that is here is there'
);
select set_eq(
  $$select signature from bounds where bound = 'total'$$,
  $$select signature from returning_rows where 'total' = any (proargnames)$$,
  'whose rows have no bound, tells how many there are'
);
select ok((select count(*) > 0 from bounds where bound = 'total'), 'there are such functions');
select * from finish();
rollback;
