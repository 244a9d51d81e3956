-- Append-only: no grant for anyone, also not on the partitions, and a trigger that stops even the tables' owner until
-- they take it away. The same for the other two append-only tables.
begin;
\ir ../../world.psql

insert into public.billing_events (workspace_id, kind, quantity, unit)
values (tests.id('north'), 'message', 1, 'message');
insert into public.audit_seals (workspace_id, ordinal, month, first_id, last_id, entries, from_xid, to_xid, digest,
  previous_digest)
  values (tests.id('north'), 1, '2000-01-01', 1, 1, 1, 1, 2, repeat('a', 64), repeat('0', 64));

-- The logs, with every partition of theirs.
create temporary table logs on commit drop as
select c.oid::regclass::text as relation, n.nspname = 'public' as is_whole, c.oid
from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p')
  and c.relname ~ '^(audit_log|billing_events|audit_seals)';

select plan(4 * (select count(*)::integer from logs) + 7);

select is(
  (select string_agg(tests.try_as(who, format(statement, relation)), ' ' order by place)
   from unnest(array['anonymous', 'member', 'admin', 'owner', 'service']) with ordinality as actors (who, place)),
  'no no no no no',
  format('anonymous, member, admin, owner, service: ' || statement, relation)
)
from logs, unnest(array['update %s set workspace_id = workspace_id', 'delete from %s', 'truncate %s']) as statement;

select is(
  tests.try_as('database', format('truncate %s', relation)), 'append_only',
  format('not even their owner truncates %s', relation)
)
from logs;

select is(tests.answer_of($$update public.audit_log set action = 'a.b' where workspace_id = tests.id('north')$$),
  '403 append_only', 'the owner does not update entries');
select is(tests.answer_of($$delete from public.audit_log where workspace_id = tests.id('north')$$), '403 append_only',
  'nor delete them');
select is(
  tests.answer_of(format('delete from %s', (
    select tableoid::regclass from public.audit_log where workspace_id = tests.id('north') limit 1))),
      '403 append_only', 'nor through a partition'
);
select is(tests.answer_of($$update public.billing_events set quantity = 0 where workspace_id = tests.id('north')$$),
  '403 append_only', 'nor update billing events');
select is(tests.answer_of($$delete from public.billing_events where workspace_id = tests.id('north')$$),
  '403 append_only', 'nor delete them');
select is(tests.answer_of($$delete from public.audit_seals where workspace_id = tests.id('north')$$), '403 append_only',
  'nor delete seals');
select is(tests.answer_of($$insert into public.audit_seals select * from public.audit_seals
  on conflict (workspace_id, ordinal) do update set digest = excluded.digest$$), '403 append_only',
  'nor change them by an upsert');

select * from finish();
rollback;
