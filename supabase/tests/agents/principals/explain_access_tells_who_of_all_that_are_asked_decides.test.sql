-- explain_access about a scope: which of credential, consent, the person's permission and the agent's standing
-- decides, and to whom it is said. It must say yes exactly where a statement with such a token works: reading documents
-- is asked beside it.
begin;
\ir ../../world.psql
\ir tokens.psql
insert into public.documents (workspace_id, path, name) values (tests.id('north'), 'handbook', 'Handbook');

-- What is said of hr and the member after a change that is undone again, and whether hr reads the handbook then.
create function tests.said_after(change text, who text, for_scope text, as_itself boolean)
returns text language plpgsql as $$
declare
  answer text;
  reads bigint;
begin
  begin
    if change <> '' then execute change; end if;
    perform tests.authenticate_as('service');
    select concat_ws(' ', e.allowed::text, e.reason, e.decided_by ->> 'table') into answer
    from public.explain_access(tests.id('hr'), tests.id('member'), for_scope, as_itself) as e;
    perform tests.authenticate_as(who);
    select count(*) into reads from public.documents;
    answer := answer || case when reads > 0 then ' reads' else ' nothing' end;
    raise exception using errcode = 'UNDO0';
  exception when sqlstate 'UNDO0' then null;
  end;
  return answer;
end;
$$;

create temporary table changes (claim text, change text, said text, said_of_itself text) on commit drop;
insert into changes values
('as it is', '', 'true consented agent_consents reads', 'true credential agent_credentials reads'),
('the credential removed', 'delete from public.agent_credentials where agent_id = tests.id(''hr'')',
  'false credential_required nothing', 'false credential_required nothing'),
('the credential to less', 'update public.agent_credentials set scopes = ''{memory:read}''',
  'false credential_required agent_credentials nothing', 'false credential_required agent_credentials nothing'),
('the consent withdrawn', 'delete from public.agent_consents',
  'false consent_required nothing', 'true credential agent_credentials reads'),
('the consent to less', 'update public.agent_consents set scopes = ''{memory:read}''',
  'false consent_required agent_consents nothing', 'true credential agent_credentials reads'),
('the consent the workspace''s', 'update public.agent_consents set user_id = null',
  'true consented agent_consents reads', 'true credential agent_credentials reads'),
('the permission denied', 'update public.permissions set can_use = false where user_id = tests.id(''member'')',
  'false denied permissions nothing', 'true credential agent_credentials reads'),
('the permission ended', 'update public.permissions set expires_at = now() where user_id = tests.id(''member'')',
  'false expired permissions nothing', 'true credential agent_credentials reads'),
('the agent paused', 'update public.agents set status = ''paused'' where id = tests.id(''hr'')',
  'false agent_not_published agents nothing', 'false agent_not_published agents nothing'),
('the person gone',
  'delete from public.members where workspace_id = tests.id(''north'') and user_id = tests.id(''member'')',
  'false not_a_member nothing', 'true credential agent_credentials reads');

-- Who is told what of hr for the member: about one scope, and of the row that decided.
create function tests.told(who text, statement text) returns text language plpgsql as $$
declare
  answer text;
begin
  perform tests.authenticate_as(who);
  begin
    execute statement into answer;
  exception when others then answer := sqlerrm::jsonb ->> 'code';
  end;
  perform tests.authenticate_as('database');
  return answer;
end;
$$;
create temporary table askers (who text, told text) on commit drop;
insert into askers values
  ('service', 'true consented ' || tests.id('member')), ('admin', 'true consented ' || tests.id('member')),
  ('member', 'true consented ' || tests.id('member')), ('guest', 'not_found'),
  ('outsider', 'not_found'), ('newcomer', 'not_found'),
  ('member via hr: memory:read', 'true consented'), ('member via hr: knowledge:read', 'false insufficient_scope'),
  ('member via payroll: memory:read', 'not_found'), ('admin via hr: memory:read', 'not_found'),
  ('hr: memory:read', 'not_found'),
  ('desk: memory:read', 'not_found');

create temporary table others (claim text, who text, asked text, told text) on commit drop;
insert into others values
('a person asks about themselves', 'member', $$tests.id('hr'), scope => 'memory:read'$$, 'consented'),
('an agent of another tenant is none', 'member', $$tests.id('desk'), scope => 'memory:read'$$, 'not_found'),
('like one that does not exist', 'member', $$tests.id('nonexistent'), scope => 'memory:read'$$, 'not_found'),
('an agent without a consent says so', 'guest', $$tests.id('payroll'), scope => 'memory:read'$$, 'consent_required'),
('an admin asks about the agent as itself', 'admin',
  $$tests.id('hr'), scope => 'memory:read', as_itself => true$$, 'credential'),
('a member does not', 'member', $$tests.id('hr'), scope => 'memory:read', as_itself => true$$, 'not_found'),
('the agent itself does', 'hr: memory:read', $$tests.id('hr'), scope => 'memory:read'$$, 'credential'),
('an agent as itself has no conversations', 'hr: conversations:read',
  $$tests.id('hr'), scope => 'conversations:read'$$, 'not_for_this_actor'),
('an agent for a person does no work of queues', 'service',
  $$tests.id('hr'), tests.id('member'), 'work:emails'$$, 'credential_required'),
('an agent asks whether its person may use it', 'member via hr: memory:read',
  $$tests.id('hr')$$, 'granted'),
('not whether they may use another', 'member via hr: memory:read', $$tests.id('payroll')$$, 'not_for_this_actor'),
('nor whether somebody else may', 'member via hr: memory:read', $$tests.id('hr'), tests.id('admin')$$, 'not_found'),
('a scope that is none is refused', 'member', $$tests.id('hr'), scope => 'everything'$$, 'invalid_scope');

select plan(
  (2 * (select count(*) from changes) + (select count(*) from askers) + (select count(*) from others))::integer
);
select is(
  tests.said_after(change, 'member via hr: knowledge:read', 'knowledge:read', false), said, 'for a person: ' || claim
) from changes;
select is(
  tests.said_after(change, 'hr: knowledge:read', 'knowledge:read', true), said_of_itself, 'as itself: ' || claim
) from changes;
select is(
  tests.told(who, $$select concat_ws(' ', allowed::text, reason, decided_by ->> 'user_id')
    from public.explain_access(tests.id('hr'), tests.id('member'), 'memory:read')$$),
  told, 'asked by ' || who
) from askers;
select is(tests.told(who, format('select reason from public.explain_access(%s)', asked)), told, claim) from others;
select * from finish();
rollback;
