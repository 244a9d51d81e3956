begin;
\ir ../../world.psql
select plan(8);

insert into public.ai_teams (id, workspace_id, name) values (tests.id('team'), tests.id('north'), 'Review');
create function pg_temp.put(agent text, place integer, part text default 'member') returns text language sql as $$
  select tests.answer_of(format('insert into public.ai_team_members (workspace_id, team_id, agent_id, position, role) '
    'values (%L, %L, %L, %L, %L)',
    tests.id('north'), tests.id('team'), tests.id(agent), place, part));
$$;
select is(pg_temp.put('hr', 0), 'ok', 'an agent is put into a team');
select is(pg_temp.put('payroll', 0), '23505', 'not at a place that is taken');
select is(pg_temp.put('payroll', 1), 'ok', 'but at the next');
select is(pg_temp.put('hr', 2), '23505', 'not twice in the same part');
select is(pg_temp.put('hr', 2, 'critic'), 'ok', 'but in another');
select is(pg_temp.put('desk', 3), '23503', 'not from another workspace');
select is(tests.answer_of($$update public.ai_team_members set position = 1 - position
  where position < 2 and team_id = tests.id('team')$$), 'ok', 'two exchange their places in one statement');
delete from public.agents where id = tests.id('hr');
select is((select array_agg(agent_id) from public.ai_team_members where team_id = tests.id('team')),
  array[tests.id('payroll')], 'an agent that is removed leaves its teams');

select * from finish();
rollback;
