begin;
\ir ../../world.psql
select plan(27);

select is(private.limit_of(tests.id('north'), 'seats'), 10::bigint, 'a workspace has what its plan has');
update public.workspaces set billing_plan = 'team' where id = tests.id('north');
select is(private.limit_of(tests.id('north'), 'seats'), 100::bigint, 'another plan at once');
select is(private.limit_of(tests.id('south'), 'seats'), 10::bigint, 'and only that workspace');
update public.plan_limits set value = 101 where plan = 'team' and name = 'seats';
select is(private.limit_of(tests.id('north'), 'seats'), 101::bigint, 'the plan is changed by an update');
insert into public.workspace_limits (workspace_id, name, value) values (tests.id('north'), 'seats', 7);
select is(private.limit_of(tests.id('north'), 'seats'), 7::bigint, 'its own row comes first');
update public.workspace_limits set value = null;
select is(private.limit_of(tests.id('north'), 'seats'), null, 'and can take the bound away');
insert into public.plans (name) values ('gold');
update public.workspaces set billing_plan = 'gold' where id = tests.id('south');
select is(private.limit_of(tests.id('south'), 'seats'), 10::bigint, 'what a plan does not name is that of free');
select is(private.limit_of(null, 'workspaces'), 20::bigint, 'what a person has by themselves too');
select is(private.limit_of(tests.id('south'), 'no_such_limit'), 0::bigint, 'a limit that there is not is no licence');
select throws_ok($$update public.plan_limits set value = null
  where plan = 'free' and name = 'seats'$$, '23514', null, 'free has a bound for everything');
select throws_ok($$update public.workspaces set billing_plan = 'platinum'
  where id = tests.id('south')$$, '23503', null, 'a plan that there is not');
select is_empty($$select l.name, p.name from private.limits as l cross
  join (values ('free'), ('team'), ('business')) as p (name)
  except select name, plan from public.plan_limits$$, 'each seeded plan says something of each limit');

-- Seats
delete from public.workspace_limits;
insert into public.workspace_limits (workspace_id, name, value)
values (tests.id('north'), 'seats', 4), (tests.id('north'), 'guests', 1);
create function tests.used(name text, workspace text default 'north') returns bigint language sql as $$
  select u.used from private.read_usage(array[tests.id($2)], null) as u where u.name = $1;
$$;
select is(tests.used('seats'), 3::bigint, 'owner, admin and member sit');
select is(tests.used('guests'), 1::bigint, 'the guest does not');
select is(tests.try_as('service', $$insert into public.members (workspace_id, user_id, role)
  values (tests.id('north'), tests.id('newcomer'), 'member')$$), 'yes', 'the last seat is taken');
select is(tests.try_as('service', $$insert into public.members (workspace_id, user_id, role)
  values (tests.id('north'), tests.id('newcomer'), 'member'), (tests.id('north'), tests.id('clerk'), 'member')$$),
    'limit_reached', 'two who come at once do not both get it');
select is(tests.try_as('service', $$insert into public.members (workspace_id, user_id, role)
  values (tests.id('north'), tests.id('newcomer'), 'guest')$$), 'limit_reached', 'guests have places of their own');
select is(tests.used('seats'), 3::bigint, 'what was refused is not counted');
insert into public.members (workspace_id, user_id, role) values (tests.id('north'), tests.id('newcomer'), 'member');
select is(tests.try_as('owner', $$update public.members set role = 'member'
  where workspace_id = tests.id('north') and user_id = tests.id('guest')$$), 'limit_reached',
  'a guest who becomes a member needs a seat');
select is(tests.try_as('owner', $$update public.members set role = 'admin'
  where workspace_id = tests.id('north') and user_id = tests.id('member')$$), 'yes', 'who has one keeps it');
delete from public.members where workspace_id = tests.id('north') and user_id = tests.id('newcomer');
select is(tests.used('seats'), 3::bigint, 'who leaves gives it back');

-- What is told
create function tests.refusal(statement text) returns jsonb language plpgsql as $$
declare message text; detail text;
begin
  execute statement;
  return null;
exception when sqlstate 'PGRST' then
  get stacked diagnostics message = message_text, detail = pg_exception_detail;
  return message::jsonb || jsonb_build_object('status', detail::jsonb -> 'status', 'headers',
    detail::jsonb -> 'headers');
end;
$$;
create temporary table told on commit drop as
  select tests.refusal($$insert into public.members (workspace_id, user_id, role)
    values (tests.id('north'), tests.id('newcomer'), 'guest')$$) as said;
select is((select (said ->> 'details')::jsonb - 'frees_at' from told),
  '{"limit": "guests", "used": 1, "allowed": 1, "unit": "members"}', 'which limit, and what is used of it');
select is((select said ->> 'status' from told), '403', 'what somebody has to remove is not tried again');
select is((select count(*)::integer
  from (select tests.authenticate_as('newcomer')) as n,
  lateral (select tests.refusal(format('select public.create_workspace(%L, %L)', i, 'tests-' || i)) as said
  from generate_series(1, 12) as i) as tried where said is not null), 2, 'of twelve workspaces a day ten are made');
select matches((select tests.refusal($$select public.create_workspace('x',
  'tests-x')$$) -> 'headers' ->> 'Retry-After'), '^[0-9]+$', 'what frees by itself says when');
select tests.authenticate_as('member');
select results_eq($$select used, allowed from public.workspace_usage
  where name = 'seats'$$, $$values (3::bigint, 4::bigint)$$, 'a member sees what is used of what');
select tests.authenticate_as('guest');
select is_empty('select from public.workspace_usage', 'a guest does not');

select * from finish();
rollback;
