-- The queries that the chapter of leads names, as a member sends them over the Data API (under row-level security), on
-- a table with rows enough.
begin;
\ir ../../world.psql
select plan(15);

alter table public.leads disable trigger user;
insert into public.leads (workspace_id, state, county, parcel, distress_score, status, estimated_equity_minor,
  next_action_at, phones)
select tests.id(case when n % 2 = 0 then 'north' else 'south' end), 'TX', 'County ' || n % 14, n::text, (n * 7) % 101,
  (array['new', 'contacting', 'interested', 'callback', 'not_interested', 'won', 'lost'])[1 + n % 7],
    (n * 7919) % 50000000,
  case when n % 20 = 0 then now() + n * interval '1 minute' end, array['+1512' || 1000000 + n]
from generate_series(1, 12000) as n;
alter table public.leads enable trigger user;
analyze public.leads;

create function pg_temp.plan_of(query text, asked_by text default 'member') returns text language plpgsql as $$
declare
  line text;
  plan text := '';
begin
  perform tests.authenticate_as(asked_by);
  for line in execute 'explain (costs off) ' || query loop
    plan := plan || line || E'\n';
  end loop;
  perform tests.authenticate_as('database');
  return plan;
end;
$$;
create temporary table listed (name text, index text, asked_by text, query text) on commit drop;
insert into listed values
  ('by county', 'leads_by_county', 'member', $$state = 'TX' and county = 'County 3' order by distress_score desc, id
    limit 50$$),
  ('by score', 'leads_by_score', 'member', $$distress_score between 40 and 90 order by distress_score desc, id
    limit 50$$),
  ('by status', 'leads_by_status', 'member', $$status = 'interested' order by distress_score desc, id limit 50$$),
  ('by equity', 'leads_by_equity', 'member', $$estimated_equity_minor between 10000000 and 20000000
    order by estimated_equity_minor desc, id limit 50$$),
  ('by parcel', 'parcel_is_unique_in_its_county', 'member', $$lead_key = private.lead_key('TX', 'County 4', '18')$$),
  ('what is due', 'leads_by_next_action', 'member', $$next_action_at <= now() + interval '1 hour'
    order by next_action_at, id limit 50$$),
  ('by number', 'leads_by_phone', 'service', $$phones @> '{+15121000018}'$$);

select matches(
  pg_temp.plan_of(format('select * from public.leads where workspace_id = %L and %s', tests.id('north'), query),
    asked_by),
  'Index (Only )?Scan.* (using|on) ' || index || '\M', name || ' reads ' || index
) from listed;
select doesnt_match(
  pg_temp.plan_of(format('select * from public.leads where workspace_id = %L and %s', tests.id('north'), query),
    asked_by),
  'Sort|Seq Scan on leads', name || ' neither sorts nor reads the whole table'
) from listed;
-- The instrument: a query without an index is seen to read the table.
select matches(pg_temp.plan_of($$select * from public.leads where notes = 'x'$$), 'Seq Scan on leads|Filter',
  'a query that is not listed has no index of its own');

select * from finish();
rollback;
