-- Retention is by whole month; what is left of the audit log must still verify.
begin;
\ir ../../world.psql
\ir ../audit_seals/sealing.psql
select plan(23);

create function tests.month(months integer) returns date language sql stable as $$
  select (date_trunc('month', now() at time zone 'utc') + make_interval(months => month.months))::date;
$$;
create function tests.partition(log text, months integer) returns regclass language sql stable as $$
  select to_regclass('private.' || log || to_char(tests.month(months), '_YYYY_MM'));
$$;

-- Ahead
select isnt(tests.partition(log, months), null, format('%s has a partition for month %s from now', log, months))
from unnest(array['audit_log', 'billing_events']) as log, generate_series(0, 3) as months;
select is(private.maintain_partitions(), '{"made": [], "dropped": []}', 'doing it again does nothing');
select set_eq(
  $$select jsonb_array_elements_text(private.maintain_partitions(tests.month(1) + 27) -> 'made')$$,
  $$select table_name || to_char(tests.month(4), '_YYYY_MM') from private.partitioned_logs$$,
  'a month later one more of each is made, also on its last days'
);
select is(tests.answer_of($$insert into public.audit_log (workspace_id, action, occurred_on)
  values (tests.id('north'), 'a.b', tests.month(5))$$), '23514', 'beyond them nothing is written');

-- The turn of a month
insert into public.audit_log (workspace_id, action, occurred_at, occurred_on) values
  (tests.id('north'), 'a.last', tests.month(1) - interval '1 microsecond', tests.month(1) - 1),
  (tests.id('north'), 'a.first', tests.month(1), tests.month(1));
select results_eq(
  $$select action::text, tableoid::regclass from public.audit_log
  where action in ('a.last', 'a.first') and workspace_id = tests.id('north') order by 1 desc$$,
  $$values ('a.last', tests.partition('audit_log', 0)), ('a.first', tests.partition('audit_log', 1))$$,
  'the last moment of a month is in that month, the first of the next in the next'
);
select is_empty(
  $$select from public.audit_log
  where workspace_id = tests.id('north') and occurred_on <> (now() at time zone 'utc')::date and action !~ '^a\.'$$,
  'entries lie on the day, in UTC, on which they are written'
);

-- Past retention: 84 months are kept of these two, of others as many as is written
select lives_ok($$select private.maintain_partitions(tests.month(-86))$$, 'as if it had run 86 months ago');
select tests.write_entry('sealed', 1, 'a.old1', -86) as id;
select tests.seal(1000000010) as seals;
select tests.write_entry('sealed', 11, 'a.old2', -85) as id, tests.write_entry('sealed', 12, 'a.kept1', -84) as id2;
select tests.seal(1000000020) as seals;
select tests.write_entry('sealed', 21, 'a.kept2', 0) as id;
select tests.seal(1000000030) as seals;
select is(tests.verdict('sealed'), 'valid 4/4', 'seven years of a log, in four seals');
select set_eq(
  $$select jsonb_array_elements_text(private.maintain_partitions() -> 'dropped')$$,
  $$select log || to_char(tests.month(months), '_YYYY_MM')
  from unnest(array['audit_log', 'billing_events']) as log, unnest(array[-86, -85]) as months
    union
    select table_name || to_char(tests.month(months), '_YYYY_MM')
    from private.partitioned_logs, generate_series(-86, -83) as months where months < -keep_months$$,
  'months past retention are dropped, the 84th is kept'
);
select is(tests.verdict('sealed'), 'valid 2/4', 'what is left verifies, over the seals of what was dropped');
select is(tests.verdict('sealed',
  (select digest from public.audit_seals where workspace_id = tests.id('sealed') and ordinal = 1)), 'valid 2/4',
  'also against an anchor from then');
select is(
  tests.verdict_after('sealed', $$delete from public.audit_log
    where workspace_id = :workspace and action = 'a.kept1'$$), 'broken 0/3 entry_missing at 3',
  'a month that is to be kept is missed'
);
select is(
  tests.verdict_after('sealed', $$delete from public.audit_seals where workspace_id = :workspace and ordinal = 1$$),
  'broken 0/1 seal_missing at 2',
  'so is a seal of a dropped month'
);

-- New partitions are as closed as the whole
select is_empty(
  $$select link.inhrelid::regclass from pg_catalog.pg_inherits as link
  join pg_catalog.pg_class as c on c.oid = link.inhrelid
    where link.inhparent in ('public.audit_log'::regclass, 'public.billing_events'::regclass) and c.relacl is not null
      and exists (select from aclexplode(c.relacl) as acl where acl.grantee <> c.relowner)$$,
  'no partition is granted to anyone'
);
select is_empty(
  $$select link.inhrelid::regclass from pg_catalog.pg_inherits as link
    where link.inhparent in ('public.audit_log'::regclass, 'public.billing_events'::regclass)
      and (select count(*) from pg_catalog.pg_trigger as t
        where t.tgrelid = link.inhrelid
        and t.tgfoid in ('private.refuse_change()'::regprocedure, 'private.refuse_all_but_redactions()'::regprocedure,
        'private.refuse_all_but_pseudonyms()'::regprocedure) and t.tgenabled = 'O') <> 2$$,
  'and each refuses changes and truncation'
);
select is(tests.answer_of($$update private.partitioned_logs set keep_months = 11$$), '23514',
  'no log is kept for less than a year');

select * from finish();
rollback;
