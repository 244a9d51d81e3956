-- Credentials: who makes them, what is kept of them, and how they end.
begin;
\ir ../../world.psql
create temporary table made (secret text, id uuid) on commit drop;
grant all on made to authenticated, service_role;
select plan(18);
do $$ begin perform tests.authenticate_as('admin'); end; $$;
insert into made select c.secret, c.credential_id
  from public.create_agent_credential(tests.id('hr'), 'blue', '{memory:read, knowledge:read, memory:read}') as c;
select matches((select secret from made), '^gwa_[0-9a-f]{64}$',
  'an admin makes a credential; its secret is what scanners know');
select results_eq($$select name, scopes, expires_at - created_at, created_by from public.agent_credentials$$,
  $$values ('blue', '{knowledge:read,memory:read}'::text[], interval '90 days', tests.id('admin'))$$,
    'each scope is kept once; it ends in 90 days');
select is(tests.answer_of($$select secret_hash from public.agent_credentials$$), '42501',
  'the secret''s hash is read by nobody');
select is(tests.answer_of($$select public.create_agent_credential(tests.id('desk'), 'x', '{memory:read}')$$),
  '404 not_found', 'not for another workspace''s agent');
select is(tests.answer_of($$select public.create_agent_credential(tests.id('relic'), 'x', '{memory:read}')$$),
  '404 not_found', 'not for an archived one');
select is(tests.answer_of($$select public.create_agent_credential(tests.id('hr'), 'x', '{memory:everything}')$$),
  '422 invalid_scope', 'not for a scope that there is not');
select is(tests.answer_of($$select public.create_agent_credential(tests.id('hr'), 'x', '{}')$$), '422 invalid_scope',
  'not for none');
select is(tests.answer_of($$select public.create_agent_credential(tests.id('hr'), 'x', '{work:*}')$$),
  '422 invalid_scope', 'not for all queues at once');
select is(tests.answer_of($$select public.create_agent_credential(tests.id('hr'), '', '{memory:read}')$$),
  '400 invalid_body', 'not without a name');
select is(tests.answer_of($$select public.create_agent_credential(tests.id('hr'), 'x', '{memory:read}',
  now() + interval '2 years')$$), '400 invalid_body', 'not for two years');
select is(tests.answer_of($$select public.create_agent_credential(tests.id('hr'), 'x', '{work:dial_queue}',
  now() + interval '1 year')$$), 'ok', 'for one, and for a queue');
do $$ begin perform tests.authenticate_as('member'); end; $$;
select is(tests.answer_of($$select public.create_agent_credential(tests.id('hr'), 'x', '{memory:read}')$$),
  '404 not_found', 'a member makes none, of an agent that they may use');
do $$ begin perform tests.authenticate_as('database'); end; $$;
select is((select count(*)::integer from private.use_agent_credential(null, (select secret from made))), 1,
  'the secret is the credential');
select is((select agent_id from private.use_agent_credential(tests.id('hr')::text, (select secret from made))),
  tests.id('hr'), 'also where the agent is named');
select is((select count(*)::integer
  from private.use_agent_credential(tests.id('desk')::text, (select secret from made))), 0, 'not where another is');
select isnt((select last_used_at from public.agent_credentials where id = (select id from made)), null,
  'its use is noted');
do $$ begin perform tests.authenticate_as('owner'); end; $$;
delete from public.agent_credentials where id = (select id from made);
do $$ begin perform tests.authenticate_as('database'); end; $$;
select is((select count(*)::integer from private.use_agent_credential(null, (select secret from made))), 0,
  'removed, it is none');
select results_eq($$select action::text, actor_id, agent_id,
  detail -> coalesce('before', 'after') ->> 'name' is not null or detail ? 'after' from public.audit_log
    where action like 'agent_credential.%' and subject_id = (select id::text from made) order by id$$,
  $$values ('agent_credential.created', tests.id('admin'), tests.id('hr'), true),
    ('agent_credential.removed', tests.id('owner'), tests.id('hr'), true)$$,
  'the audit log tells who made and who removed it, of which agent');
select * from finish();
rollback;
