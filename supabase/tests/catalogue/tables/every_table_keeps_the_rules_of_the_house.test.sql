-- Rules that every table of ours keeps, also those that later chapters add.
begin;
select plan(11);

create temporary view our_tables as
select c.oid, n.nspname, c.relname from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition;

select is_empty(
  $$select k.conrelid::regclass, k.conname from pg_catalog.pg_constraint as k join our_tables as t on t.oid = k.conrelid
    where k.contype = 'f' and not exists (
      select from pg_catalog.pg_index as i
      where i.indrelid = k.conrelid and i.indisvalid
        -- of all rows, or of all that refer to something
        and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid)
          in (select format('(%I IS NOT NULL)', a.attname) from pg_catalog.pg_attribute as a
            where a.attrelid = k.conrelid and a.attnum = any (k.conkey)))
        -- the key's columns lead the index, in any order
        and (select array_agg(c order by c) from unnest((i.indkey::smallint[])[0:cardinality(k.conkey) - 1]) as c)
          = (select array_agg(c order by c) from unnest(k.conkey) as c))$$,
  'every foreign key has an index that begins with it: deleting what it refers to is no scan'
);
-- Messages are the many: what refers to one does so by its id, and a trigger compares where both belong (decision 17).
create temporary view guards (function, guarded) as values
  ('private.keep_parent_of_conversation()'::regprocedure, 'parent_id'),
  ('private.keep_log_of_conversation()', 'preprocessing_log_id'),
  ('private.keep_message_of_conversation()', 'message_id');
select set_eq(
  $$select distinct g.tgrelid::regclass::text, guards.guarded from pg_catalog.pg_trigger as g
  join guards on guards.function = g.tgfoid
    where g.tgenabled = 'O'$$,
  $$values ('messages', 'parent_id'), ('messages', 'preprocessing_log_id'), ('votes', 'message_id'),
    ('feedback_signals', 'message_id'),
    ('preprocessing_logs', 'message_id'), ('postprocessing_results', 'message_id'), ('context_records', 'message_id'),
    ('message_states', 'message_id')$$,
  'these are the keys that a trigger keeps within the workspace'
);
select is_empty(
  $$select k.conrelid::regclass, k.conname from pg_catalog.pg_constraint as k join our_tables as t on t.oid = k.conrelid
    where k.contype = 'f' and t.nspname = 'public' and k.confrelid <> 'public.workspaces'::regclass
      and not exists (
        select from pg_catalog.pg_trigger as g
        join guards on guards.function = g.tgfoid
        join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attname = guards.guarded
        where g.tgrelid = k.conrelid and g.tgenabled = 'O' and k.conkey = array[a.attnum])
      and exists (select from pg_catalog.pg_attribute where attrelid = k.confrelid and attname = 'workspace_id')
      and not exists (
        select from unnest(k.conkey) as key
        join pg_catalog.pg_attribute as a on a.attrelid = k.conrelid and a.attnum = key
        where a.attname = 'workspace_id')$$,
  'a foreign key between rows of tenants names the workspace: nothing points into another one'
);
select is_empty(
  $$select t.oid::regclass, a.attname from our_tables as t join pg_catalog.pg_attribute as a on a.attrelid = t.oid
    where a.attnum > 0 and not a.attisdropped and a.atttypid = 'text'::regtype
      and a.attname ~ '^(.*_)?(status|kind|role|tier|visibility|category|outcome|billing_plan)$'
      and not exists (
        select from pg_catalog.pg_constraint as k
        where k.conrelid = t.oid and k.contype = 'c' and a.attnum = any (k.conkey))$$,
  'every status, kind, role and the like has a check'
);
select is_empty(
  $$select t.oid::regclass, a.attname from our_tables as t join pg_catalog.pg_attribute as a on a.attrelid = t.oid
    where t.nspname = 'public' and a.attnum > 0 and not a.attisdropped
      and a.atttypid in ('text'::regtype, 'jsonb'::regtype)
      and not exists (
        select from pg_catalog.pg_constraint as k
        where k.conrelid = t.oid and k.contype = 'c' and a.attnum = any (k.conkey))$$,
  'no text and no JSON of public is without a bound (others are of a domain that has one)'
);
select is_empty(
  $$select t.oid::regclass, a.attname from our_tables as t join pg_catalog.pg_attribute as a on a.attrelid = t.oid
    where a.attnum > 0 and not a.attisdropped
      and a.atttypid in ('timestamp'::regtype, 'money'::regtype, 'float4'::regtype, 'json'::regtype)$$,
  'times have their zone, and money is whole minor units'
);
select is_empty(
  $$select oid::regclass from our_tables where coalesce(obj_description(oid, 'pg_class'), '') = ''$$,
  'every table has a comment'
);
select is_empty(
  $$select t.oid::regclass from our_tables as t where not exists (
      select from pg_catalog.pg_index as i where i.indrelid = t.oid and i.indisprimary)$$,
  'every table has a primary key'
);
select is_empty(
  $$select t.oid::regclass from our_tables as t
    join pg_catalog.pg_attribute as a on a.attrelid = t.oid and a.attname = 'updated_at'
    where not exists (
      select from pg_catalog.pg_trigger as g
      where g.tgrelid = t.oid and g.tgfoid = 'private.touch_updated_at()'::regprocedure)
      -- set by the one statement that writes it
      and t.oid <> 'public.usage_daily'::regclass$$,
  'updated_at is kept by the shared trigger'
);
select is_empty(
  $$select k.conrelid::regclass, k.conname from pg_catalog.pg_constraint as k join our_tables as t on t.oid = k.conrelid
    where not k.convalidated
    union all
    select i.indrelid::regclass, i.indexrelid::regclass::name from pg_catalog.pg_index as i
    join our_tables as t on t.oid = i.indrelid
    where not i.indisvalid$$,
  'no constraint waits to be validated, no index is broken'
);
select set_eq(
  $$select table_name from private.partitioned_logs$$,
  $$select relname::text from our_tables as t join pg_catalog.pg_class as c using (oid, relname)
  where c.relkind = 'p'$$,
  'every partitioned table is kept by maintain_partitions'
);

select * from finish();
rollback;
