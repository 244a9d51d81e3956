begin;
\ir ../../world.psql
select plan(22);

select is(
  (select string_agg(tests.try_as(who, $$select public.explain_access(tests.id('hr'), tests.id('member'))$$), ' '
    order by place)
   from unnest(array['anonymous', 'stranger', 'newcomer', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as actors (who, place)),
  'no not_found not_found not_found not_found yes yes yes yes',
  'anonymous, stranger, newcomer, outsider, guest, member, admin, owner, service: who may ask about the member'
);
select tests.authenticate_as('member');
select results_eq(
  $$select allowed, reason, decided_by ->> 'table', decided_by ->> 'granted_by'
  from public.explain_access(tests.id('hr'))$$,
  $$values (true, 'granted', 'permissions', null)$$, 'granted: the permission decided'
);
select results_eq(
  $$select allowed, reason, decided_by ->> 'table', decided_by ->> 'role'
  from public.explain_access(tests.id('payroll'))$$,
  $$values (false, 'not_granted', 'members', 'member')$$, 'not_granted: the role decided'
);
select results_eq(
  $$select allowed, reason, decided_by ->> 'table', decided_by ->> 'status'
  from public.explain_access(tests.id('lab'))$$,
  $$values (false, 'agent_not_published', 'agents', 'draft')$$, 'agent_not_published: the agent decided'
);
select is(tests.answer_of($$select public.explain_access(tests.id('desk'))$$), '404 not_found',
  'another tenant''s agent is none');
select is(tests.answer_of($$select public.explain_access(tests.id('nonexistent'))$$), '404 not_found',
  'like one that does not exist');
select is(tests.answer_of($$select public.explain_access(null)$$), '404 not_found', 'and like no agent');
select is(tests.answer_of($$select public.explain_access(tests.id('hr'), tests.id('guest'))$$), '404 not_found',
  'a member does not ask about others');

select tests.authenticate_as('admin');
select results_eq(
  $$select allowed, reason, (decided_by ->> 'can_use')::boolean
  from public.explain_access(tests.id('payroll'))$$, $$values (false, 'denied', false)$$,
  'denied: an explicit no against an admin'
);
select results_eq(
  $$select allowed, reason
  from public.explain_access(tests.id('hr'))$$, $$values (true, 'administers_workspace')$$, 'administers_workspace'
);
select results_eq($$select reason
  from public.explain_access(tests.id('lab'))$$, $$values ('administers_workspace')$$, 'also of a draft');
select results_eq($$select reason
  from public.explain_access(tests.id('hr'), tests.id('clerk'))$$, $$values ('not_a_member')$$,
  'an admin may ask about anyone: not_a_member');
select is(tests.answer_of($$select public.explain_access(tests.id('desk'), tests.id('member'))$$), '404 not_found',
  'but about their own agents only');

select tests.authenticate_as('database');
update public.permissions set expires_at = now() + interval '1 microsecond' where user_id = tests.id('member');
select tests.authenticate_as('member');
select results_eq($$select reason
  from public.explain_access(tests.id('hr'))$$, $$values ('granted')$$, 'a permission holds to its last moment');
select tests.authenticate_as('database');
update public.permissions set expires_at = now() where user_id = tests.id('member');
select tests.authenticate_as('member');
select results_eq(
  $$select allowed, reason, decided_by ->> 'table'
  from public.explain_access(tests.id('hr'))$$, $$values (false, 'expired', 'permissions')$$,
  'expired: from its end on it decides nothing'
);
select is_empty('select from public.my_agents()', 'and gives nothing');
select tests.authenticate_as('database');
update public.permissions set expires_at = now() where user_id = tests.id('admin');
select tests.authenticate_as('admin');
select results_eq($$select reason
  from public.explain_access(tests.id('payroll'))$$, $$values ('administers_workspace')$$,
  'an expired no leaves an admin their role');

select tests.authenticate_as('service');
select results_eq(
  $$select allowed, reason
  from public.explain_access(tests.id('nonexistent'), tests.id('member'))$$, $$values (false, 'unknown_agent')$$,
  'unknown_agent: the service is told'
);
select results_eq(
  $$select allowed, reason
  from public.explain_access(tests.id('hr'), tests.id('nonexistent'))$$, $$values (false, 'not_a_member')$$,
  'so it is of a person that does not exist'
);
select results_eq($$select allowed
  from public.explain_access(tests.id('hr'))$$, $$values (false)$$, 'the service itself is nobody');
select tests.authenticate_as('database');
update public.workspaces set deleted_at = now() where id = tests.id('north');
select tests.authenticate_as('owner');
select is(tests.answer_of($$select public.explain_access(tests.id('hr'))$$), '404 not_found',
  'of a deleted workspace nobody is told anything');
select tests.authenticate_as('service');
select results_eq($$select reason
  from public.explain_access(tests.id('hr'), tests.id('owner'))$$, $$values ('not_a_member')$$, 'for nobody is in it');

select * from finish();
rollback;
