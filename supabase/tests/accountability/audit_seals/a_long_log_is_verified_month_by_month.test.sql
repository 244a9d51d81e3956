begin;
\ir ../../world.psql
\ir sealing.psql
select plan(11);

-- Two entries of this month and three of the next, in two seals each.
select tests.write_entry('sealed', 1, 'a.a1');
select tests.write_entry('sealed', 2, 'n.n1', 1) from generate_series(1, 2);
select tests.seal(1000000010);
select tests.write_entry('sealed', 11, 'a.a2');
select tests.write_entry('sealed', 12, 'n.n2', 1);
select tests.seal(1000000020);
create temporary view months as
select date_trunc('month', now() at time zone 'utc')::date as this,
  (date_trunc('month', now() at time zone 'utc') + interval '1 month')::date as next;
grant select on months to public;

select is(tests.verdict('sealed'), 'valid 5/4', 'the whole log');
select is((select tests.verdict('sealed', null, this) from months), 'valid 2/4', 'entries of this month, all seals');
select is((select tests.verdict('sealed', null, next + 14) from months), 'valid 3/4', 'any day names its month');
select is((select tests.verdict('sealed', null, this - 1) from months), 'valid 0/4', 'a month without entries');

-- What was done to one month is found in that month.
select is((select tests.verdict_after('sealed', changed.statement, null, months.this) from months), changed.this,
  changed.what || ' of this month: seen in this month')
from (values
  ('a changed entry', $$update public.audit_log set action = 'x.y'
    where workspace_id = :workspace and action = 'a.a2'$$, 'broken 1/3 entry_changed at 3'),
  ('a deleted entry', $$delete from public.audit_log where workspace_id = :workspace and action = 'a.a1'$$,
    'broken 0/1 entry_missing at 1'),
  ('an inserted entry', $$select tests.write_entry('sealed', 15, 'x.y')$$, 'broken 1/3 entry_inserted at 3')
) as changed (what, statement, this);
select is((select tests.verdict_after('sealed', $$update public.audit_log set action = 'x.y'
  where workspace_id = :workspace and action = 'a.a2'$$, null, next) from months), 'valid 3/4', 'and not in the next');
select is((select tests.verdict_after('sealed', $$update public.audit_log set occurred_on = occurred_on + 60
  where workspace_id = :workspace and action = 'a.a2'$$, null, this) from months), 'broken 1/3 entry_missing at 3',
  'an entry that was moved to another month is missing in its own');

-- The chain is whole for every month.
select is((select tests.verdict_after('sealed', $$delete from public.audit_seals
  where workspace_id = :workspace and ordinal = 2$$, null, this) from months), 'broken 1/2 seal_missing at 3',
  'a seal that is gone is seen from any month');
select is((select tests.verdict('sealed', repeat('0', 64), this) from months), 'broken 2/4 anchor_missing',
  'and so is an anchor');

select * from finish();
rollback;
