begin;
\ir ../../world.psql
\ir sealing.psql
select plan(24);

select is(tests.verdict('sealed'), 'valid 0/0', 'what was never sealed is valid: nothing was promised');
select is((select count(*)::integer from public.audit_anchor(tests.id('sealed'))), 0, 'and has no anchor');
create temporary table written (name text primary key, id bigint) on commit drop;
insert into written select 'a' || n, tests.write_entry('sealed', n, 'a.a' || n) from generate_series(1, 3) as n;
insert into written select 'b' || n, tests.write_entry('other', n, 'b.b' || n) from generate_series(1, 2) as n;
select is(tests.verdict('sealed'), 'valid 0/0', 'entries that are not sealed are not counted');
select is(tests.seal(1000000010), 2, 'a seal for each workspace');
select results_eq(
  $$select ordinal, entries, first_id, last_id, from_xid, to_xid, previous_digest,
    month = date_trunc('month', now() at time zone 'utc')::date
    from public.audit_seals where workspace_id = tests.id('sealed')$$,
  $$select 1::bigint, 3::bigint, min(id), max(id), 1000000000::bigint, 1000000010::bigint, repeat('0', 64), true
  from written where name ~ '^a'$$,
  'a seal says what it covers, and the first begins the chain'
);
select is(tests.seal(1000000010), 0, 'sealing again finds nothing to do');
select is(tests.seal(1000000005), 0, 'nor does a sealer that comes late');
select is(tests.seal(1000000020), 0, 'where nothing was written there is no seal');
insert into written select 'c' || n, tests.write_entry('sealed', 20 + n, 'c.c' || n) from generate_series(1, 2) as n;
insert into written values ('edge', tests.write_entry('sealed', 30, 'c.edge'));
select is(tests.seal(1000000030), 1, 'the next seal');
select is(tests.verdict('sealed'), 'valid 5/2',
  'covers what is older than the oldest running transaction, and not that one');
insert into written values ('late', tests.write_entry('sealed', 31, 'c.late'));
select is(tests.seal(1000000040), 1, 'which comes into the one after');
select is(tests.verdict('sealed'), 'valid 7/3', 'nothing is left out');
select is(
  (select array_agg(next.previous_digest = seal.digest) from public.audit_seals as seal join public.audit_seals as next
    using (workspace_id)
   where workspace_id = tests.id('sealed') and next.ordinal = seal.ordinal + 1), array[true, true],
     'each seal holds the digest of the one before'
);

select is(tests.verdict_after('sealed', $$update public.audit_log set action = 'x.y'
  where workspace_id = :workspace and action = 'c.c1'$$), 'broken 3/2 entry_changed at 2',
  'entry_changed, in the second seal');
select is(tests.verdict_after('sealed', $$delete from public.audit_log
  where workspace_id = :workspace and action = 'c.c1'$$), 'broken 3/2 entry_missing at 2', 'entry_missing');
select is(tests.verdict_after('sealed', $$select tests.write_entry('sealed', 25, 'x.y')$$),
  'broken 3/2 entry_inserted at 2', 'entry_inserted');
select is(tests.verdict_after('sealed', $$delete from public.audit_seals
  where workspace_id = :workspace and ordinal = 1$$), 'broken 0/1 seal_missing at 2', 'seal_missing, seen at the next');
select is(tests.verdict_after('sealed', $$delete from public.audit_seals
  where workspace_id = :workspace and ordinal = 3$$), 'broken 0/0 seal_missing at 3',
  'seal_missing at the end, seen by the head');
select is(tests.verdict('other'), 'valid 2/1', 'another workspace has a chain of its own');

select is(
  (select concat(sealed_through = now(), ' ',
    head_digest = (select digest from public.audit_seals where workspace_id = tests.id('sealed') and ordinal = 3))
   from public.verify_audit_log(tests.id('sealed'))), 't t',
     'it says until when the log is sealed, and the newest digest'
);
select results_eq(
  $$select ordinal, digest, sealed_at from public.audit_anchor(tests.id('sealed'))$$,
  $$select 3::bigint, head_digest, now() from public.verify_audit_log(tests.id('sealed'))$$, 'which is the anchor'
);

select is(
  (select string_agg(tests.try_as(who, $$select public.verify_audit_log(tests.id('north'))$$), ' ' order by place)
   from unnest(array['anonymous', 'stranger', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as actors (who, place)),
  'no not_found not_found not_found not_found yes yes yes',
  'anonymous, stranger, outsider, guest, member, admin, owner, service: who verifies'
);
insert into public.audit_seals (workspace_id, ordinal, month, first_id, last_id, entries, from_xid, to_xid, digest,
  previous_digest)
  values (tests.id('north'), 1, '2000-01-01', 1, 1, 1, 1, 2, repeat('a', 64), repeat('0', 64));
select is(
  (select string_agg(tests.try_as(who, $$select * from public.audit_anchor(tests.id('north'))$$), ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner',
     'service']) with ordinality as actors (who, place)),
  'no none none none yes yes yes', 'anonymous, outsider, guest, member, admin, owner, service: who takes an anchor'
);
select is(tests.answer_of($$insert
  into public.audit_seals select workspace_id, 9, month, 2, 1, entries, from_xid, to_xid, digest, digest
from public.audit_seals limit 1$$), '23514', 'a seal over nothing is no seal');

select * from finish();
rollback;
