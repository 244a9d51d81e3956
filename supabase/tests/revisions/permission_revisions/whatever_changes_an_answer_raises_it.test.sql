-- A revision must rise with each change after which read_agents answers otherwise; it is what tells an old answer from
-- a new one.
begin;
\ir ../../world.psql
select plan(39);

-- Whose revision a statement raises, by how much. The statement stays done.
create function tests.raised_by(statement text) returns text language plpgsql as $$
declare
  before jsonb := (select jsonb_object_agg(user_id, revision) from private.permission_revisions);
begin
  execute statement;
  return (
    select string_agg(who || case
      when known.revision - coalesce((before ->> known.user_id::text)::bigint, 0) = 1 then ''
      else ' ' || known.revision - coalesce((before ->> known.user_id::text)::bigint, 0) end, ', ' order by who)
    from private.permission_revisions as known
    join unnest(array['owner', 'admin', 'member', 'guest', 'outsider', 'clerk',
      'newcomer']) as who on known.user_id = tests.id(who)
    where known.revision <> coalesce((before ->> known.user_id::text)::bigint, 0)
  );
end;
$$;

select is(tests.raised_by($$insert into public.permissions (user_id, agent_id, workspace_id)
  values (tests.id('guest'), tests.id('hr'), tests.id('north'))$$), 'guest', 'a grant');
select is(tests.raised_by($$update public.permissions set can_use = false
  where user_id = tests.id('guest') and agent_id = tests.id('hr')$$), 'guest', 'a denial');
select is(tests.raised_by($$update public.permissions set expires_at = now()
  where user_id = tests.id('guest') and agent_id = tests.id('hr')$$), 'guest', 'an end');
select is(tests.raised_by($$update public.permissions set reason = 'Other words' where user_id = tests.id('guest')$$),
  null, 'a reason raises nothing');
select is(tests.raised_by($$update public.permissions set can_use = can_use$$), null, 'nor does a change to the same');
select is(tests.raised_by($$delete from public.permissions
  where user_id = tests.id('guest') and agent_id = tests.id('hr')$$), 'guest', 'a removed grant');
select is(tests.raised_by($$delete from public.permissions where user_id = tests.id('nobody')$$), null,
  'removing nothing raises nothing');
select is(tests.raised_by($$update public.permissions set user_id = tests.id('owner')
  where user_id = tests.id('guest')$$), 'guest, owner', 'a grant that is moved raises both');
select is(tests.raised_by($$update public.permissions set agent_id = tests.id('hr')
  where user_id = tests.id('owner')$$), 'owner', 'or one for another agent');

-- Consents: what agents may do for a person is remembered for a revision.
select is(tests.raised_by($$insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
  values (tests.id('north'), tests.id('hr'), tests.id('guest'), '{memory:read}'),
    (tests.id('north'), tests.id('hr'), null, '{memory:read}')$$), null, 'a consent allows more: it raises nothing');
select is(tests.raised_by($$update public.agent_consents set scopes = '{memory:read,knowledge:read}'
  where user_id = tests.id('guest')$$), null, 'nor does a wider one');
select is(tests.raised_by($$update public.agent_consents set scopes = scopes, granted_by = null$$), null,
  'nor the same again');
select is(tests.raised_by($$update public.agent_consents set scopes = '{knowledge:read}'
  where user_id = tests.id('guest')$$), 'guest', 'a narrowed one');
select is(tests.raised_by($$delete from public.agent_consents where user_id = tests.id('guest')$$), 'guest',
  'a consent that is withdrawn');
select is(tests.raised_by($$delete from public.agent_consents where agent_id = tests.id('hr')$$),
  (select string_agg(who, ', ' order by who) from unnest(array['owner', 'admin', 'member', 'guest', 'outsider',
    'clerk', 'newcomer']) as who join public.members as m on m.user_id = tests.id(who)
    where m.workspace_id = tests.id('north')), 'one for everybody: all members');

select is(tests.raised_by($$insert into public.members (workspace_id, user_id)
  values (tests.id('south'), tests.id('newcomer'))$$), 'newcomer', 'joining');
select is(tests.raised_by($$update public.members set role = 'admin' where user_id = tests.id('newcomer')$$),
  'newcomer', 'another role');
select is(tests.raised_by($$update public.members set invited_by = tests.id('clerk')
  where user_id = tests.id('newcomer')$$), null, 'who invited raises nothing');
select is(tests.raised_by($$delete from public.members where user_id = tests.id('newcomer')$$), 'newcomer', 'leaving');
select is(tests.raised_by($$delete from public.members where user_id = tests.id('member')$$), 'member 2',
  'leaving with a grant: for both');

select is(tests.raised_by($$insert into public.agents (id, workspace_id, slug, name, endpoint_url)
  values (tests.id('new'), tests.id('north'), 'new', 'New', 'https://new.example')$$), 'admin, owner',
  'a new agent: the admins');
select is(tests.raised_by($$update public.agents set endpoint_url = 'https://newer.example'
  where id = tests.id('payroll')$$), 'admin, owner', 'another endpoint: who holds it');
select is(tests.raised_by($$insert into public.permissions (user_id, agent_id, workspace_id)
  values (tests.id('guest'), tests.id('payroll'), tests.id('north'))$$), 'guest', 'a grant of it');
select is(tests.raised_by($$update public.agents set status = 'paused' where id = tests.id('payroll')$$),
  'admin, guest, owner', 'another status');
select is(tests.raised_by($$update public.agents set name = 'Pay' where id = tests.id('payroll')$$),
  'admin, guest, owner', 'another name');
select is(tests.raised_by($$update public.agents set slug = 'pay' where id = tests.id('payroll')$$),
  'admin, guest, owner', 'another slug');
select is(tests.raised_by($$update public.agents set description = 'Pays.' where id = tests.id('payroll')$$),
  'admin, guest, owner', 'another description');
select is(tests.raised_by($$update public.agents set settings = '{"a": 1}' where id = tests.id('payroll')$$), null,
  'settings are in no answer');
select is(tests.raised_by($$update public.agents set workspace_id = tests.id('south') where id = tests.id('new')$$),
  'admin, outsider, owner', 'an agent that is moved: the admins of both workspaces');
select is(tests.raised_by($$delete from public.agents where id = tests.id('payroll')$$), 'admin 2, guest, owner',
  'a deleted agent: its admins, and those who lose a grant');

select is(tests.raised_by($$update public.workspaces set deleted_at = now() where id = tests.id('south')$$),
  'clerk, outsider', 'a deleted workspace: everyone in it');
select is(tests.raised_by($$update public.workspaces set deleted_at = now() - interval '1 day'
  where id = tests.id('south')$$), null, 'another time of deletion: nobody');
select is(tests.raised_by($$update public.workspaces set deleted_at = null where id = tests.id('south')$$),
  'clerk, outsider', 'a restored one: everyone in it');
select is(tests.raised_by($$update public.workspaces set name = 'Other' where id = tests.id('south')$$), null,
  'its name is in no answer');
select is(tests.raised_by($$update public.members set role = 'owner' where user_id = tests.id('admin')$$), 'admin',
  'a second owner');
select is(tests.raised_by($$delete from auth.users where id = tests.id('owner')$$), 'owner 2',
  'a deleted account, with a grant: its tokens may still be about');
select matches(tests.raised_by($$delete from public.workspaces where id = tests.id('north')$$),
  '^admin( \d)?, guest( \d)?$', 'a purged workspace: everyone in it');

select is((select revision from private.read_agents(tests.id('nobody'))), 0::bigint,
  'a person of whom nothing was ever said has revision 0');
select is(
  (select revision from private.read_agents(tests.id('clerk'))),
    (select revision from private.permission_revisions where user_id = tests.id('clerk')),
  'read_agents answers the revision beside the list'
);

select * from finish();
rollback;
