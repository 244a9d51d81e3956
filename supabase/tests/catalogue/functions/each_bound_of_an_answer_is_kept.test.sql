-- Functions that return rows have bounds (no_answer_is_cut_without_saying_so): here each is asked for its bound, with
-- more there, and for more. It answers as many as its bound, and refuses to be asked for more or for nothing: nobody is
-- answered with less than asked without being told. Only vector store clients are, who ask for spare ones.
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
delete from public.memories;
delete from public.documents;

-- More than each bound: a branch of 1,005 messages, 120 documents, 120 memories.
insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts)
select tests.id('many ' || n), tests.id('north'), tests.id('north talk'), tests.id('member'),
  case n when 1 then null else tests.id('many ' || n - 1) end, 'user', '[{"type": "text", "text": "harbour"}]'
from generate_series(1, 1005) as n order by n;
select public.put_document(tests.id('north'), 'many.n' || n, 'The harbour ' || n) from generate_series(1, 120) as n;
create function pg_temp.vector() returns extensions.halfvec language sql as $$
  select array_fill(0.1::real, array[384])::extensions.halfvec;
$$;
update public.document_chunks set embedding = pg_temp.vector(), embedding_model = 'client'
where workspace_id = tests.id('north');
insert into public.memories (workspace_id, user_id, content, language)
select tests.id('north'), tests.id('member'), 'Knows harbour ' || n, 'english' from generate_series(1, 120) as n;

insert into private.business_exports (id, workspace_id, prefix, name, time_zone)
values (tests.id('export'), tests.id('north'), 'pn_', 'P', 'UTC');
insert into private.business_export_rows (export_id, ordinal, table_name, contents) overriding system value
select tests.id('export'), n, 'leads', '{}' from generate_series(1, 1005) as n;

create function pg_temp.counted(actor text, call text) returns text language plpgsql as $$
declare
  many bigint;
  answer text;
begin
  perform tests.authenticate_as(actor);
  answer := tests.answer_of('select * from ' || call);
  if answer = 'ok' then
    execute 'select count(*) from ' || call into many;
    answer := many::text;
  end if;
  perform tests.authenticate_as('database');
  return answer;
end;
$$;
create temporary table asked (actor text, call text, answer text) on commit drop;
insert into asked values
  ('member', format('public.conversation_path(%L, 1000)', tests.id('many 1005')), '1000'),
  ('member', format('public.conversation_path(%L, null)', tests.id('many 1005')), '50'),
  ('member', $$public.search_messages('harbour', match_count => 100)$$, '100'),
  ('member', $$public.search_documents(tests.id('north'), 'harbour', match_count => 100)$$, '100'),
  ('member', $$public.search_documents(tests.id('north'), 'harbour', match_count => null)$$, '10'),
  ('member', $$public.kw_match_documents('harbour', 5000)$$, '100'),
  ('member', $$public.match_documents(pg_temp.vector()::extensions.vector, 5000)$$, '100'),
  ('member', $$public.recall(tests.id('north'), 'harbour', match_count => 100)$$, '100'),
  ('service', format('public.read_business_export(%L, most => 1000)', tests.id('export')), '1000'),
  ('service', format('public.read_business_export(%L, after => 1000)', tests.id('export')), '5'),
  ('service', $$public.claim_work('dial_queue', 'w', 1001)$$, '422 invalid_batch'),
  ('service', $$public.enqueue_work('dial_queue', (select jsonb_agg('{}'::jsonb) from generate_series(1, 1001)))$$,
    '422 invalid_items'),
  ('admin', $$public.import_leads('', tests.id('north'), (select jsonb_agg('{}'::jsonb)
    from generate_series(1, 1001)))$$, '422 invalid_items'),
  ('service', $$public.save_agent_memory(tests.id('north'), (select jsonb_agg('{}'::jsonb)
    from generate_series(1, 501)))$$, '422 invalid_memory');
-- What is asked for is between 1 and a bound, or refused.
insert into asked
select actor, format(call, wanted), '400 invalid_body'
from (values
  ('member', format('public.conversation_path(%L, %%s)', tests.id('many 1005')), 1000),
  ('member', format('public.shared_conversation(%L, %%s)', tests.id('north talk')), 200),
  ('member', $$public.search_messages('harbour', match_count => %s)$$, 100),
  ('member', $$public.search_documents(tests.id('north'), 'harbour', match_count => %s)$$, 100),
  ('member', $$public.recall(tests.id('north'), 'harbour', match_count => %s)$$, 100),
  ('service', format('public.read_business_export(%L, most => %%s)', tests.id('export')), 1000),
  ('service', $$public.redrive_work('dial_queue', most => %s)$$, 100000),
  ('admin', $$public.redrive_workspace_work(tests.id('north'), 'dial_queue', most => %s)$$, 1000),
  ('service', $$public.reserve_usage(tests.id('north'), 'r', lease_seconds => %s)$$, 86400)
) as bounded (actor, call, bound)
cross join lateral (values (0), (-1), (bound + 1)) as beyond (wanted);
grant execute on function pg_temp.vector() to public;
select plan((select count(*)::integer from asked));
select is(pg_temp.counted(actor, call), answer, left(regexp_replace(call, '\s+', ' ', 'g'), 80)) from asked;

select * from finish();
rollback;
