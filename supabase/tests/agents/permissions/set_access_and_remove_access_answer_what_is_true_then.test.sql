begin;
\ir ../../world.psql
select plan(26);

create function tests.granting(actor text, agent text, who text, can_use boolean default true,
  expires_at timestamptz default null) returns text language sql as $$
  select tests.answer_of(format('select private.set_access(%L, %L, %L, %L, %L, null, null)', tests.id(actor),
    tests.id(agent), tests.id(who), can_use, expires_at));
$$;
create function tests.removing(actor text, agent text, who text) returns text language sql as $$
  select tests.answer_of(format('select private.remove_access(%L, %L, %L, null)', tests.id(actor), tests.id(agent),
    tests.id(who)));
$$;

select is(tests.granting('outsider', 'hr', 'guest'), '404 not_found', 'an outsider''s grant finds no agent');
select is(tests.granting('newcomer', 'hr', 'guest'), '404 not_found', 'so does a newcomer''s');
select is(tests.granting('guest', 'hr', 'guest'), '403 forbidden', 'a guest may not');
select is(tests.granting('member', 'hr', 'guest'), '403 forbidden', 'nor a member');
select is(tests.granting('owner', 'nonexistent', 'guest'), '404 not_found', 'an agent that is none');
select is(tests.granting('owner', 'hr', 'clerk'), '409 not_a_member', 'a person who is not in the workspace');
select is(tests.granting('owner', 'hr', 'guest', true, now()), '400 invalid_expiry',
  'an end that is not in the future');
select is(tests.removing('outsider', 'hr', 'member'), '404 not_found', 'an outsider''s removal finds no agent');
select is(tests.removing('member', 'hr', 'member'), '403 forbidden', 'a member removes nothing');
select is(tests.removing('owner', 'nonexistent', 'member'), '404 not_found',
  'nothing is removed of an agent that is none');
select is_empty($$select from public.permissions
  where user_id = tests.id('guest') and agent_id = tests.id('hr')$$, 'nothing was written');

create temporary table known (step text primary key, revision bigint) on commit drop;
insert into known select 'before', revision from private.read_agents(tests.id('guest'));
select results_eq(
  $$select revision - (select revision from known), allowed, access_reason, workspace_id
    from private.set_access(tests.id('admin'), tests.id('hr'), tests.id('guest'), true, null, 'because', null)$$,
  $$values (1::bigint, true, 'granted', tests.id('north'))$$,
  'a grant is true with the revision that it answers'
);
select results_eq(
  $$select revision - (select revision from known), allowed, access_reason
    from private.set_access(tests.id('owner'), tests.id('hr'), tests.id('guest'), true, null, 'because', null)$$,
  $$values (1::bigint, true, 'granted')$$,
  'saying it again changes nothing, whoever says it'
);
select is((select granted_by from public.permissions where user_id = tests.id('guest') and agent_id = tests.id('hr')),
  tests.id('admin'), 'not even who granted');
select is((select count(*)::integer from public.audit_log
  where action = 'permission.created' and agent_id = tests.id('hr') and subject_id = tests.id('guest')::text), 1,
  'and writes nothing');
select results_eq(
  $$select revision - (select revision from known), allowed, access_reason
    from private.set_access(tests.id('admin'), tests.id('hr'), tests.id('guest'), true, now() + interval '1 day',
      'because', null)$$,
  $$values (2::bigint, true, 'granted')$$,
  'an end is a change'
);
select results_eq(
  $$select revision - (select revision from known), allowed, access_reason
    from private.set_access(tests.id('admin'), tests.id('hr'), tests.id('guest'), false, null, null, null)$$,
  $$values (3::bigint, false, 'denied')$$,
  'a denial is answered as one'
);
select results_eq(
  $$select revision - (select revision from known), allowed, access_reason
  from private.remove_access(tests.id('admin'), tests.id('hr'), tests.id('guest'), null)$$,
  $$values (4::bigint, false, 'not_granted')$$,
  'without a row a guest may not'
);
select results_eq(
  $$select revision - (select revision from known), allowed, access_reason
  from private.remove_access(tests.id('admin'), tests.id('hr'), tests.id('guest'), null)$$,
  $$values (4::bigint, false, 'not_granted')$$,
  'removing nothing changes nothing'
);
select results_eq(
  $$select allowed, access_reason
  from private.set_access(tests.id('owner'), tests.id('hr'), tests.id('admin'), false, null, null, null)$$,
  $$values (false, 'denied')$$,
  'an explicit no holds against an admin'
);
select results_eq(
  $$select allowed, access_reason
  from private.remove_access(tests.id('owner'), tests.id('hr'), tests.id('admin'), null)$$,
  $$values (true, 'administers_workspace')$$,
  'who falls back to the role when it is removed'
);
select is(tests.granting('admin', 'relic', 'guest'), 'ok', 'a grant of an archived agent is kept');
select is((select access_reason from private.access_after_change(tests.id('guest'), tests.id('relic'))),
  'agent_not_published', 'and gives nothing');
update public.workspaces set deleted_at = now() where id = tests.id('north');
select is(tests.granting('owner', 'hr', 'guest'), '404 not_found', 'in a deleted workspace nothing is granted');
select is(tests.removing('owner', 'hr', 'member'), '404 not_found', 'nor removed');
select is((select access_reason from private.access_after_change(tests.id('owner'), tests.id('hr'))), 'not_a_member',
  'nobody is in it');

select * from finish();
rollback;
