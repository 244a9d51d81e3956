-- Worlds thrown together by a seed, which stands in the name of each test: `set groundwork.test_seed = '0.123'` throws
-- the same ones again.
begin;
\ir ../../world.psql
\ir agreement.psql
-- The worlds are larger than the smallest plan.
update public.plan_limits set value = 1000000 where plan = 'free';
select plan(6);

create temporary table throws on commit drop as
select coalesce(nullif(current_setting('groundwork.test_seed', true), '')::double precision,
  round(random()::numeric, 6)::double precision) as seed;
select setseed(seed) from throws;

do $$
begin
  for n in 1..15 loop
    perform tests.add_person('person-' || n, 'person-' || n || '@tests.example');
  end loop;
end;
$$;

create function tests.throw_world() returns void language plpgsql as $$
declare
  all_roles text[] := array['owner', 'admin', 'member', 'guest'];
  statuses text[] := array['draft', 'published', 'published', 'published', 'paused', 'archived'];
begin
  delete from public.workspaces;
  insert into public.workspaces (id, name, slug)
    select tests.id('place-' || n), 'Place', 'tests-place-' || n from generate_series(1, 3) as n;
  for n in 1..10 loop
    perform tests.add_agent('place-' || (1 + floor(random() * 3)), 'agent-' || n,
      statuses[1 + floor(random() * 6)::integer]);
  end loop;
  insert into public.members (workspace_id, user_id, role)
    select tests.id('place-' || w), tests.id('person-' || p), all_roles[1 + floor(random() * 4)::integer]
    from generate_series(1, 3) as w cross join generate_series(1, 15) as p where random() < 0.6;
  insert into public.permissions (user_id, agent_id, workspace_id, can_use, expires_at)
    select m.user_id, a.id, a.workspace_id, random() < 0.6,
      case floor(random() * 3) when 0 then now() - interval '1 second' when 1 then now() + interval '1 second' end
    from public.agents as a join public.members as m on m.workspace_id = a.workspace_id where random() < 0.6;
  update public.workspaces set deleted_at = now() where random() < 0.2;
end;
$$;

create temporary table shares (allowed bigint, asked bigint) on commit drop;
create function tests.differing() returns text language plpgsql as $$
declare
  differing text;
begin
  perform tests.throw_world();
  insert into shares select count(*) filter (where tests.expected(p.user_id, a.id)), count(*) from public.profiles as p
  cross join public.agents as a;
  select string_agg(d::text, E'\n') into differing from tests.disagreements() as d;
  return coalesce(differing, 'none');
end;
$$;
select is(tests.differing(), 'none', format('world %s of seed %s: all agree', n, seed))
from throws, generate_series(1, 5) as n;

-- Worlds in which nobody may do anything would prove nothing.
select ok(sum(allowed) > 0 and sum(allowed) < sum(asked),
  format('some are allowed and some refused: %s of %s', sum(allowed), sum(asked))) from shares;

select * from finish();
rollback;
