-- The real sealing function, with the real oldest transaction, which within a test is the test itself.
begin;
\ir ../../world.psql
select plan(6);

-- Numbers that transactions before this one had: sealing begins again a little below them, for this test.
create temporary table horizon on commit drop as select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as oldest;
update private.audit_horizon set sealed_to = (select oldest from horizon) - 50;
insert into public.audit_log (workspace_id, action, xid) select tests.id('sealed'), 'a.old' || n, oldest - n
from horizon, generate_series(1, 3) as n;
insert into public.audit_log (workspace_id, action, xid) select tests.id('sealed'), 'a.oldest',
  greatest(oldest, pg_current_xact_id()::text::bigint) from horizon;
insert into public.audit_log (workspace_id, action) values (tests.id('sealed'), 'a.own');

select is(
  (select xid from public.audit_log where action = 'a.own' and workspace_id = tests.id('sealed')),
    pg_current_xact_id()::text::bigint,
  'an entry carries the transaction that writes it'
);
select ok((select sealed_to from private.audit_horizon) < pg_current_xact_id()::text::bigint,
  'which is not sealed to yet');
select ok(private.seal_audit_log() >= 1, 'sealing seals');
select results_eq(
  $$select entries, last_id = (select max(id) from public.audit_log
    where workspace_id = tests.id('sealed') and action ~ '^a.old\d') from public.audit_seals
    where workspace_id = tests.id('sealed')$$,
  $$values (3::bigint, true)$$,
  'what older transactions wrote, and not what this one did'
);
select ok((select sealed_to from private.audit_horizon) <= pg_current_xact_id()::text::bigint,
  'and leaves this one for later');
select results_eq(
  $$select is_valid, entries
  from public.verify_audit_log(tests.id('sealed'))$$, $$values (true, 3::bigint)$$, 'the sealed part verifies'
);

select * from finish();
rollback;
