-- And not where it answers, how it is set up, or a key in either: those are for admins and the service.
begin;
\ir ../../world.psql
select plan(9);

update public.agents set settings = '{"voice_assistant_id": "v-1"}' where id = tests.id('hr');
select is(
  (select string_agg(tests.try_as(who, format('select %s from public.agents where id = tests.id(''hr'')', columns)), ' '
    order by place, columns)
   from unnest(array['member', 'admin', 'service']) with ordinality as actors (who, place),
     unnest(array['endpoint_url', 'settings', 'endpoint_host', 'name']) as columns),
  'no no yes no no no yes no yes yes yes yes',
  'endpoint_host, endpoint_url, name, settings: a person reads the name of an agent, the service all'
);
select tests.authenticate_as('member');
select is((select array_agg(name) from public.my_agents()), array['Hr'], 'one''s agents have names');
select is_empty($$select key from public.my_agents() as mine cross join jsonb_object_keys(to_jsonb(mine)) as key
  where key ~ 'endpoint|settings'$$, 'and nothing more');
select tests.authenticate_as('database');
select is(
  (select string_agg(tests.try_as(who, $$select public.agent_settings(tests.id('hr'))$$), ' ' order by place)
   from unnest(array['anonymous', 'stranger', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as actors (who, place)),
  'no not_found not_found not_found not_found yes yes yes',
  'anonymous, stranger, outsider, guest, member, admin, owner, service: who sees how an agent is set up'
);
select tests.authenticate_as('admin');
select results_eq($$select endpoint_url, settings ->> 'voice_assistant_id' from public.agent_settings(tests.id('hr'))$$,
  $$values ('https://hr.example/agent', 'v-1')$$, 'an admin sees it');
select is(tests.answer_of($$update public.agents set endpoint_url = 'https://hr.example/agent?key=hush'
  where id = tests.id('hr')$$), '422 secret_in_url',
  'a secret is not taken as part of an address');
select is(tests.answer_of($$update public.agents set endpoint_url = 'https://elsewhere.example/hooks/hush'
  where id = tests.id('hr')$$), 'ok', 'another address is');
select tests.authenticate_as('database');
select is_empty($$select detail from public.audit_log
  where workspace_id = tests.id('north') and detail::text ~ 'hush|v-1'$$,
  'neither a path nor the settings are in the log');
select isnt_empty($$select detail from public.audit_log
  where action = 'agent.changed' and detail #>> '{after,endpoint_host}' = 'elsewhere.example'$$,
  'that it now answers elsewhere is');

select * from finish();
rollback;
