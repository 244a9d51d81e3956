-- Whatever is written with an agent's token and audited names the agent, and the person it acts for. What agents may
-- write is not audited by itself, so the trigger is put on it here, as a team does on tables of its own.
begin;
\ir ../../world.psql
\ir ../../agents/principals/tokens.psql
\ir ../../connections/connections.psql
do $$
declare
  audited text;
begin
  foreach audited in array array['memories', 'documents', 'agent_memory'] loop
    execute format(
      'create trigger audit_insert after insert on public.%1$I referencing new table as new_rows '
      'for each statement execute function private.audit_changes(%1$L, %2$L, %2$L, %3$L)',
      audited, case audited when 'agent_memory' then 'key' else 'id' end, 'workspace_id'
    );
  end loop;
end;
$$;
create function tests.entries(of_subject text) returns text language sql as $$
  select string_agg(case actor_id when tests.id('member') then 'member' else coalesce(actor_id::text, 'nobody') end
    || ' by '
    || case agent_id when tests.id('hr') then 'hr' else coalesce(agent_id::text, 'nobody') end, ', ' order by id)
  from public.audit_log where subject_type = of_subject;
$$;

select plan(6);
do $$
begin
  perform tests.authenticate_as('member via hr: memory:write knowledge:write');
  perform public.remember(tests.id('north'), 'Wants an early shift');
  insert into public.documents (workspace_id, user_id, path, name)
    values (tests.id('north'), tests.id('member'), 'notes', 'Notes');
  perform tests.authenticate_as('hr: memory:write knowledge:write');
  insert into public.documents (workspace_id, path, name) values (tests.id('north'), 'handbook', 'Handbook');
  perform tests.authenticate_as('member');
  perform public.remember(tests.id('north'), 'Likes tea');
  perform tests.authenticate_as('database');
end;
$$;
select is(
  tests.entries('memories'), 'member by hr, member by nobody', 'what an agent remembers for a person, and what they do'
);
select is(tests.entries('documents'), 'member by hr, nobody by hr', 'a document for a person, and one as itself');

-- The functions work with their own rights and say whose token it was: reading the token that renews a connection.
create temporary table made on commit drop as select pg_temp.connect('member', 'mail') as id;
update public.service_connections set expires_at = now() + interval '1 minute' where id = (select id from made);
do $$
begin
  perform set_config('request.jwt.claims',
    (tests.agent_claims('member via hr: connections:use') || jsonb_build_object('sub', tests.id('member')))::text, true
  );
  perform private.begin_renewal((select id from made), 'about to expire', interval '2 minutes', null);
  perform set_config('request.jwt.claims', '', true);
end;
$$;
select is(
  (select string_agg(
     concat_ws(' ', (actor_id = tests.id('member'))::text, (agent_id = tests.id('hr'))::text, detail ->> 'token'), ', ')
   from public.audit_log where action = 'connection.token_read'),
  'true true refresh', 'a renewal that an agent caused names both'
);
delete from private.connection_renewals;
select lives_ok(
  $$select private.begin_renewal((select id from made), 'hourly', interval '2 minutes', null)$$,
  'one that the clock caused'
);
select is(
  (select count(*) from public.audit_log
   where action = 'connection.token_read' and actor_id is null and agent_id is null),
  1::bigint, 'names nobody'
);

-- A row may be about another agent: who acts is named, and the row's own is in the detail.
do $$
begin
  perform set_config('request.jwt.claims', tests.agent_claims('hr: memory:write')::text, true);
  insert into public.permissions (user_id, agent_id, workspace_id)
    values (tests.id('owner'), tests.id('payroll'), tests.id('north'));
  perform set_config('request.jwt.claims', '', true);
end;
$$;
select is(
  (select agent_id from public.audit_log where action = 'permission.created' and subject_id = tests.id('owner')::text),
  tests.id('hr'), 'who acts goes before what the row is about'
);
select * from finish();
rollback;
