-- Back from: refusals. Postgres names the checks again, and what is missing. (A check that begins with a `between` and
-- goes on would come back in another form; there the `between` stands last.)
do $$
declare
  one record;
begin
  for one in
    select k.conrelid::regclass as of_table, string_agg(format('drop constraint %1$I, add constraint %1$I check (%2$s)',
      k.conname, regexp_replace(pg_get_expr(k.conbin, k.conrelid),
        '^\(COALESCE\((.*), true\) OR private\.refuse\([^()]*\)\)$', '\1')), ', ') as changes
    from pg_catalog.pg_constraint as k
    where k.contype = 'c' and k.connamespace = 'public'::regnamespace and k.coninhcount = 0
      and pg_get_expr(k.conbin, k.conrelid) ~ 'private\.refuse\('
    group by k.conrelid
  loop
    execute format('alter table %s %s', one.of_table, one.changes);
  end loop;
  for one in
    select g.tgrelid::regclass as of_table from pg_catalog.pg_trigger as g
    where g.tgfoid = 'private.refuse_missing()'::regprocedure and g.tgparentid = 0
  loop
    execute format('drop trigger values_are_given on %s', one.of_table);
  end loop;
end;
$$;
drop function private.name_refusals(regclass);
drop function private.refuse_missing();
