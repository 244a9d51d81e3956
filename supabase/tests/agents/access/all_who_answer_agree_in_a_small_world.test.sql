-- Every combination of role, status and word in one workspace, beside the world of the tests.
begin;
\ir ../../world.psql
\ir agreement.psql
select plan(4);

insert into public.workspaces (id, name, slug)
values (tests.id('east'), 'East', 'tests-east'), (tests.id('dead'), 'Dead', 'tests-dead');
do $$
declare
  role_name text;
  status text;
  word text;
  place text;
begin
  foreach place in array array['east', 'dead'] loop
    foreach status in array array['draft', 'published', 'paused', 'archived'] loop
      foreach word in array array['none', 'yes', 'no', 'yes-later', 'no-later', 'yes-before', 'no-before'] loop
        perform tests.add_agent(place, concat_ws('-', place, status, word), status);
      end loop;
    end loop;
    foreach role_name in array array['owner', 'admin', 'member', 'guest'] loop
      perform tests.add_person(place || '-' || role_name, place || '-' || role_name || '@tests.example');
      insert into public.members (workspace_id, user_id, role)
      values (tests.id(place), tests.id(place || '-' || role_name), role_name);
    end loop;
  end loop;
end;
$$;
insert into public.permissions (user_id, agent_id, workspace_id, can_use, expires_at)
select m.user_id, a.id, a.workspace_id, a.slug ~ 'yes',
  case when a.slug ~ 'later$' then now() + interval '1 hour' when a.slug ~ 'before$' then now() end
from public.agents as a join public.members as m on m.workspace_id = a.workspace_id
where a.workspace_id in (tests.id('east'), tests.id('dead')) and a.slug !~ 'none$';
update public.workspaces set deleted_at = now() where id = tests.id('dead');

select is_empty('select * from tests.disagreements()',
  'policies, explain_access, my_agents and read_agents agree with the rule, for all people × agents');

create function tests.usable(who text) returns text[] language sql as $$
  select array_agg(right(a ->> 'slug', -5) order by a ->> 'slug')
  from private.read_agents(tests.id(who)), jsonb_array_elements(agents) as a;
$$;
-- The rule once more, spelled out, so that a slip in its telling would be seen.
select is(
  tests.usable('east-guest') || tests.usable('east-member'),
  array['published-yes', 'published-yes-later', 'published-yes', 'published-yes-later'],
  'guests and members use what is published and granted now'
);
select is(
  tests.usable('east-admin'),
  array['draft-no-before', 'draft-none', 'draft-yes', 'draft-yes-before', 'draft-yes-later',
    'published-no-before', 'published-none', 'published-yes', 'published-yes-before', 'published-yes-later'],
  'admins use all that is published or a draft and not denied now'
);
select is(tests.usable('dead-owner'), null, 'in a deleted workspace nobody uses anything');

select * from finish();
rollback;
