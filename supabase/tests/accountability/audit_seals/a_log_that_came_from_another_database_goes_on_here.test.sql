-- A log whose entries three databases wrote, each with transaction numbers of its own: the same numbers in each.
begin;
\ir ../../world.psql
\ir sealing.psql
select plan(11);

-- As a database of another range would write and seal: tests.seal in between.
create function tests.become(id_range bigint, horizon bigint) returns void language plpgsql as $$
begin
  execute format('alter sequence public.audit_log_id_seq start with %1$s restart with %1$s', (id_range << 40) + 1);
  update private.audit_horizon set sealed_to = 1000000000 + horizon;
end;
$$;

select tests.become(5, 0);
select is(private.own_id_range(), 5, 'the sequence says which range a database has');
select tests.write_entry('sealed', n, 'a.a' || n) from generate_series(1, 3) as n;
select tests.seal(1000000010);
select is(tests.verdict('sealed'), 'valid 3/1', 'the first database seals three entries');

-- The second is younger: its numbers are the ones that the first has used already.
select tests.become(6, 0);
select is(tests.verdict('sealed'), 'valid 3/1', 'in the second they verify as they came');
select is(tests.seal(1000000010), 0, 'and are not sealed again when its numbers come to theirs');
update private.audit_horizon set sealed_to = 1000000000;
select tests.write_entry('sealed', n, 'b.b' || n) from generate_series(4, 5) as n;
select is(tests.seal(1000000008), 1, 'it seals its own');
select is(tests.verdict('sealed'), 'valid 5/2', 'in the same chain');

-- Back in the first, which has gone on meanwhile.
select tests.become(5, 10);
select nextval('public.audit_log_id_seq') from generate_series(1, 10);
select tests.write_entry('sealed', 12, 'c.c');
select is(tests.seal(1000000020), 1, 'the first database goes on with it');
select is(tests.verdict('sealed'), 'valid 6/3', 'and verifies what both have written');

select is(tests.verdict_after('sealed', $$update public.audit_log set detail = '{"pages": 13}'
  where workspace_id = :workspace and action = 'b.b4'$$), 'broken 3/2 entry_changed at 2',
  'an entry that another database wrote is not changed unnoticed');
select is(tests.verdict_after('sealed', $$insert into public.audit_log (id, workspace_id, action, xid)
  overriding system value values ((6::bigint << 40) + 900, :workspace, 'x.late', 1000000900)$$),
  'broken 6/3 entry_inserted at 3', 'nor slipped in after all that the other database has sealed');
select is(tests.verdict_after('sealed', $$insert into public.audit_log (id, workspace_id, action, xid)
  overriding system value values ((9::bigint << 40) + 1, :workspace, 'x.late', 1000000001)$$),
  'broken 6/3 entry_inserted at 3', 'nor in the name of a database where the workspace never was');

select * from finish();
rollback;
