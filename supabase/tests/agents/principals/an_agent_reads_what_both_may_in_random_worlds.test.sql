-- Worlds thrown together by a seed, which stands in the name of each test: `set groundwork.test_seed = '0.123'` throws
-- the same ones again. What an agent reads for a person is what the person reads, of what the agent may serve, where
-- every scope is allowed by all who are asked.
begin;
\ir ../../world.psql
\ir ../access/agreement.psql
update public.plan_limits set value = 1000000 where plan = 'free';
select plan(7);

create temporary table throws on commit drop as
select coalesce(nullif(current_setting('groundwork.test_seed', true), '')::double precision,
  round(random()::numeric, 6)::double precision) as seed;
select setseed(seed) from throws;

do $$
begin
  for n in 1..8 loop
    perform tests.add_person('person-' || n, 'person-' || n || '@tests.example');
  end loop;
end;
$$;
create function tests.some_scopes(chance double precision) returns text[] language sql volatile as $$
  select array(select s from unnest(array['conversations:read', 'memory:read', 'knowledge:read']) as s
    where random() < chance);
$$;
create function tests.throw_agents() returns void language plpgsql as $$
declare
  all_roles text[] := array['owner', 'admin', 'member', 'guest'];
  statuses text[] := array['draft', 'published', 'published', 'published', 'published', 'paused'];
begin
  delete from public.workspaces;
  insert into public.workspaces (id, name, slug)
    select tests.id('place-' || n), 'Place', 'tests-place-' || n from generate_series(1, 2) as n;
  for n in 1..6 loop
    perform tests.add_agent('place-' || (1 + floor(random() * 2)), 'agent-' || n,
      statuses[1 + floor(random() * 6)::integer]);
  end loop;
  insert into public.members (workspace_id, user_id, role)
    select tests.id('place-' || w), tests.id('person-' || p), all_roles[1 + floor(random() * 4)::integer]
    from generate_series(1, 2) as w cross join generate_series(1, 8) as p where random() < 0.7;
  insert into public.permissions (user_id, agent_id, workspace_id, can_use)
    select m.user_id, a.id, a.workspace_id, random() < 0.7
    from public.agents as a join public.members as m on m.workspace_id = a.workspace_id where random() < 0.7;
  insert into public.conversations (workspace_id, user_id, agent_id, visibility, deleted_at)
    select m.workspace_id, m.user_id, a.id, (array['private', 'workspace', 'public'])[1 + floor(random() * 3)::integer],
      case when random() < 0.2 then now() end
    from public.members as m left join public.agents as a on a.workspace_id = m.workspace_id and random() < 0.7
    where random() < 0.7;
  insert into public.memories (workspace_id, user_id, agent_id, content)
    select m.workspace_id, m.user_id, case when random() < 0.6 then a.id end, 'statement ' || random()
    from public.members as m join public.agents as a on a.workspace_id = m.workspace_id where random() < 0.6;
  insert into public.documents (workspace_id, user_id, path, name)
    select m.workspace_id, case when random() < 0.6 then m.user_id end,
      format('d%s', row_number() over ())::extensions.ltree, 'D'
    from public.members as m;
  insert into public.agent_credentials (id, workspace_id, agent_id, name, secret_hash, scopes, created_at, expires_at)
    select tests.id('agent-' || n || ' credential'), a.workspace_id, a.id, 'main', sha256(n::text::bytea),
      tests.some_scopes(0.8) || '{work:x}', now() - interval '1 day',
      now() + case when random() < 0.9 then 1 else -1 end * interval '1 hour'
    from generate_series(1, 6) as n join public.agents as a on a.id = tests.id('agent-' || n);
  insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
    select a.workspace_id, a.id, m.user_id, tests.some_scopes(0.7) || '{work:x}'
    from public.agents as a join public.members as m on m.workspace_id = a.workspace_id where random() < 0.7;
  insert into public.agent_consents (workspace_id, agent_id, user_id, scopes)
    select a.workspace_id, a.id, null, tests.some_scopes(0.4) || '{work:x}' from public.agents as a
    where random() < 0.3;
  update public.workspaces set deleted_at = now() where random() < 0.1;
end;
$$;

-- What is decided is remembered, and then the world changes.
create function tests.change_what_was_remembered() returns void language plpgsql as $$
begin
  perform private.remember_delegation(tests.id('agent-' || a), tests.id('person-' || p))
  from generate_series(1, 6) as a, generate_series(1, 8) as p;
  delete from public.agent_consents where random() < 0.1;
  update public.agent_consents set scopes = tests.some_scopes(0.5) || '{work:x}' where random() < 0.1;
  update public.permissions set can_use = not can_use where random() < 0.1;
  delete from public.permissions where random() < 0.1;
  update public.members set role = 'guest' where role <> 'owner' and random() < 0.1;
  delete from public.members where role <> 'owner' and random() < 0.1;
  update public.agents set status = 'paused' where random() < 0.1;
  update public.agent_credentials set expires_at = now() - interval '1 second' where random() < 0.1;
  delete from public.agent_credentials where random() < 0.1;
  update public.workspaces set deleted_at = now() where random() < 0.1;
  -- Some ask for a token again.
  perform private.remember_delegation(tests.id('agent-' || a), tests.id('person-' || p))
  from generate_series(1, 6) as a, generate_series(1, 8) as p where random() < 0.6;
end;
$$;

-- All that somebody reads, each row as its kind, its id and what decides of it.
create temporary table reads (who text, kind text, id uuid, workspace_id uuid, user_id uuid,
  agent_id uuid) on commit drop;
grant all on reads to authenticated;
create function tests.read_all(as_whom text) returns void language plpgsql as $$
begin
  perform tests.authenticate_as(as_whom);
  insert into reads select as_whom, 'conversations:read', c.id, c.workspace_id, c.user_id, c.agent_id
  from public.conversations as c
    union all select as_whom, 'memory:read', m.id, m.workspace_id, m.user_id, m.agent_id from public.memories as m
    union all select as_whom, 'knowledge:read', d.id, d.workspace_id, d.user_id, null from public.documents as d;
  perform tests.authenticate_as('database');
end;
$$;

create temporary table shares (rows bigint, tokens bigint, remembered bigint) on commit drop;
create function tests.differing() returns text language plpgsql as $$
declare
  answer text;
begin
  perform tests.throw_agents();
  perform tests.change_what_was_remembered();
  delete from reads;
  perform tests.read_all('person-' || p) from generate_series(1, 8) as p;
  create temporary table tokens on commit drop as
    select format('person-%s via agent-%s: %s', p, a, array_to_string(scopes, ' ')) as who,
      'person-' || p as person_name,
      tests.id('person-' || p) as person, tests.id('agent-' || a) as agent, scopes
    from generate_series(1, 8) as p cross join generate_series(1, 6) as a cross
    join lateral (select tests.some_scopes(0.8 + 0 * p * a)) as s (scopes);
  perform tests.read_all(who) from tokens;
  with expected as (
    select t.who, r.kind, r.id
    from tokens as t
    join public.agents as agent on agent.id = t.agent
    join public.agent_credentials as credential on credential.agent_id = agent.id and credential.expires_at > now()
    join reads as r on r.who = t.person_name
    where r.kind = any (t.scopes) and r.kind = any (credential.scopes) and tests.expected(t.person, t.agent)
      and exists (select from public.agent_consents as c
        where c.agent_id = t.agent and coalesce(c.user_id, t.person) = t.person and r.kind = any (c.scopes))
      and r.workspace_id = agent.workspace_id
      and case r.kind
        when 'conversations:read' then r.user_id = t.person and r.agent_id is not distinct from t.agent
        when 'memory:read' then coalesce(r.agent_id, t.agent) = t.agent
        else true end
  ), found as (
    select r.who, r.kind, r.id from reads as r join tokens as t on t.who = r.who
  ), counted as (
    insert into shares select (select count(*) from found), (select count(*) from tokens), (
      select count(*) from private.delegations as d
      join private.permission_revisions as r on r.user_id = d.user_id and r.revision = d.revision)
  )
  select string_agg(coalesce('not read: ' || e::text, 'read: ' || f::text), E'\n')
  into answer from (select * from expected except all select * from found) as e full
  join (select * from found except all select * from expected) as f on false;
  drop table tokens;
  return coalesce(answer, 'none');
end;
$$;
select is(tests.differing(), 'none', format('world %s of seed %s: no agent reads more or less than both may', n, seed))
from throws, generate_series(1, 5) as n;
-- That the comparison is of something, and that some rows count, is all that is meant.
select ok(sum(rows) > 0, format('%s rows were read by %s tokens', sum(rows), sum(tokens))) from shares;
select ok(sum(remembered) > 0, format('%s delegations were remembered and still valid', sum(remembered))) from shares;
select * from finish();
rollback;
