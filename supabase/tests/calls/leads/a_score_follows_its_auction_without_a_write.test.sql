begin;
\ir ../../world.psql
select plan(11);

select private.create_business(tests.id('north'), 'tage_', 'Aging');
delete from public.leads;

-- What was written `days` ago, when its auction was `days` further away; scored as it was then, unless a score was
-- given.
create function pg_temp.lead(name text, auction_in integer, days integer, given integer default null,
  leads text default 'leads') returns void language plpgsql as $$
declare
  today date := (now() at time zone 'UTC')::date;
begin
  execute format('alter table public.%I disable trigger user', leads);
  execute format('insert into public.%I (id, workspace_id, is_vacant, auction_date, updated_at, distress_score) values '
    '($1, $2, true, $3, $4, $5)', leads)
  using tests.id(name), tests.id('north'), today + auction_in, now() - days * interval '1 day',
    coalesce(given, private.score_lead('none', today + auction_in, null, null, null, true, 0, '{}', today - days));
  execute format('alter table public.%I enable trigger user', leads);
end;
$$;
create function pg_temp.scores() returns text language sql as $$
  select string_agg(name || ' ' || distress_score || case when updated_at = now() then ' written' else '' end, ', '
    order by place)
  from unnest(array['near', 'nearer', 'passed', 'same', 'given', 'far', 'today']) with ordinality as n (name, place)
  join public.leads on id = tests.id(name);
$$;
select pg_temp.lead('near', 90, 1), pg_temp.lead('nearer', 14, 30), pg_temp.lead('passed', -1, 1),
  pg_temp.lead('same', 40, 10),
  pg_temp.lead('given', 10, 40, 77), pg_temp.lead('far', 91, 100);
select pg_temp.lead('of a business', 20, 20, null, 'tage_leads');
insert into public.leads (id, workspace_id, is_vacant, auction_date)
  values (tests.id('today'), tests.id('north'), true, (now() at time zone 'UTC')::date + 3);
update public.leads set distress_score = 10 where id = tests.id('today'); -- given today
select is(pg_temp.scores(), 'near 10, nearer 15, passed 25, same 15, given 77, far 10, today 10 written',
  'as they were when they were written');

create temporary table before on commit drop as select id, xmin::text as version from public.leads;
select is(private.rescore_leads(1), 2::bigint, 'of each business no more are scored in one run than is said');
select is(pg_temp.scores(), 'near 10, nearer 15, passed 10 written, same 15, given 77, far 10, today 10 written',
  'the earliest auction first');
select is(private.rescore_leads(), 2::bigint, 'then the others');
select is(
  pg_temp.scores(), 'near 15 written, nearer 25 written, passed 10 written, same 15, given 77, far 10, today 10 '
    'written',
  'a score follows its auction that came near or passed, though nobody wrote the lead; one that was given stays'
);
select is(private.rescore_leads(), 0::bigint, 'after which none is left');
select is(
  (select string_agg(name, ' ' order by name)
    from unnest(array['near', 'nearer', 'passed', 'same', 'given', 'far', 'today']) as name
   join public.leads as l on l.id = tests.id(name) join before as b on b.id = l.id
   where b.version = l.xmin::text and l.updated_at < now()),
  'far given same', 'a lead whose score stays was not written'
);
select is((select distress_score::integer from public.tage_leads), 20, 'businesses with a prefix likewise');
select is_empty($$select * from private.business_differences('tage_')$$, 'and their tables are like the templates');

-- Plans: the table is not read from one end to the other each hour.
alter table public.leads disable trigger user;
insert into public.leads (workspace_id) select tests.id('north') from generate_series(1, 5000);
alter table public.leads enable trigger user;
analyze public.leads;
create function pg_temp.plan_of(query text) returns text language plpgsql as $$
declare
  line text;
  plan text := '';
begin
  for line in execute 'explain ' || query loop plan := plan || line || E'\n'; end loop;
  return plan;
end;
$$;
select matches(pg_temp.plan_of('select from public.leads where auction_date <= current_date + 90'), 'leads_by_auction',
  'by an index');
select is(
  (select string_agg(tests.try_as(who, 'select private.rescore_leads()'), ' ' order by place)
   from unnest(array['anonymous', 'owner', 'service', 'database']) with ordinality as actors (who, place)),
  'no no no yes', 'anonymous, owner, service, database: who scores'
);

select * from finish();
rollback;
