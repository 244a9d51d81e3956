-- What a check refuses, Postgres tells with the whole row ("Failing row contains"), and the Data API passes that on as
-- `details`. Row-level security keeps it from people who write a table; the service, and a function that writes for
-- people, have none. So each function is called with fair arguments, of which one is bad, and no refusal shows a row.
begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
\ir ../../conversations/things.psql
select plan(4);

create function tests.fair_argument(of_type text, named text) returns text language sql as $$
  select case
    when named = 'workspace_id' then quote_literal(tests.id('north'))
    when named in ('conversation_id', 'conversation') then quote_literal(tests.id('north talk'))
    when named = 'agent_id' then quote_literal(tests.id('hr'))
    when named = 'artifact_id' then quote_literal(tests.id('offer'))
    when named = 'suggestion_id' then quote_literal(tests.id('dear'))
    when named = 'message_id' then quote_literal(tests.id('thanks'))
    when named in ('base', 'version', 'created_at') then quote_literal('2026-01-01 00:00:00Z')
    when named = 'parts' then quote_literal('[{"type": "text", "text": "x"}]')
    when named = 'role' and of_type = 'text' then quote_literal('member')
    when named = 'email' then quote_literal('somebody@tests.example')
    when named in ('path', 'slug') then quote_literal('fair')
    when named = 'region' then quote_literal('eu')
    when of_type = 'uuid' then quote_literal(tests.id('member'))
    when of_type = 'text' then quote_literal('fair')
    when of_type in ('integer', 'bigint', 'numeric', 'double precision') then '1'
    when of_type = 'jsonb' then $q$'{}'$q$
    when of_type = 'boolean' then 'true'
    when of_type like 'timestamp%' then 'now()'
    when of_type like '%[]' then $q$'{}'$q$
    else 'null'
  end || '::' || of_type;
$$;
create function tests.bad_values(of_type text) returns text[] language sql as $$
  select case
    when of_type = 'text' then array[$q$''$q$, $q$'Not It'$q$, $q$repeat('x', 21000)$q$, 'null']
    when of_type in ('integer', 'bigint', 'numeric') then array['-1', '2147483647', 'null']
    when of_type = 'double precision' then array['-1', '2']
    when of_type = 'jsonb' then array[$q$'{}'$q$, $q$'[1]'$q$, $q$'[{"type": "x", "text": 1}]'$q$, $q$'"x"'$q$, 'null']
    when of_type = 'text[]' then array[$q$array['']$q$, $q$array[repeat('x', 21000)]$q$]
    when of_type like 'timestamp%' then array[$q$'-infinity'$q$, $q$'infinity'$q$]
    else '{null}'
  end;
$$;

-- Calls with fair arguments and one that is bad: each of those that must be given, and each that may be.
create temporary table arguments on commit drop as
select p.oid, t.place, format_type(t.type, null) as type, p.proargnames[t.place] as name,
  t.place > p.pronargs - p.pronargdefaults as has_default
from pg_proc as p cross join lateral unnest(p.proargtypes::oid[]) with ordinality as t (type, place)
where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.provolatile = 'v'
  and p.prorettype <> 'trigger'::regtype
  and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e');
create temporary table calls on commit drop as
select one.oid::regprocedure::text as named, format('select * from %s(%s)', one.oid::regproc, (
  select string_agg(format('%I => %s', other.name, case when other.place = one.place
    then bad.value || '::' || one.type else tests.fair_argument(other.type, other.name) end), ', '
    order by other.place)
  from arguments as other
  where other.oid = one.oid and (not other.has_default or other.place = one.place))) as call
from arguments as one cross join lateral unnest(tests.bad_values(one.type)) as bad (value);

-- Whether a call shows a row; what it wrote is undone.
create function tests.shows_row(call text) returns boolean language plpgsql as $$
declare
  shown text;
begin
  execute call;
  raise exception using errcode = 'TW001';
exception when others then
  get stacked diagnostics shown = pg_exception_detail;
  return shown like 'Failing row contains%';
end;
$$;
create function pg_temp.shown_to(actor text, named text default '.') returns setof text language plpgsql as $$
begin
  perform tests.authenticate_as(actor);
  return query select left(c.call, 200) from calls as c where c.named ~ shown_to.named and tests.shows_row(c.call);
  perform tests.authenticate_as('database');
end;
$$;
grant select on calls to public;
grant execute on function tests.shows_row(text) to public;
select is_empty(format('select pg_temp.shown_to(%L)', actor), 'no function shows a row to ' || actor)
from unnest(array['owner', 'member', 'service']) as actor;
-- That Postgres shows a SQL session some is the proof that these calls reach the checks.
select isnt_empty($$select pg_temp.shown_to('database', 'record_usage')$$, 'a SQL session is shown what Postgres says');

select * from finish();
rollback;
