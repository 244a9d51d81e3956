-- Refusals: what a check or a `not null` refuses is told to clients by a code of ours that names the field.
--
-- Touches: private.name_refusals (the checks of a table), private.refuse_missing (a trigger of each), and through them
--          every table of public.
-- Beware:  Postgres answers a bad value with the name of a constraint, and to whom row-level security does not hold
--          (the service, and functions that write for people) with the whole row. So each check ends with
--          `or private.refuse(columns, name)`, which is not run for good values; a missing value is found by the
--          condition of a trigger, before Postgres's own turn. A chapter that adds a table or a check calls
--          name_refusals for it; a test fails where it did not. Foreign keys and unique keys keep Postgres's codes:
--          they tell a key that the caller wrote, and to people not even that.

create function private.refuse_missing()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
  perform private.refuse(a.attname) from pg_catalog.pg_attribute as a
  where a.attrelid = tg_relid and a.attnum > 0 and a.attnotnull and a.attgenerated = ''
    and to_jsonb(new) -> a.attname = 'null'
    -- To people only what they may write is missing, and where a policy reads it the policy has the first word.
    and (not row_security_active(tg_relid)
      or has_column_privilege(tg_relid, a.attnum, tg_op) and not exists (
        select from pg_catalog.pg_depend as d
        join pg_catalog.pg_policy as p on d.classid = 'pg_catalog.pg_policy'::regclass and p.oid = d.objid
        where d.refobjid = tg_relid and d.refobjsubid = a.attnum and p.polcmd in ('a', 'w', '*')))
  order by a.attnum;
  return new;
end;
$$;
comment on function private.refuse_missing() is
  'Trigger of every table of public, run only for a row without a value that it must have. Errors: missing_value 422 '
  'with the field, for clients of the API.';

create function private.name_refusals(of_table regclass)
returns void
language plpgsql
volatile
set search_path = ''
as $$
declare
  checks text;
  missing text;
begin
  select string_agg(format(
      'drop constraint %1$I, add constraint %1$I check (coalesce(%2$s, true) or private.refuse(%3$L, %1$L))',
      k.conname, pg_get_expr(k.conbin, k.conrelid), (
        select string_agg(a.attname, ', ' order by a.attnum) from pg_catalog.pg_attribute as a
        where a.attrelid = k.conrelid and a.attnum = any (k.conkey))), ', ' order by k.conname) into checks
  from pg_catalog.pg_constraint as k
  where k.conrelid = of_table and k.contype = 'c' and pg_get_expr(k.conbin, k.conrelid) !~ 'private\.refuse\(';
  if checks is not null then
    execute format('alter table %s %s', of_table, checks);
  end if;
  select string_agg(format('new.%I is null', a.attname), ' or ' order by a.attnum) into missing
  from pg_catalog.pg_attribute as a
  where a.attrelid = of_table and a.attnum > 0 and a.attnotnull and a.attgenerated = '' and not a.attisdropped;
  -- Named to be the last: what the other triggers fill in is not missing.
  execute format('create or replace trigger values_are_given before insert or update on %s for each row when (%s) '
    'execute function private.refuse_missing()', of_table, missing);
end;
$$;
comment on function private.name_refusals(regclass) is
  'Lets each check of a table, and its columns that must have a value, be refused by a code of ours that names the '
  'column. Again after the table''s columns or checks changed; for a template through for_each_business.';

select private.for_each_business(string_agg(format('select private.name_refusals(''public.{prefix}%s'');', table_name),
  E'\n')) from private.business_templates;
select private.name_refusals(c.oid) from pg_catalog.pg_class as c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname;
