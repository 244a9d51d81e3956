-- Clients of authorization servers: which agent they are, what the hook makes of their tokens, who somebody is
-- elsewhere.
begin;
\ir ../../world.psql
select plan(22);
create function tests.hook(person text, client text, scope text default null) returns jsonb language sql as $$
  select private.custom_access_token_hook(jsonb_build_object(
    'user_id', tests.id(person), 'authentication_method', 'oauth_provider/authorization_code',
    'claims', jsonb_strip_nulls(jsonb_build_object(
      'sub', tests.id(person), 'role', 'authenticated', 'aud', 'authenticated', 'session_id', tests.id('session'),
      'client_id', client, 'scope', scope
    ))
  )) -> 'claims';
$$;
create function tests.register(agent text, client text, issuer text default null) returns text language sql as $$
  select tests.answer_of(format(
    'select public.create_agent_credential(%L, %L, %L, null, %L, %L)',
    tests.id(agent), 'x', '{memory:read}', client, issuer
  ));
$$;
insert into public.agent_consents (workspace_id, agent_id, user_id, scopes) values
  (tests.id('north'), tests.id('hr'), tests.id('member'), '{memory:read,memory:write}'),
  (tests.id('north'), tests.id('hr'), null, '{memory:read,knowledge:read}');

do $$ begin perform tests.authenticate_as('admin'); end; $$;
select is(tests.register('hr', ''),
  '400 invalid_body', 'a client has a name');
select is(tests.register('hr', null, 'https://a.example'),
  '400 invalid_body', 'an issuer is of a client');
select is(tests.register('hr', 'c', 'a.example'),
  '400 invalid_body', 'and an address');
select is((select secret from public.create_agent_credential(
    tests.id('hr'), 'app', '{memory:read,knowledge:read,work:emails}', null, 'c'
  )), null, 'a client has no secret');
select is(tests.register('payroll', 'c'),
  '409 client_taken', 'it is one agent of the workspace');
select is(tests.register('payroll', 'c', 'https://a.example'),
  'ok', 'another server''s client of this name is another one');
select is(tests.register('desk', 'd'),
  '404 not_found', 'nobody says it of another workspace''s agent');

do $$ begin perform tests.authenticate_as('member'); end; $$;
select results_eq($$select agent_id, scopes, consented from public.agents_of_client('c')$$,
  $$values (tests.id('hr'), '{knowledge:read,memory:read}'::text[], '{memory:read,memory:write}'::text[])$$,
  'who may use the agent is told what its client asks for');
select is_empty($$select from public.agents_of_client('c', 'https://a.example')$$,
  'not of an agent that they may not use');
do $$ begin perform tests.authenticate_as('clerk'); end; $$;
select is_empty($$select from public.agents_of_client('c')$$, 'nor is anybody of another workspace');

do $$ begin perform tests.authenticate_as('database'); end; $$;
select is(tests.hook('member', null), jsonb_build_object('sub', tests.id('member'), 'role', 'authenticated',
  'aud', 'authenticated', 'session_id', tests.id('session')), 'the token of somebody who signs in stays as it is');
select is(tests.hook('member', 'unknown') - 'client_id', tests.hook('member', null),
  'so does that of a client that is no agent''s');
select is(tests.hook('member', 'c', 'openid memory:write email') ->> 'scope', 'openid email knowledge:read memory:read',
  'a client''s has what credential and consent allow, and nothing that it brought, but OpenID''s');
select is((select claims -> 'act' ->> 'sub' = tests.id('hr')::text and claims ->> 'client_id' = tests.id('hr')::text
    and claims ->> 'azp' = 'c' and claims ->> 'workspace_id' = tests.id('north')::text
    and claims ->> 'session_id' <> tests.id('session')::text
  from tests.hook('member', 'c') as claims), true, 'it names the agent, its workspace, the client, and no session');
select is(tests.hook('admin', 'c') -> 'act',
  null, 'what an admin allows for all moves nobody''s client, not their own');
select isnt((select last_used_at from public.agent_credentials where client_id = 'c' and client_issuer is null),
  null, 'its use is noted');
select is_empty($$select from private.use_client_credential(tests.id('member'), 'c', 'https://a.example')$$,
  'another server''s client of the same name has nothing of it');
update public.agents set status = 'draft' where id = tests.id('hr');
select is(tests.hook('member', 'c') -> 'act', null, 'an agent that is not published has no client');

select is((select is_new from private.link_identity(tests.id('member'), 'https://a.example', 's')),
  true, 'who somebody is elsewhere is kept');
select is((select is_new from private.link_identity(tests.id('member'), 'https://a.example', 's')), false, 'once');
select is(tests.answer_of($$select private.link_identity(tests.id('admin'), 'https://a.example', 's')$$),
  '409 identity_taken', 'it is one person''s');
select is(tests.answer_of($$select private.link_identity(tests.id('member'), 'https://a.example', 't')$$),
  '409 identity_taken', 'who is one there');
select * from finish();
rollback;
