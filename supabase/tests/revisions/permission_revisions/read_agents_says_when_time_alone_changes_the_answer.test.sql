begin;
\ir ../../world.psql
select plan(7);

select results_eq(
  $$select changes_at, agents #>> '{0,slug}', (agents #>> '{0,until}')::timestamptz, jsonb_array_length(agents)
  from private.read_agents(tests.id('member'))$$,
  $$values (now() + interval '1 hour', 'hr', now() + interval '1 hour', 1)$$,
  'a permission that ends says when, in the list and for the whole'
);
select results_eq(
  $$select changes_at, agents #>> '{0,until}'
  from private.read_agents(tests.id('clerk'))$$, $$values (null::timestamptz, null)$$,
  'one that does not end says never'
);
insert into public.permissions (user_id, agent_id, workspace_id, can_use, expires_at)
  values (tests.id('member'), tests.id('payroll'), tests.id('north'), false, now() + interval '1 minute');
select is((select changes_at from private.read_agents(tests.id('member'))), now() + interval '1 minute',
  'a denial that ends counts too: then more may be allowed');
update public.permissions set expires_at = now() - interval '1 minute'
where user_id = tests.id('member') and agent_id = tests.id('payroll');
select is((select changes_at from private.read_agents(tests.id('member'))), now() + interval '1 hour',
  'what has ended changes nothing any more');
select results_eq(
  $$select agents, changes_at
  from private.read_agents(tests.id('newcomer'))$$, $$values ('[]'::jsonb, null::timestamptz)$$,
    'who has none gets an empty list'
);
select results_eq($$select agents from private.read_agents(null)$$, $$values ('[]'::jsonb)$$, 'so does nobody');
select results_eq(
  $$select array_agg(key order by key)
  from private.read_agents(tests.id('clerk')), jsonb_object_keys(agents -> 0) as key$$,
  $$values (array['description', 'endpoint_url', 'id', 'name', 'reason', 'slug', 'status', 'until', 'workspace_id'])$$,
  'an agent in the list has just these fields: no settings'
);

select * from finish();
rollback;
