-- A chain of four seals over eleven entries in two months, and everything that someone who got past the triggers could
-- do to it.
begin;
\ir ../../world.psql
\ir sealing.psql

create temporary table written (name text primary key, id bigint) on commit drop;
create function tests.entry(name text) returns bigint language sql stable as $$ select id from written
  where written.name = entry.name $$;
insert into written select 'a' || n, tests.write_entry('sealed', n, 'a.a' || n) from generate_series(1, 4) as n;
select tests.seal(1000000010) as seals;
insert into written select 'b' || n, tests.write_entry('sealed', 10 + n, 'b.b' || n) from generate_series(1, 3) as n;
insert into written select 'c' || n, tests.write_entry('sealed', 10 + n, 'c.c' || n, 1) from generate_series(1, 2) as n;
select tests.seal(1000000020) as seals;
insert into written select 'd' || n, tests.write_entry('sealed', 20 + n, 'd.d' || n) from generate_series(1, 2) as n;
select tests.seal(1000000030) as seals;
insert into written values ('late', tests.write_entry('sealed', 35, 'e.late'));

create temporary table edits (column_name text, statement text) on commit drop;
insert into edits
select column_name, format('update public.audit_log set %I = %s where workspace_id = :workspace and id = '
  'tests.entry(''b2'')', column_name, value)
from (values
  ('id', $$nextval('public.audit_log_id_seq')$$),
  ('workspace_id', $$tests.id('north')$$),
  ('occurred_at', $$occurred_at + interval '1 microsecond'$$),
  ('actor_id', $$tests.id('guest')$$), ('actor_id', 'null'),
  ('agent_id', $$tests.id('payroll')$$), ('agent_id', 'null'),
  ('action', $$'b.b3'$$),
  ('subject_type', $$'repor'$$), ('subject_type', 'null'),
  ('subject_id', $$'eight'$$), ('subject_id', 'null'),
  ('detail', $$'{"pages": 13}'$$),
  ('request_id', $$'tests-other'$$), ('request_id', 'null'),
  -- another day of the same month, another month
  ('occurred_on', $$case extract(day from occurred_on) when 1 then occurred_on + 1 else occurred_on - 1 end$$),
  ('occurred_on', $$(occurred_on + interval '1 month')::date$$),
  -- within its seal, into the one before, into the one after, out of all seals
  ('xid', 'xid + 1'), ('xid', '1000000009'), ('xid', '1000000020'), ('xid', '1000000030')
) as edit (column_name, value);

create temporary table tamperings (what text, statement text) on commit drop;
insert into tamperings values
  ('text moved from one field to the next', $$update public.audit_log set subject_type = 'reports', subject_id = 'even'
    where workspace_id = :workspace and id = tests.entry('b2')$$),
  ('two fields exchanged', $$update public.audit_log set actor_id = agent_id, agent_id = actor_id
    where workspace_id = :workspace and id = tests.entry('b2')$$),
  ('the first entry deleted', $$delete from public.audit_log
    where workspace_id = :workspace and id = tests.entry('a1')$$),
  ('an entry in the middle deleted', $$delete from public.audit_log
    where workspace_id = :workspace and id = tests.entry('b2')$$),
  ('the last sealed entry deleted', $$delete from public.audit_log
    where workspace_id = :workspace and id = tests.entry('d2')$$),
  ('all entries of a seal deleted', $$delete from public.audit_log where workspace_id = :workspace and action ~ '^b'$$),
  ('all entries of a month deleted', $$delete from public.audit_log
    where workspace_id = :workspace and action ~ '^c'$$),
  ('the tail deleted', $$delete from public.audit_log where workspace_id = :workspace and action ~ '^[de]'$$),
  ('all entries deleted', $$delete from public.audit_log where workspace_id = :workspace$$),
  ('an entry slipped in', $$select tests.write_entry('sealed', 12, 'b.slipped')$$),
  ('an entry slipped in before all', $$select tests.write_entry('sealed', -5, 'a.slipped')$$),
  ('an entry slipped in at the end of a seal', $$select tests.write_entry('sealed', 19, 'b.slipped')$$),
  ('an entry slipped into a month without a seal', $$select tests.write_entry('sealed', 12, 'b.slipped', 2)$$),
  ('an entry replaced', $$with gone as (delete from public.audit_log
    where workspace_id = :workspace and id = tests.entry('b2')) select tests.write_entry('sealed', 12, 'b.b2')$$),
  ('two entries in each other''s place', $$update public.audit_log set id = -id
    where workspace_id = :workspace and id in (tests.entry('b1'), tests.entry('b3'));
    update public.audit_log set id = case id when -tests.entry('b1') then tests.entry('b3') else tests.entry('b1') end
    where workspace_id = :workspace and id < 0$$),
  ('two entries with each other''s words', $$update public.audit_log as e
    set action = other.action, request_id = other.request_id from public.audit_log as other
    where e.workspace_id = :workspace and other.workspace_id = :workspace
      and (e.id, other.id) in ((tests.entry('b1'), tests.entry('b3')), (tests.entry('b3'), tests.entry('b1')))$$),
  ('entries of two seals in each other''s place', $$update public.audit_log
    set xid = case id when tests.entry('a1') then 1000000011 else 1000000001 end
    where workspace_id = :workspace and id in (tests.entry('a1'), tests.entry('b1'))$$),
  ('the first seal deleted', $$delete from public.audit_seals where workspace_id = :workspace and ordinal = 1$$),
  ('a seal in the middle deleted', $$delete from public.audit_seals where workspace_id = :workspace and ordinal = 2$$),
  ('the last seal deleted', $$delete from public.audit_seals where workspace_id = :workspace and ordinal = 4$$),
  ('the last seal deleted with its entries',
    $$with gone as (delete from public.audit_seals where workspace_id = :workspace and ordinal = 4)
    delete from public.audit_log where workspace_id = :workspace and action ~ '^d'$$),
  ('all seals deleted', $$delete from public.audit_seals where workspace_id = :workspace$$),
  ('two seals in each other''s place', $$update public.audit_seals set ordinal = ordinal + 100
    where workspace_id = :workspace and ordinal in (2, 3);
    update public.audit_seals set ordinal = 105 - ordinal where workspace_id = :workspace and ordinal > 100$$),
  ('a seal invented', $$insert
    into public.audit_seals select workspace_id, 5, month, first_id, last_id, 1, to_xid, to_xid + 10, repeat('a', 64),
    digest from public.audit_seals
    where workspace_id = :workspace and ordinal = 4$$),
  ('the head turned back', $$update private.audit_heads set to_xid = 1000000020 where workspace_id = :workspace$$),
  ('the head''s digest changed', $$update private.audit_heads set digest = repeat('a', 64)
    where workspace_id = :workspace$$),
  ('the head deleted', $$delete from private.audit_heads where workspace_id = :workspace$$);
insert into tamperings
select 'a seal''s ' || column_name || ' changed',
  format('update public.audit_seals set %1$I = %2$s where workspace_id = :workspace and ordinal = 2', column_name,
  case data_type when 'text' then $$repeat('a', 64)$$ when 'bigint' then format('%I + 1', column_name)
    when 'date' then format($x$(%I - interval '1 month')::date$x$, column_name)
    when 'uuid' then $$tests.id('north')$$ else format($x$%I - interval '1 second'$x$, column_name) end)
from information_schema.columns where table_schema = 'public' and table_name = 'audit_seals'
  -- an ordinal that another seal has is refused by the key
  and column_name <> 'ordinal';

select plan(3 + (select count(*)::integer from edits) + (select count(*)::integer from tamperings));

select is(tests.verdict('sealed'), 'valid 11/4', 'as it was written the chain is valid: eleven entries, four seals');
select set_eq(
  'select column_name from edits',
  $$select column_name::text from information_schema.columns
  where table_schema = 'public' and table_name = 'audit_log'$$,
  'every column of an entry is edited below'
);
select matches(tests.verdict_after('sealed', statement),
  '^broken \d+/\d+ (entry_changed|entry_missing|entry_inserted|seal_missing) ',
  'found: an entry''s ' || column_name || ', ' || statement)
from edits;
select matches(tests.verdict_after('sealed', statement),
  '^broken \d+/\d+ (entry_changed|entry_missing|entry_inserted|seal_missing)( |$)', 'found: ' || what) from tamperings;
select is(tests.verdict('sealed'), 'valid 11/4', 'each was undone');

select * from finish();
rollback;
