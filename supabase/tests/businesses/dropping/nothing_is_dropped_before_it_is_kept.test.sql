begin;
\ir ../../world.psql
\ir ../trial.psql
select plan(35);

select is(tests.answer_of($$select private.create_business(tests.id('north'), 'pn_', 'Petroleum Noir',
  'America/Chicago')$$), 'ok', 'north has a business');
select is(tests.answer_of($$select private.create_business(tests.id('north'), 'sc_', 'StructCalc')$$), 'ok',
  'and another');
insert into public.pn_trial_leads (workspace_id, county, name, score, tags, raw)
select tests.id('north'), 'Harris', 'Lead ' || n, n % 10, array['a', n::text], jsonb_build_object('n', n)
from generate_series(1, 1500) as n;
insert into public.pn_trial_queue (workspace_id, lead_id, priority) select workspace_id, id, 3
from public.pn_trial_leads where score = 9;
insert into public.sc_trial_leads (workspace_id, name) values (tests.id('north'), 'stays');
insert into public.trial_leads (workspace_id, name) values (tests.id('north'), 'stays');
create temporary table before on commit drop as select to_jsonb(l) as contents from public.pn_trial_leads as l;
grant select, delete on before to service_role;

-- All pages of an export, one after the other.
create function tests.pages_of(export uuid) returns table (ordinal bigint, table_name text, contents jsonb)
  language plpgsql as $$
declare
  after_row bigint := 0;
  read integer := 400;
begin
  while read = 400 loop
    return query select * from public.read_business_export(export, after_row, 400);
    get diagnostics read = row_count;
    after_row := (select max(page.ordinal) from public.read_business_export(export, after_row, 400) as page);
  end loop;
end;
$$;

-- Asked for by name
select tests.authenticate_as('service');
select is(tests.answer_of(format('select public.drop_business(%L, %L)', prefix, name)), answer,
  format('dropping %L by the name %L', prefix, name))
from (values
  ('pn_', 'petroleum noir', '422 name_mismatch'), ('pn_', '', '422 name_mismatch'), ('pn_', null, '422 name_mismatch'),
    ('pn_', 'StructCalc', '422 name_mismatch'),
  ('xx_', 'Petroleum Noir', '404 not_found'), ('', 'Petroleum Noir', '404 not_found'),
    (null, 'Petroleum Noir', '404 not_found')
) as t (prefix, name, answer);
select is((select count(*) from public.pn_trial_leads), 1500::bigint, 'what was refused dropped nothing');

-- An export without a drop
create temporary table exported on commit drop as select * from public.export_business('pn_');
select is((select counts @> '{"trial_leads": 1500, "trial_queue": 150, "trial_notes": 0}' from exported), true,
  'an export says how many rows it has of each table');
select is((select count(*) from public.pn_trial_leads), 1500::bigint, 'and drops nothing');
select is(tests.answer_of($$select public.export_business('')$$), '404 not_found',
  'a first business shares its tables with other workspaces: it is not exported so');
delete from public.pn_trial_leads where score = 8;
delete from before where (contents ->> 'score')::numeric = 8;

-- The drop
create temporary table dropped on commit drop as select * from public.drop_business('pn_', 'Petroleum Noir');
select is((select counts @> '{"trial_leads": 1350, "trial_queue": 150, "trial_notes": 0}' from dropped), true,
  'a drop keeps what is there then');
select is_empty(
  $$select contents from public.read_business_export((select export_id from dropped))
  where table_name <> 'trial_leads'$$,
  'the first page has the first table''s rows'
);
select set_eq(
  $$select contents from tests.pages_of((select export_id from dropped))
  where table_name = 'trial_leads'$$, 'select contents from before',
  'page by page every row is there as it was'
);
select is((select count(*) from tests.pages_of((select export_id from dropped))), 1500::bigint, 'once, of all tables');
select is((select count(*) from tests.pages_of((select export_id from exported))), 1650::bigint,
  'the earlier export is as it was made');
select is(tests.answer_of($$select public.read_business_export(tests.id('none'))$$), '404 not_found',
  'an export that does not exist is not found');
select is(tests.answer_of($$select public.drop_business('pn_', 'Petroleum Noir')$$), '404 not_found',
  'a business is dropped once');

select tests.authenticate_as('database');
select is_empty($$select relname from pg_class
  where relname ~ '^pn_' and relnamespace in ('public'::regnamespace, 'private'::regnamespace)$$,
  'its tables, indexes and sequences are gone');
select is_empty($$select proname from pg_proc where proname ~ '^claim_pn_'$$, 'so are its claim functions');
select is_empty($$select name from private.work_queues where name ~ '^pn_'$$, 'its queues');
select is_empty($$select queue from private.work_lanes where queue ~ '^pn_'$$, 'their lanes');
select is_empty($$select prefix from public.businesses where prefix = 'pn_'$$, 'and the business');
select is_empty($$select prefix from private.ownerless_prefixes$$, 'nothing is left to be dropped later');
select is((select count(*) from public.sc_trial_leads), 1::bigint, 'another business keeps its rows');
select is((select count(*) from public.trial_leads), 1::bigint, 'the templates keep theirs');
select is_empty('select * from private.business_differences()', 'and the businesses that are left are whole');
select results_eq(
  $$select prefix, name, time_zone, dropped_at is not null from private.business_exports
  order by dropped_at nulls first$$,
  $$values ('pn_', 'Petroleum Noir', 'America/Chicago', false), ('pn_', 'Petroleum Noir', 'America/Chicago', true)$$,
    'what the business was is kept with its rows'
);

-- Rows come back from an export, and the prefix is free.
select is(tests.answer_of($$select private.create_business(tests.id('north'), 'pn_', 'Petroleum Noir')$$), 'ok',
  'the prefix can be had again');
insert into public.pn_trial_leads (id, workspace_id, county, name, score, tags, raw, note, ordinal)
select r.id, r.workspace_id, r.county, r.name, r.score, r.tags, r.raw, r.note, r.ordinal
from tests.pages_of((select export_id from dropped)) as page cross
join lateral jsonb_populate_record(null::public.pn_trial_leads, page.contents) as r
where page.table_name = 'trial_leads';
select set_eq($$select to_jsonb(l) - 'updated_at' from public.pn_trial_leads as l$$, $$select contents - 'updated_at'
  from before$$, 'and the rows put back into it');

-- Exports end.
update private.business_exports set made_at = now() - interval '90 days 1 second'
where id = (select export_id from dropped);
update private.business_exports set made_at = now() - interval '89 days' where id = (select export_id from exported);
select is(private.purge_businesses(), '{"businesses": 0, "waiting": 0, "exports": 1}',
  'after 90 days an export is removed');
select results_eq('select distinct export_id from private.business_export_rows', 'select export_id from exported',
  'with its rows, and no other');
select is(
  (select string_agg(tests.try_as(who, statement), ' ' order by statement, place)
   from unnest(array['anonymous', 'member', 'owner', 'service']) with ordinality as actors (who, place)
   cross join unnest(array[$$select public.drop_business('pn_', 'Petroleum Noir')$$,
     $$select public.export_business('pn_')$$, $$select public.read_business_export(tests.id('x'))$$]) as statement),
  'no no no yes no no no yes no no no not_found', 'anonymous member owner service: who drops, exports and reads exports'
);

select * from finish();
rollback;
