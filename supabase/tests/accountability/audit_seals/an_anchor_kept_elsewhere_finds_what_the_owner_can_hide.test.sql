-- Whoever owns the tables can rewrite entries, seals and heads together, and then the chain is a valid one: of another
-- past. An anchor finds it.
begin;
\ir ../../world.psql
\ir sealing.psql
select plan(10);

select tests.write_entry('sealed', n, 'a.a' || n) as id from generate_series(1, 3) as n;
select tests.seal(1000000010) as seals;
create temporary table anchors on commit drop as select 'first' as name, digest
  from public.audit_anchor(tests.id('sealed'));
select tests.write_entry('sealed', 10 + n, 'b.b' || n) as id from generate_series(1, 3) as n;
select tests.seal(1000000020) as seals;
insert into anchors select 'second', digest from public.audit_anchor(tests.id('sealed'));

select is(tests.verdict('sealed', digest), 'valid 6/2', format('the %s anchor is in the chain', name)) from anchors;
select is(tests.verdict('sealed', upper(digest)), 'valid 6/2', 'in capitals too') from anchors where name = 'first';
select is(tests.verdict('sealed', repeat('a', 64)), 'broken 6/2 anchor_missing', 'another is not');

-- Rewriting the past: a change, and then all is sealed anew.
create function tests.rewrite(change text) returns void language plpgsql as $$
begin
  execute change;
  delete from public.audit_seals where workspace_id = tests.id('sealed');
  delete from private.audit_heads where workspace_id = tests.id('sealed');
  update private.audit_horizon set sealed_to = 1000000000;
  perform tests.seal(1000000020);
end;
$$;
select is(tests.verdict_after('sealed',
  $$select tests.rewrite('update public.audit_log set action = ''x.y'' where action = ''a.a1''')$$), 'valid 6/1',
  'a rewritten past looks like one that was');
select is(tests.verdict_after('sealed',
  $$select tests.rewrite('update public.audit_log set action = ''x.y'' where action = ''a.a1''')$$, digest),
  'broken 6/1 anchor_missing', format('the %s anchor knows better', name))
from anchors;

-- Cutting the tail off, with its seal, and turning the head back to the one before.
select is(
  tests.verdict_after('sealed', $$with entries as (delete from public.audit_log
    where action ~ '^b\.b' and workspace_id = :workspace),
      seals as (delete from public.audit_seals where ordinal = 2 and workspace_id = :workspace)
    update private.audit_heads
    set ordinal = 1, to_xid = 1000000010, digest = (select digest from anchors where name = 'first')
    where workspace_id = :workspace$$, digest),
  case name when 'first' then 'valid 3/1' else 'broken 3/1 anchor_missing' end,
    format('cutting off the tail is found by an anchor from it (the %s)', name))
from anchors;
select is(
  tests.verdict_after('sealed', $$with entries as (delete from public.audit_log where workspace_id = :workspace),
      seals as (delete from public.audit_seals where workspace_id = :workspace)
    delete from private.audit_heads
    where workspace_id = :workspace$$, (select digest from anchors where name = 'first')),
  'broken 0/0 anchor_missing', 'so is an empty log in place of one'
);

select * from finish();
rollback;
