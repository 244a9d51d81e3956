begin;
\ir ../../world.psql
select plan(25);

-- What a statement writes into the log: action and detail.
create function tests.logged_by(statement text, who text default 'database') returns text language plpgsql as $$
declare
  before bigint := coalesce((select max(id) from public.audit_log), 0);
begin
  perform tests.authenticate_as(who);
  execute statement;
  perform tests.authenticate_as('database');
  return (
    select string_agg(concat_ws(' ', action, 'by ' || actor,
      (detail ->> 'before')::jsonb - '{user_id,agent_id}'::text[],
      (detail ->> 'after')::jsonb - '{user_id,agent_id}'::text[]), E'\n' order by id)
    from public.audit_log left
    join unnest(array['owner', 'admin', 'member', 'newcomer', 'outsider']) as actor on tests.id(actor) = actor_id
    where id > before
  );
end;
$$;

select is(tests.logged_by($$update public.workspaces set name = 'N' where id = tests.id('north')$$, 'admin'),
  'workspace.changed by admin {"name": "North"} {"name": "N"}', 'a workspace''s name, before and after');
select is(tests.logged_by($$update public.workspaces set billing_plan = 'team'
  where id = tests.id('north')$$, 'service'), 'workspace.changed {"billing_plan": "free"} {"billing_plan": "team"}',
  'its plan, by the service');
select is(tests.logged_by($$update public.workspaces set settings = '{"word": "secret"}'
  where id = tests.id('north')$$, 'admin'), null, 'its settings are not written down');
select is(tests.logged_by($$update public.members set role = 'admin' where user_id = tests.id('member')$$, 'owner'),
  'member.changed by owner {"role": "member"} {"role": "admin"}', 'a role');
select is(tests.logged_by($$update public.members set role = role$$, 'owner'), null, 'what stays the same is not');
select is(tests.logged_by($$delete from public.members where user_id = tests.id('guest')$$, 'admin'),
  $$member.removed by admin {"role": "guest"}
permission.removed by admin {"can_use": true}$$, 'a removal, and the grants that go with it');
select is(tests.logged_by($$update public.agents set status = 'paused', name = 'H R'
  where id = tests.id('hr')$$, 'admin'),
  'agent.changed by admin {"name": "Hr", "status": "published"} {"name": "H R", "status": "paused"}',
  'an agent''s status and name');
select is(tests.logged_by($$update public.agents set settings = '{"word": "secret"}', description = 'D'
  where id = tests.id('hr')$$, 'admin'), null, 'its settings and description are not');
select is(tests.logged_by($$insert into public.permissions (user_id, agent_id, workspace_id, reason)
  values (tests.id('member'), tests.id('payroll'), tests.id('north'), 'For May')$$, 'admin'),
  'permission.created by admin {"reason": "For May", "can_use": true}', 'a grant');
select is(tests.logged_by($$update public.permissions set can_use = false
  where agent_id = tests.id('payroll') and user_id = tests.id('member')$$, 'admin'),
  'permission.changed by admin {"can_use": true} {"can_use": false}', 'a denial');
select is(tests.logged_by($$delete from public.permissions
  where agent_id = tests.id('payroll') and user_id = tests.id('member')$$, 'admin'),
  'permission.removed by admin {"reason": "For May", "can_use": false}', 'its removal');
select is(tests.logged_by($$delete from public.permissions where false$$, 'admin'), null,
  'nothing removed, nothing written');

select matches(tests.logged_by($$select public.invite_member(tests.id('north'), 'newcomer@tests.example')$$, 'admin'),
  '^invitation.created by admin \{"role": "member", "status": "pending", "expires_at": "[^"]+"\}$',
  'an invitation, without its address');
select is(tests.logged_by($$update public.invitations set status = 'revoked' where status = 'pending'$$),
  'invitation.changed {"status": "pending"} {"status": "revoked"}', 'its end');
select is(tests.logged_by($$select public.create_workspace('Mine', 'tests-mine')$$, 'newcomer'),
  'workspace.created by newcomer {"name": "Mine", "slug": "tests-mine", "region": "eu", "billing_plan": "free", '
  || '"embeds_messages": false}' || E'\n' || 'member.created by newcomer {"role": "owner"}',
  'a new workspace and its owner');
select is((select count(*)::integer
  from regexp_matches(tests.logged_by($$update public.members set role = 'admin'
  where role = 'member' and workspace_id in (tests.id('north'), tests.id('south'))$$), 'member.changed', 'g')), 1,
  'a row that changes is an entry');

-- Which row an entry speaks of, when one statement changes many
update public.members set role = 'member' where workspace_id = tests.id('north') and role = 'admin';
create temporary table before on commit drop as select max(id) as id from public.audit_log;
update public.members set role = case user_id when tests.id('admin') then 'guest' else 'admin' end
where workspace_id = tests.id('north') and role = 'member';
select set_eq(
  $$select subject_type::text, subject_id::uuid, workspace_id, detail #>> '{before,role}' as before,
    detail #>> '{after,role}' as after from public.audit_log where id > (select id from before)$$,
  $$values ('member', tests.id('admin'), tests.id('north'), 'member', 'guest'),
    ('member', tests.id('member'), tests.id('north'), 'member', 'admin')$$,
  'each entry has its own row''s before and after'
);
select is(
  (select array_agg(distinct agent_id) from public.audit_log
    where subject_type = 'permission' and subject_id = tests.id('clerk')::text), array[tests.id('desk')],
  'an entry of a grant names the agent'
);

-- What must not be in a log that is kept for years
create temporary table secrets (token text) on commit drop;
grant insert on secrets to authenticated;
update public.members set role = 'admin' where user_id = tests.id('admin');
select tests.authenticate_as('admin');
insert into secrets select token from public.invite_member(tests.id('north'), 'secret.address@tests.example');
select tests.authenticate_as('database');
create temporary table all_details on commit drop as select detail::text as detail from public.audit_log
  where workspace_id in (tests.id('north'), tests.id('south'));
select isnt_empty('select from secrets', 'a token was given');
select is_empty($$select detail from all_details
  where detail like '%@%' or detail ~ 'email'$$, 'no address is in the log');
select is_empty($$select detail from all_details, secrets
  where position(token in detail) > 0 or position(encode(sha256(token::bytea), 'hex') in detail) > 0
  or detail ~ 'token'$$, 'no token, nor its hash');
select is_empty($$select detail from all_details where detail ~ 'settings|secret'$$, 'no settings');

select is(tests.logged_by($$delete from public.agents where id = tests.id('lab')$$),
  'agent.removed {"name": "Lab", "slug": "lab", "status": "draft", "endpoint_host": "lab.example"}', 'a deleted agent');
delete from public.workspaces where id = tests.id('north');
select isnt_empty($$select from public.audit_log
  where workspace_id = tests.id('north') and action = 'workspace.removed'$$,
  'a purged workspace''s log stays, with its end');
select is((select actor_id from public.audit_log
  where action = 'workspace.removed' and workspace_id = tests.id('north')), null, 'by nobody');

select * from finish();
rollback;
