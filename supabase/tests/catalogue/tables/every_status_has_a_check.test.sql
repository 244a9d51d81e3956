-- A status that nothing checks is no promise: every column named status (or …_status), whatever its type, has a check
-- of its own.
begin;
select plan(4);

create temporary view unchecked as
select n.nspname, c.relname, a.attname
from pg_catalog.pg_class as c
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  and a.attname ~ '(^|_)status$'
join pg_catalog.pg_type as t on t.oid = a.atttypid
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p') and not c.relispartition
  and t.typtype <> 'e'
  and not exists (
    -- Of this column alone and listing its words: that two columns go together is another matter.
    select from pg_catalog.pg_constraint as k
    where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
      and pg_get_constraintdef(k.oid) ~ '(ANY|=)');

select is_empty('select * from unchecked', 'every status of every table has a check');
select isnt_empty(
  $$select from pg_catalog.pg_attribute as a join pg_catalog.pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'private'::regnamespace and c.relname = 'work_item' and a.attname = 'status'$$,
  'and the look has something to look at'
);

-- It would be found.
create table public.unwatched (status text, posting_status varchar(10), statuses text[], paid_status text,
  paid_at timestamptz,
  constraint paid_has_a_time check ((paid_status = 'paid') = (paid_at is not null)));
create table private.unwatched (like private.work_item including all);
alter table private.unwatched drop constraint status_is_known;
select set_eq(
  'select * from unchecked',
  $$values ('public', 'unwatched', 'status'), ('public', 'unwatched', 'posting_status'),
    ('public', 'unwatched', 'paid_status'), ('private', 'unwatched', 'status')$$,
  'one without is found, also where other checks mention it'
);
alter table public.unwatched add check (status in ('a', 'b')), add check (posting_status in ('a')),
  add check (paid_status in ('paid', 'open'));
alter table private.unwatched add check (status in ('pending'));
select is_empty('select * from unchecked', 'and not any more when it has one');

select * from finish();
rollback;
