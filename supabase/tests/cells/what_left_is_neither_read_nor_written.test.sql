begin;
\ir world.psql
select plan(30);

select is_empty(
  $$select c.oid::regclass from pg_catalog.pg_class as c
  join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
  where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p')
    and not c.relispartition and c.oid not in ('private.workspace_places'::regclass, 'private.known_people'::regclass)
    and not exists (select from pg_catalog.pg_trigger as g where g.tgrelid = c.oid and g.tgenabled = 'O'
      and g.tgfoid = 'private.refuse_elsewhere()'::regprocedure)$$,
  'every table with a workspace is guarded'
);
select is(private.guard_places(), 0, 'once');

-- What each may do while it is here, while it moves, and once it has left.
create function tests.writes(who text) returns text language sql as $$
  select concat_ws(', ',
    tests.try_as(who, $q$insert into public.conversations (workspace_id, title)
      values (tests.id('north'), 'T')$q$),
    tests.try_as(who, $q$select public.log_audit(tests.id('north'), 'report.read')$q$),
    tests.try_as(who, $q$update public.workspaces set name = 'X' where id = tests.id('north')$q$));
$$;
select is(tests.writes('member'), 'yes, yes, none', 'a member writes');
select is(tests.writes('owner'), 'yes, yes, yes', 'the owner renames it, too');
select is(tests.writes('clerk'), 'no, not_found, none', 'a stranger does not');
select is(tests.writes('service'), 'missing_value, yes, yes', 'the service writes, but no conversation of nobody');
select is(tests.writes('database'), '23502, yes, yes', 'and so does a direct connection');

select tests.authenticate_as('service');
select is(public.place_workspace(tests.id('north'), 'eu-1', 'moving'), 1::bigint, 'the fence goes down');
select is(tests.writes('member'), 'workspace_moving, workspace_moving, none', 'a member waits');
select is(tests.writes('clerk'), 'no, not_found, none', 'a stranger learns nothing');
select is(tests.writes('service'), 'workspace_moving, workspace_moving, workspace_moving',
  'the service waits');
select is(tests.writes('database'), 'workspace_moving, workspace_moving, workspace_moving',
  'and so does a direct connection');
select is(tests.try_as('member', $$select from public.workspaces where id = tests.id('north')$$), 'yes',
  'it is still read');
select is(tests.try_as('database', $$delete from public.members where workspace_id = tests.id('north')$$),
  'workspace_moving', 'nothing is deleted');

select tests.authenticate_as('service');
select is(public.place_workspace(tests.id('north'), 'eu-2', 'elsewhere', 1), 2::bigint, 'it has left');
select is(tests.writes('member'), 'misdirected_workspace, not_found, none', 'a member is told that it is elsewhere');
select is(tests.writes('clerk'), 'no, not_found, none', 'a stranger learns nothing');
select is(tests.writes('service'), 'misdirected_workspace, misdirected_workspace, misdirected_workspace',
  'the service is told');
select is(tests.writes('database'), 'misdirected_workspace, misdirected_workspace, misdirected_workspace',
  'and so is a direct connection');
select is(tests.answer_of($$insert into public.agents (workspace_id, slug, name, endpoint_url)
  values (tests.id('north'), 'new', 'New', 'https://new.example')$$), '421 misdirected_workspace', 'as 421');
select is(tests.try_as('member', $$select from public.workspaces where id = tests.id('north')$$), 'none',
  'it is not read any more');
select is(tests.try_as('member', $$select from public.my_agents()$$), 'none', 'nor its agents');
select is(tests.try_as('owner', $$select public.restore_workspace(tests.id('north'))$$), 'not_found',
  'nor restored: it was not deleted');
select tests.authenticate_as('database');
select is((select raised.revision > 0 from private.permission_revisions as raised
  where raised.user_id = tests.id('member')), true, 'cached answers of its members are over');
select is(tests.try_as('clerk', $$insert into public.conversations (workspace_id, title)
  values (tests.id('south'), 'T')$$), 'yes', 'others write as before');

-- A job skips it, and does the rest.
select tests.authenticate_as('database');
insert into public.invitations (workspace_id, email, token_hash, expires_at)
values (tests.id('south'), 'late@tests.example', 'south', now() - interval '1 day');
select set_config('groundwork.placing', tests.id('north')::text, true);
insert into public.invitations (workspace_id, email, token_hash, expires_at)
values (tests.id('north'), 'late@tests.example', 'north', now() - interval '1 day');
select set_config('groundwork.placing', '', true);
select isnt(private.purge(), null, 'a job over all workspaces ends well');
select results_eq(
  $$select w.slug, i.status from public.invitations as i join public.workspaces as w on w.id = i.workspace_id
  where i.email = 'late@tests.example' order by 1$$,
  $$values ('tests-north', 'pending'), ('tests-south', 'expired')$$, 'without the workspace that left'
);
select is_empty('select from private.job_failures', 'and nothing failed');

-- It comes back.
select tests.authenticate_as('service');
select is(public.place_workspace(tests.id('north'), 'eu-1', 'here'), 3::bigint, 'it comes back');
select is(tests.writes('member'), 'yes, yes, none', 'and a member writes');

select * from finish();
rollback;
