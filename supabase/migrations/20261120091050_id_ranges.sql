-- Ranges of ids: two databases never give out the same number, so a workspace can move between them with its rows.
--
-- Touches: all identity sequences of public and private; private.own_id_range (which range this database uses),
--          private.take_id_range (a new cell takes one).
-- Beware:  the high bits of an id (id >> 40) say which database made the row. A range has 10^12 ids, and all ids of the
--          8,192 ranges are exact numbers in JSON. The first database has range 0 and need not know of any of this. A
--          transaction id means something only within the database that gave it: the seals of the audit log compare
--          entries of one range with each other, and never two of different ranges (docs/decisions/0037).

create function private.own_id_range()
returns integer
language sql
stable
set search_path = ''
as $$
  select (seqstart >> 40)::integer from pg_catalog.pg_sequence
  where seqrelid = pg_get_serial_sequence('public.audit_log', 'id')::regclass;
$$;
comment on function private.own_id_range() is 'The range of the ids that this database gives out, 0 to 8191.';

create function private.id_sequences()
returns table (table_name text, sequence regclass, id_range integer)
language sql
stable
set search_path = ''
as $$
  select place.relname::text, known.seqrelid::regclass, (greatest(known.seqstart,
    coalesce(pg_sequence_last_value(known.seqrelid::regclass), known.seqstart)) >> 40)::integer
  from pg_catalog.pg_sequence as known
  join pg_catalog.pg_depend as its on its.classid = 'pg_class'::regclass and its.objid = known.seqrelid
    and its.refclassid = 'pg_class'::regclass and its.deptype = 'i'
  join pg_catalog.pg_class as place on place.oid = its.refobjid
  where place.relnamespace in ('public'::regnamespace, 'private'::regnamespace);
$$;
comment on function private.id_sequences() is 'The sequence of each table whose ids are numbers, and its range.';

create function private.take_id_range(id_range integer)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
declare
  known record;
  n integer := 0;
begin
  if id_range is null or id_range not between 0 and 8191 then
    perform private.raise_error('invalid_id_range', 'id_range: from 0 to 8191.', 422);
  elsif exists (select from public.workspaces) or exists (select from public.audit_log) then
    perform private.raise_error('cell_in_use', 'A database takes its range before its first workspace.', 409);
  end if;
  for known in select s.sequence from private.id_sequences() as s loop
    execute format('alter sequence %s start with %s restart', known.sequence, (id_range::bigint << 40) + 1);
    n := n + 1;
  end loop;
  return n;
end;
$$;
comment on function private.take_id_range(integer) is
  'Lets this database, which has no workspace yet, give out the ids of a range (0 to 8191) that no other cell uses. '
  'Returns how many sequences there are. Run it again after a migration that adds tables, before they have rows. '
  'Errors: invalid_id_range 422, cell_in_use 409.';
