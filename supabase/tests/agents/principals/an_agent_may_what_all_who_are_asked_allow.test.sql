-- A token says who asks for what. Whether they may is asked for each statement: of the credential, the consent, the
-- person and the agent.
begin;
\ir ../../world.psql
\ir tokens.psql
insert into public.memories (id, workspace_id, user_id, content)
values (tests.id('memory'), tests.id('north'), tests.id('member'), 'likes tea');
insert into public.documents (workspace_id, path, name) values (tests.id('north'), 'handbook', 'Handbook');
insert into public.members (workspace_id, user_id, role) values (tests.id('south'), tests.id('member'), 'member');
insert into public.memories (workspace_id, user_id, content)
values (tests.id('south'), tests.id('member'), 'is elsewhere');

-- What the agent reads after a change that is undone again: how many memories and documents.
create function tests.reads_after(change text,
  who text default 'member via hr: memory:read knowledge:read') returns text language plpgsql as $$
declare
  answer text;
begin
  begin
    if change <> '' then execute change; end if;
    perform tests.authenticate_as(who);
    answer := (select count(*) from public.memories) || ' ' || (select count(*) from public.documents);
    raise exception using errcode = 'UNDO0';
  exception when sqlstate 'UNDO0' then null;
  end;
  return answer;
end;
$$;

create temporary table changes (claim text, change text, reads text, who text) on commit drop;
insert into changes values
('as it is', '', '1 1', null),
('another person''s consent is not theirs', '', '0 0', 'admin via hr: memory:read knowledge:read'),
('nor another agent''s', '', '0 0', 'member via payroll: memory:read knowledge:read'),
('without a scope in the token', '', '1 0', 'member via hr: memory:read'),
('by a scope that nobody knows', '', '0 0', 'member via hr: everything'),
('an agent as itself: no person''s memories, what the workspace shares', '', '0 1', 'hr: memory:read knowledge:read'),
('an agent of another workspace: nothing of this one', '', '0 0', 'desk: memory:read knowledge:read'),
('when the credential is removed', 'delete from public.agent_credentials where agent_id = tests.id(''hr'')', '0 0',
  null),
('when it has ended', 'update public.agent_credentials set created_at = now() - interval ''2 days'', expires_at = '
  'now()', '0 0', null),
('when the credential no longer has the scope', 'update public.agent_credentials set scopes = ''{memory:read}''', '1 0',
  null),
('when the consent is withdrawn', 'delete from public.agent_consents', '0 0', null),
('when the consent is to less', 'update public.agent_consents set scopes = ''{knowledge:read}''', '0 1', null),
('when an admin consents for everybody', 'update public.agent_consents set user_id = null', '1 1', null),
('when the person loses the agent',
  'update public.permissions set can_use = false where user_id = tests.id(''member'')', '0 0', null),
('when the permission ends', 'update public.permissions set expires_at = now() where user_id = tests.id(''member'')',
  '0 0', null),
('when the person leaves', 'delete from public.members where workspace_id = tests.id(''north'') and user_id = '
  'tests.id(''member'')', '0 0', null),
('when the agent is paused', 'update public.agents set status = ''paused'' where id = tests.id(''hr'')', '0 0', null),
('the agent as itself, paused', 'update public.agents set status = ''paused'' where id = tests.id(''hr'')', '0 0',
  'hr: memory:read knowledge:read'),
('the agent as itself, a draft', 'update public.agents set status = ''draft'' where id = tests.id(''hr'')', '0 0',
  'hr: memory:read knowledge:read'),
('when the workspace is deleted', 'update public.workspaces set deleted_at = now() where id = tests.id(''north'')',
  '0 0', null);

-- Tokens that say something else than they were given for.
create function tests.reads_with(change jsonb) returns text language plpgsql as $$
declare
  answer text;
begin
  begin
    perform tests.authenticate_as('member via hr: memory:read knowledge:read');
    perform set_config('request.jwt.claims', (current_setting('request.jwt.claims')::jsonb || change)::text, true);
    answer := (select count(*) from public.memories) || ' ' || (select count(*) from public.documents);
    raise exception using errcode = 'UNDO0';
  exception when sqlstate 'UNDO0' then null;
  end;
  return answer;
end;
$$;
create temporary table forgeries (claim text, change jsonb, reads text) on commit drop;
insert into forgeries
select claim, change::jsonb, reads from (values
  ('as it is', '{}', '1 1'),
  ('for several audiences', '{"aud": ["authenticated", "https://mcp.example"]}', '1 1'),
  ('for another audience', '{"aud": "https://mcp.example"}', '0 0'),
  ('without an audience', '{"aud": null}', '0 0'),
  ('another credential', format('{"act": {"sub": "%s", "credential_id": "%s"}}', tests.id('hr'),
    tests.id('desk credential')), '0 0'),
  ('no credential', format('{"act": {"sub": "%s"}}', tests.id('hr')), '0 0'),
  ('an act that is no object', '{"act": "hr"}', '0 0'),
  ('an act of another agent than the client',
    format('{"act": {"sub": "%s", "credential_id": "%s"}}', tests.id('payroll'), tests.id('payroll credential')),
    '0 0'),
  ('a client that is none of ours, as those of other authorization servers', '{"client_id": "someone", "act": null}',
    '0 0'),
  ('a chain through an agent that the person has not allowed',
    format('{"act": {"sub": "%s", "credential_id": "%s", "act": {"sub": "%s", "credential_id": "%s"}}}',
    tests.id('hr'), tests.id('hr credential'), tests.id('payroll'), tests.id('payroll credential')), '0 0'),
  ('a chain of one agent twice',
    format('{"act": {"sub": "%1$s", "credential_id": "%2$s", "act": {"sub": "%1$s", "credential_id": "%2$s"}}}',
    tests.id('hr'), tests.id('hr credential')), '1 1'),
  ('a chain of five', format('{"act": %s}', (
    select repeat(format('{"sub": "%s", "credential_id": "%s", "act": ', tests.id('hr'), tests.id('hr credential')), 4)
      || format('{"sub": "%s", "credential_id": "%s"}', tests.id('hr'), tests.id('hr credential')) || '}}}}')), '0 0'),
  ('a scope that is a list', '{"scope": ["memory:read"]}', '0 0'),
  ('a person who is none', '{"sub": "nobody"}', '0 0')
) as t (claim, change, reads);

select plan((select count(*)::integer from changes) + (select count(*)::integer from forgeries) + 3);
select is(case when who is null then tests.reads_after(change) else tests.reads_after(change, who) end, reads, claim)
from changes;
select is(tests.reads_with(change), reads, 'a token that says: ' || claim) from forgeries;
do $$ begin perform tests.authenticate_as('member via hr: memory:read'); end; $$;
select is(private.current_user_id(), null, 'where no scope is asked for, whoever acts for a person is nobody');
select is(private.workspace_ids(), '{}', 'and nowhere');
select throws_like($$select public.create_workspace('Mine', 'mine-of-an-agent')$$, '%',
  'and makes no workspace in the person''s name');
select * from finish();
rollback;
