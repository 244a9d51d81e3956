-- Every function that the Data API offers, with arguments that nobody should send: all null, all empty, all too long,
-- all negative. Each is refused by a code of ours or a documented one, or taken. No row, index or type is shown.
begin;
\ir ../../world.psql
select plan(4);

create function tests.bad_argument(of_type text, named text, kind text) returns text language sql as $$
  select case
    when kind = 'null' then 'null'
    when of_type = 'uuid' then quote_literal(tests.id(case when named = 'workspace_id' then 'north' else 'member' end))
    when of_type = 'text' then case kind when 'empty' then $q$''$q$ when 'long' then
      $q$(select string_agg(md5(n::text), '') from generate_series(1, 1000) as n)$q$ else $q$'-1'$q$ end
    when of_type in ('integer', 'bigint', 'numeric', 'real', 'double precision', 'smallint')
      then case kind when 'empty' then '0' when 'long' then '2147483647' else '-1' end
    when of_type = 'boolean' then 'true'
    when of_type = 'jsonb' then case kind when 'empty' then $q$'{}'$q$ when 'long' then $q$'[{"a": 1}]'$q$
      else $q$'-1'$q$ end
    when of_type like '%[]' then $q$'{}'$q$
    when of_type like 'timestamp%' then case kind when 'empty' then $q$'-infinity'$q$ when 'long' then $q$'infinity'$q$
      else 'now()' end
    when of_type = 'interval' then case kind when 'empty' then $q$'0'$q$ when 'long' then $q$'100000 years'$q$
      else $q$'-1 day'$q$ end
    else 'null'
  end || '::' || of_type;
$$;

create function tests.shown_with(kind text) returns setof text language plpgsql as $$
declare
  known record;
  actor text;
  answer text;
begin
  for known in
    select p.oid, format('public.%I(%s)', p.proname, (
      select string_agg(tests.bad_argument(format_type(t.type, null), p.proargnames[t.place], kind), ', '
        order by t.place)
      from unnest(p.proargtypes::oid[]) with ordinality as t (type, place))) as call
    from pg_proc as p
    where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype
      and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
    order by p.oid
  loop
    foreach actor in array array['service', 'owner'] loop
      answer := tests.try_as(actor, format('select * from %s', known.call));
      -- What Postgres says by itself and docs/errors.md does not: a missing column (23502, with the row), an index that
      -- is too small (54000), a value that a type cannot have (22…), a fault (XX…).
      if answer ~ '^(22|54|XX|23502)' then
        return next format('%s as %s: %s', known.oid::regprocedure, actor, answer);
      end if;
    end loop;
  end loop;
end;
$$;

select is_empty(format('select tests.shown_with(%L)', kind), 'arguments: all ' || kind)
from unnest(array['null', 'empty', 'long', 'negative']) as kind;

select * from finish();
rollback;
