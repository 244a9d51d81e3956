begin;
\ir ../../world.psql
\ir ../connections.psql
select plan(9);

delete from private.function_calls where job = 'refresh-connections';
create function pg_temp.calls() returns text[] language sql as $$
  select array_agg(function || ' ' || n order by function) from (
    select function, count(*) as n from private.function_calls where job = 'refresh-connections' group by 1) as c;
$$;
-- What the database holds of its own is not the test's.
delete from private.token_revocations;
update public.service_connections set expires_at = null;
select is(private.refresh_connections(), '{"expired": 0, "due": 0, "revocations": 0}', 'nothing is due');
select is(pg_temp.calls(), null, 'so nothing is called');

select pg_temp.connect('member', 'mail', 660);
select is((private.refresh_connections() ->> 'due')::integer, 0, 'eleven minutes are left');
update public.service_connections set expires_at = now() + interval '10 minutes' where user_id = tests.id('member');
select pg_temp.connect('owner', 'mail', 60, null);
select is(private.refresh_connections(), '{"expired": 0, "due": 1, "revocations": 0}',
  'ten are due, where there is something to renew by');
select is(pg_temp.calls(), array['connections/refresh-due 1'], 'one call');

update public.service_connections set expires_at = now() where user_id = tests.id('owner');
insert into private.token_revocations (connection_id, workspace_id, provider, access_secret_id)
select gen_random_uuid(), tests.id('north'), 'mail', gen_random_uuid() from generate_series(1, 51);
select is(private.refresh_connections() - 'due', '{"expired": 1, "revocations": 51}', 'what ended for good is expired');
select is(pg_temp.calls(), array['connections/refresh-due 2', 'connections/revoke-due 2'], 'one call for each fifty');
select is((select array[status, access_secret_id::text] from public.service_connections
  where user_id = tests.id('owner')), array['expired', null], 'its token is gone');

insert into private.connection_attempts (state_digest, salt, user_id, workspace_id, provider, connection_id, scopes,
  expires_at)
select repeat(n::text, 64), 'salt', tests.id('member'), tests.id('north'), 'mail', gen_random_uuid(), '{}',
  now() + n * interval '1 second' from generate_series(0, 1) as n;
select private.refresh_connections();
select is((select array_agg(left(state_digest, 1)) from private.connection_attempts), array['1'],
  'states that were never used go when they are over');

select * from finish();
rollback;
