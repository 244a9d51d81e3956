begin;
\ir ../../world.psql
\ir ../connections.psql
select plan(16);

create temporary table made on commit drop as select pg_temp.connect('member', 'mail') as id;
create function pg_temp.entries() returns setof jsonb language sql as $$
  select jsonb_build_array(actor_id = tests.id('member'), agent_id = tests.id('hr'), detail ->> 'reason')
  from public.audit_log
  where action = 'connection.token_read' and subject_id = (select id::text from made) order by id;
$$;

select is((select access_token from private.read_connection_token((select id from made), 'mail')), 'access-1',
  'the service reads a token');
select is((select access_token from private.read_connection_token((select id from made), 'mail', tests.id('hr'))),
  'access-1', 'for an agent that the person may use');
select results_eq('select * from pg_temp.entries()', $$values ('[true, null, "mail"]'::jsonb),
  ('[true, true, "mail"]')$$, 'each time an entry says whose account, which agent and why');

-- Each refusal reads nothing and writes nothing.
select is(
  tests.answer_of(format('select * from private.read_connection_token(%L, %L, %L)', (select id from made), 'x',
    tests.id('payroll'))), '403 access_denied',
  'not for an agent that the person may not use'
);
select is(
  tests.answer_of(format('select * from private.read_connection_token(%L, %L, %L)', (select id from made), 'x',
    tests.id('desk'))), '403 access_denied',
  'nor for one of another workspace'
);
select is(tests.answer_of(format('select * from private.read_connection_token(%L, %L)', gen_random_uuid(), 'x')),
  '404 not_found', 'nor of a connection that is not there');
select is((select count(*) from pg_temp.entries()), 2::bigint, 'refusals are no readings');
update public.service_connections set expires_at = now() + interval '1 minute' where id = (select id from made);
select results_eq(
  $$select is_due, access_token
  from private.read_connection_token((select id from made), 'x', null, interval '2 minutes')$$,
    $$values (true, null::text)$$,
  'one that is about to end is not read but renewed first'
);
select is((select count(*) from pg_temp.entries()), 2::bigint, 'and that is no reading either');

update public.service_connections set expires_at = null where id = (select id from made);
select results_eq(
  $$select is_due, access_token
  from private.read_connection_token((select id from made), 'x', null, interval '2 minutes')$$,
    $$values (false, 'access-1')$$,
  'one whose provider named no end is read'
);
select is((select count(*) from pg_temp.entries()), 3::bigint, 'with its entry');

update public.workspaces set deleted_at = now() where id = tests.id('north');
select is(tests.answer_of(format('select * from private.read_connection_token(%L, %L)', (select id from made), 'x')),
  '404 not_found', 'a deleted workspace lends nothing');
update public.workspaces set deleted_at = null where id = tests.id('north');

-- As a reader sees it while the connection is being removed: the secret goes first.
savepoint removing;
delete from vault.secrets where id = (select access_secret_id from public.service_connections
  where id = (select id from made));
select is(tests.answer_of(format('select * from private.read_connection_token(%L, %L)', (select id from made), 'x')),
  '404 not_found', 'no reading without a token');
select is((select count(*) from pg_temp.entries()), 3::bigint, 'and no entry for it');
rollback to removing;

-- Nobody forges one.
select tests.authenticate_as('member');
select is(
  tests.answer_of(format('select public.log_audit(%L, %L)', tests.id('north'), 'connection.token_read')),
  '403 reserved_action', 'a person cannot write such an entry'
);
select is(tests.answer_of(format('select public.log_audit(%L, %L)', tests.id('north'), 'report.opened')), 'ok',
  'as they can their own');

select * from finish();
rollback;
