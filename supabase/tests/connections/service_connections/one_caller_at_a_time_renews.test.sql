begin;
\ir ../../world.psql
\ir ../connections.psql
select plan(21);

create temporary table made on commit drop as select pg_temp.connect('member', 'mail', 60) as id;
create function pg_temp.outcome(within interval default '10 minutes') returns text language sql as $$
  select outcome from private.begin_renewal((select id from made), 'testing', within);
$$;
create function pg_temp.state() returns text[] language sql as $$
  select array[status, last_error] from public.service_connections where id = (select id from made);
$$;

select is(pg_temp.outcome('30 seconds'), 'fresh', 'a token that lives longer is left alone');
select outcome, lease, refresh_token into temporary held
from private.begin_renewal((select id from made), 'testing', interval '10 minutes');
select results_eq('select outcome, refresh_token from held', $$values ('begun', 'refresh-1')$$,
  'one that is due is begun, with what it takes');
select is(pg_temp.outcome(), 'held', 'once');
select is_empty('select from private.begin_due_renewals(10)', 'also for the job');

select is(private.finish_renewal((select id from made), gen_random_uuid(), 'evil', 'evil', 60, null), 'overtaken',
  'another lease stores nothing');
select is(pg_temp.secrets(), array['access-1', 'refresh-1'], 'truly');
select is(private.finish_renewal((select id from made), (select lease from held), 'access-2', 'refresh-2', 120, null),
  'stored', 'the lease that was given does');
select is(pg_temp.secrets(), array['access-2', 'refresh-2'], 'both tokens rotate');
select is(private.finish_renewal((select id from made), (select lease from held), 'access-3', 'refresh-3', 120, null),
  'overtaken', 'once');

-- A lease ends: its holder was killed.
select lease into temporary dead from private.begin_renewal((select id from made), 'testing', interval '10 minutes');
update private.connection_renewals set lease_ends_at = now();
select lease into temporary heir from private.begin_renewal((select id from made), 'testing', interval '10 minutes');
select isnt((select lease from heir), (select lease from dead), 'a lease that ended is given to the next');
select is(private.fail_renewal((select id from made), (select lease from dead), 'invalid_grant', true), 'overtaken',
  'the former holder cannot revoke');
select is(pg_temp.state(), array['active', null], 'truly');

-- Failures are put off, three of them are said.
select is(private.fail_renewal((select id from made), (select lease from heir), 'answered 503', false), 'later',
  'a failure is not a revocation');
select is(pg_temp.state(), array['active', 'answered 503'], 'the first is a note');
select is(pg_temp.outcome(), 'later', 'and not tried again at once');
do $$
declare
  next uuid;
begin
  for i in 1..2 loop
    update private.connection_renewals set next_attempt_at = now();
    select begun.lease into next from private.begin_due_renewals(1) as begun;
    perform private.fail_renewal((select id from made), next, 'answered 503', false);
  end loop;
end;
$$;
select is(pg_temp.state(), array['failed', 'answered 503'], 'the third is its status');
select ok(
  (select next_attempt_at between now() + interval '120 seconds' and now() + interval '150 seconds'
    from private.connection_renewals), 'the third attempt is put off twice as long as the second'
);
select is(pg_temp.secrets(), array['access-2', 'refresh-2'], 'the tokens stay: it holds until it ends');

-- Connected anew while somebody renews the old grant.
update private.connection_renewals set next_attempt_at = null;
select lease into temporary stale from private.begin_renewal((select id from made), 'testing', interval '10 minutes');
select is(pg_temp.connect('member', 'mail'), (select id from made), 'the person connects again meanwhile');
select is(private.finish_renewal((select id from made), (select lease from stale), 'old', 'old', 60, null), 'overtaken',
  'what the old grant brings is dropped');
select is(tests.answer_of(format('select * from private.begin_renewal(%L, %L, %L, %L)', (select id from made), 'x',
  '1 day', tests.id('admin'))), '404 not_found', 'nobody renews another''s');

select * from finish();
rollback;
