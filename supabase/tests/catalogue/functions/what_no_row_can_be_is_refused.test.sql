-- Functions that look something up refuse a value that no row can have, with the field: an answer of nothing would say
-- that there is none, when the question is wrong.
begin;
\ir ../../world.psql

create temporary table asked (actor text, field text, call text) on commit drop;
insert into asked values
  ('member', 'client_id', $$public.agents_of_client(repeat('c', 301))$$),
  ('member', 'client_id', $$public.agents_of_client('')$$),
  ('member', 'client_id', $$public.agents_of_client(null)$$),
  ('member', 'client_issuer', $$public.agents_of_client('c', 'https://' || repeat('a', 500))$$),
  ('member', 'client_issuer', $$public.agents_of_client('c', 'nowhere')$$),
  ('member', 'only_kind', $$public.recall(tests.id('north'), 'harbour', only_kind => 'facts')$$),
  ('member', 'categories', $$public.recall(tests.id('north'), 'harbour', categories => '{knowledge,work}')$$),
  ('service', 'memory_types', $$public.load_agent_memory(tests.id('north'), memory_types => '{state,states}')$$),
  ('service', 'currency', $$public.reserve_usage(tests.id('north'), 'r', currency => 'usd')$$);
create function pg_temp.refused(actor text, call text) returns text language plpgsql as $$
declare
  message jsonb;
begin
  perform tests.authenticate_as(actor);
  execute 'select * from ' || call;
  return 'answered';
exception when sqlstate 'PGRST' then
  get stacked diagnostics message = message_text;
  return concat_ws(' ', message ->> 'code', message ->> 'hint', split_part(message ->> 'message', ':', 1));
end;
$$;
select plan(2 + (select count(*)::integer from asked));
select is(pg_temp.refused(actor, call), format('invalid_body %1$s %1$s', field), call) from asked;
select tests.authenticate_as('member');
select lives_ok(
  $$select public.recall(tests.id('north'), 'harbour', only_kind => 'fact', categories => '{knowledge,decision}')$$,
  'each that there is may be asked for'
);
select lives_ok($$select public.recall(tests.id('north'), 'harbour', only_kind => null, categories => null)$$,
  'or none');

select * from finish();
rollback;
