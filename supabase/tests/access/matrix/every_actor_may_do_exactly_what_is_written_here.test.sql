-- Who may do what to a row of each table: the whole of it, in one table.
--
-- A row of the table is one statement, aimed at one row of one tenant, tried by everyone; each try is undone. Outcomes:
-- `yes`, `none` (the policy hides the row), `no` (42501: not granted, or refused by WITH CHECK). The last column is the
-- owner of the tables: it shows that the statement itself is sound, so that no denial is owed to a slip; `append_only`
-- is the trigger that refuses even them. In south the outsider is the owner: that column is the twin of each denial
-- that outsiders meet in north.

begin;
\ir ../../world.psql

\ir expectations/all.psql

select plan(3 + (select count(*)::integer from expectations));

select set_eq(
  $$select table_name, verb, tenant from expectations$$,
  $$select c.relname::text, verb, tenant
    from pg_catalog.pg_class as c
    cross join unnest(array['select', 'insert', 'update', 'delete']) as verb
    cross join unnest(array['north', 'south']) as tenant
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not (c.relkind in ('v', 'm') and verb <> 'select')$$,
  'every table of public is in the matrix, with every verb, in both tenants'
);
select is_empty(
  $$select p.tablename, p.policyname from pg_catalog.pg_policies as p
    where p.schemaname = 'public' and not exists (
      select from expectations as e
      where e.table_name = p.tablename and e.verb = lower(p.cmd)
        -- someone signed in passes this policy, someone signed in does not
        and split_part(outcomes, ' ', 1) = 'no'
        and 'yes' = any ((string_to_array(e.outcomes, ' '))[2:6])
        and (string_to_array(e.outcomes, ' '))[2:6] && array['no', 'none']
    )$$,
  'every policy lets someone through in the matrix and stops someone beside them'
);
select is_empty(
  $$select table_name, verb, tenant from expectations where cardinality(string_to_array(outcomes, ' ')) <> 8$$,
  'every expectation speaks of all eight'
);

select is(
  (select string_agg(tests.try_as(who, expectation.statement), ' ' order by place)
   from unnest(array['anonymous', 'outsider', 'guest', 'member', 'admin', 'owner', 'service',
     'database']) with ordinality as actors (who, place)),
  expectation.outcomes,
  format('%s %s in %s: anonymous outsider guest member admin owner service database', expectation.verb,
    expectation.table_name, expectation.tenant)
)
from expectations as expectation;

select * from finish();
rollback;
