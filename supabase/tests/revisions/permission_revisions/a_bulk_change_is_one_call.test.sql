begin;
\ir ../../world.psql
select plan(14);

do $$
begin
  for n in 1..1000 loop
    insert into auth.users (id, email) values (tests.id('bulk-' || n), 'bulk-' || n || '@tests.example');
  end loop;
end;
$$;
create temporary table calls_before (id bigint) on commit drop;
create function tests.new_calls() returns setof private.function_calls language sql as $$
  select * from private.function_calls where id > (select max(id) from calls_before) order by id;
$$;
create function tests.mark() returns void language sql as $$
  insert into calls_before select coalesce(max(id), 0) from private.function_calls;
$$;

insert into public.workspace_limits (workspace_id, name, value) values (tests.id('north'), 'seats', 2000);
select tests.mark();
insert into public.members (workspace_id, user_id) select tests.id('north'), tests.id('bulk-' || n)
from generate_series(1, 1000) as n;
select is((select count(*)::integer from tests.new_calls()), 1, 'a thousand who join are one call');
select tests.mark();
insert into public.permissions (user_id, agent_id, workspace_id) select tests.id('bulk-' || n), tests.id('hr'),
  tests.id('north') from generate_series(1, 1000) as n;
select is((select count(*)::integer from tests.new_calls()), 1, 'a thousand grants are one call');
select results_eq(
  $$select job, function, status, (select count(*)::integer from jsonb_object_keys(body -> 'floors'))
  from tests.new_calls()$$,
  $$values ('invalidate-answers', 'agents/invalidate', 'sent', 1000)$$,
  'to agents/invalidate, with all of them'
);
select is_empty(
  $$select key from tests.new_calls(), jsonb_each_text(body -> 'floors')
    except select user_id::text from private.permission_revisions where revision = 2$$,
  'each has risen twice: for joining and for the grant'
);
select is_empty(
  $$select from tests.new_calls(), jsonb_each_text(body -> 'floors') as floor
  join private.permission_revisions as known on known.user_id::text = floor.key
    where known.revision <> floor.value::bigint$$,
  'and the call says to which revision'
);
select tests.mark();
update public.permissions set reason = 'Because' where agent_id = tests.id('hr');
select is_empty('select from tests.new_calls()', 'a thousand reasons are no call');
update public.permissions set can_use = false where agent_id = tests.id('hr');
select is((select count(*)::integer from tests.new_calls()), 1, 'a thousand denials are one');
select tests.mark();
delete from public.permissions where agent_id = tests.id('hr');
select is((select count(*)::integer from tests.new_calls()), 1, 'a thousand removals are one');
select tests.mark();
insert into public.permissions (user_id, agent_id, workspace_id, can_use)
  select tests.id('bulk-' || n), tests.id('hr'), tests.id('north'), true from generate_series(1, 10) as n;
insert into public.permissions (user_id, agent_id, workspace_id, can_use)
  select tests.id('bulk-' || n), tests.id('hr'), tests.id('north'), false from generate_series(1, 20) as n
  on conflict (user_id, agent_id) do update set can_use = excluded.can_use;
select is((select count(*)::integer from tests.new_calls()), 3,
  'an upsert is one for what it inserts and one for what it changes');
select tests.mark();
update public.agents set status = 'archived' where workspace_id = tests.id('north');
select results_eq(
  $$select jsonb_array_length(body -> 'agents')
  from tests.new_calls()$$, $$values (4)$$, 'archiving all agents of a workspace is one call, with those that changed'
);
select tests.mark();
insert into public.agents (workspace_id, slug, name, endpoint_url) select tests.id('empty'), 'x', 'X',
  'https://x.example' where false;
select is_empty('select from tests.new_calls()', 'a statement that touches nothing is no call');

-- In the same transaction, so with it or not at all.
select tests.mark();
create temporary table revision_before on commit drop as select revision from private.permission_revisions
  where user_id = tests.id('guest');
savepoint grant_and_think_again;
insert into public.permissions (user_id, agent_id, workspace_id)
values (tests.id('guest'), tests.id('lab'), tests.id('north'));
select is((select known.revision - b.revision from private.permission_revisions as known, revision_before as b
  where user_id = tests.id('guest')), 1::bigint, 'a grant raises the revision before it is committed');
rollback to savepoint grant_and_think_again;
select is((select known.revision - b.revision from private.permission_revisions as known, revision_before as b
  where user_id = tests.id('guest')), 0::bigint, 'rolled back with the grant, it has not risen');
select is_empty('select from tests.new_calls()', 'and nobody is called');

select * from finish();
rollback;
