begin;
\ir ../../world.psql
select plan(26);

insert into public.leads (id, workspace_id, state, county, parcel, owner_name, do_not_call)
  values (tests.id('known'), tests.id('north'), 'TX', 'Travis', 'K-1', 'Kim', true);
select tests.authenticate_as('admin');
create function pg_temp.import(leads jsonb, on_error text default 'reject') returns setof text language sql as $$
  select concat_ws(' ', line, result, code, field) from public.import_leads('', tests.id('north'), leads, on_error)
  order by line;
$$;

select results_eq(
  $$select pg_temp.import('[
    {"state": "tx", "county": " Travis ", "parcel": "1", "phones": "(512) 555-0100; +44 20 7946 0958", '
      '"estimated_value_minor": "25000000", "is_vacant": "yes", "notes": ""},
    {"state": "TX", "county": "Travis", "parcel": 2, "tags": ["a", "b"], "year_built": 1950}
  ]')$$,
  $$values ('1 inserted'), ('2 inserted')$$,
  'texts, as CSV has them, and values, as JSON has them, are read'
);
select results_eq(
  $$select parcel::text, state, county::text, phones, estimated_value_minor, is_vacant, notes, tags, distress_score
  from public.leads
    where workspace_id = tests.id('north') and parcel in ('1', '2') order by parcel$$,
  $$values ('1', 'TX', 'Travis', '{+15125550100,+442079460958}'::text[], 25000000::bigint, true, null::text,
    '{}'::text[], 10::smallint),
    ('2', 'TX', 'Travis', '{}', null, null, null, '{a,b}', 0::smallint)$$,
  'into what they mean'
);
select results_eq(
  $$select pg_temp.import('[
    {"state": "TX", "county": "Travis", "parcel": "1", "is_vacant": "t"},
    {"state": "TX", "county": "Travis", "parcel": "2", "year_built": 1951, "tags": null}
  ]')$$,
  $$values ('1 unchanged'), ('2 updated')$$,
  'the same again changes nothing, another value changes that'
);
select is((select year_built || ' ' || tags::text from public.leads where parcel = '2'), '1951 {a,b}',
  'and what a row does not say stays');
select results_eq(
  $$select pg_temp.import('[{"state": "TX", "county": "Travis", "parcel": "K-1", "do_not_call": false, "city": '
    '"Austin"}]')$$,
  $$values ('1 updated')$$, 'a known lead is updated'
);
select ok((select do_not_call from public.leads where id = tests.id('known')), 'an import never lifts do-not-call');

-- Every kind of bad row, each beside a good one.
create temporary table bad (given jsonb, answer text) on commit drop;
insert into bad values
  ('{"state": "TX", "county": "Travis", "parcel": "3", "colour": "red"}', 'refused unknown_column colour'),
  ('{"state": "TX", "county": "Travis", "parcel": "3", "contact_count": 7}', 'refused unknown_column contact_count'),
  ('{"state": "TX", "county": "Travis"}', 'refused missing_value parcel'),
  ('{"state": "TX", "county": "", "parcel": "3"}', 'refused missing_value county'),
  ('{"state": "TX", "county": "Travis", "parcel": "3", "year_built": "old", "city": "Austin"}',
    'refused invalid_value year_built'),
  ('{"state": "TX", "county": "Travis", "parcel": "3", "year_built": 3000}', 'refused invalid_value year_built'),
  ('{"state": "TX", "county": "Travis", "parcel": "3", "phones": "none"}', 'refused invalid_value phones'),
  ('{"state": "Texass", "county": "Travis", "parcel": "3"}', 'refused invalid_value state'),
  ('{"state": "TX", "county": "Travis", "parcel": "3", "auction_date": "2030-02-31"}',
    'refused invalid_value auction_date'),
  ('7', 'refused invalid_row'),
  ('{"state": "TX", "county": "Travis", "parcel": " G ", "city": "X"}', 'refused duplicate_row parcel');
select is(
  (select string_agg(case
    when pg_temp.got <> '1 not_imported, 2 ' || b.answer then b.answer || ' was ' || pg_temp.got end, '; ')
   from bad as b
   cross join lateral (select string_agg(line, ', ') as got
     from pg_temp.import(jsonb_build_array('{"state": "TX", "county": "Travis", "parcel": "G"}'::jsonb,
     b.given)) as line) as pg_temp),
  null, 'every bad row is told by code and field, and the good one beside it is not imported'
);
select is((select count(*)::integer from public.leads where workspace_id = tests.id('north')), 3,
  'nothing of them was written');
select is(
  (select string_agg(case
    when pg_temp.got <> '1 ' || case when b.place = 1 then 'inserted' else 'unchanged' end || ', 2 ' || b.answer
    then b.answer || ' was ' || pg_temp.got end, '; ')
   from (select row_number() over () as place, * from bad) as b
   cross join lateral (select string_agg(line, ', ') as got
     from pg_temp.import(jsonb_build_array('{"state": "TX", "county": "Travis", "parcel": "G"}'::jsonb, b.given),
     'skip') as line) as pg_temp),
  null, 'with skip the good one is imported'
);
select is((select count(*)::integer from public.leads where workspace_id = tests.id('north')), 4, 'and only that');

-- One lead, however it is written; and another one that only looks like it.
select results_eq(
  $$select pg_temp.import('[
    {"state": "TX", "county": "De Witt", "parcel": "R 012-345.67"},
    {"state": "Texas", "county": "DE WITT COUNTY", "parcel": "r-012 345 67"},
    {"state": " t.x. ", "county": "De  Witt", "parcel": "R/012/345/67"},
    {"state": "TX", "county": "De Witt", "parcel": "R 01-2345.67"}
  ]', 'skip')$$,
  $$values ('1 inserted'), ('2 refused duplicate_row parcel'), ('3 refused duplicate_row parcel'), ('4 inserted')$$,
  'rows that mean one lead are one, and digits are not joined over signs'
);
select results_eq(
  $$select pg_temp.import('[{"state": "tx", "county": "de witt", "parcel": "r 012 345 67", "city": "Cuero"}]')$$,
  $$values ('1 updated')$$, 'the known lead is found by what is meant'
);
select is((select county || ' ' || parcel || ' ' || city from public.leads where city = 'Cuero'),
  'De Witt R 012-345.67 Cuero', 'and keeps how it was written');
select results_eq(
  $$select pg_temp.import('[
    {"state": "TX", "county": "Hays", "parcel": "T-1", "year_built": "old"},
    {"state": "TX", "county": "Hays", "parcel": "T-1", "year_built": 3000},
    {"state": "TX", "county": "Hays", "parcel": "t 1", "year_built": 1990},
    {"state": "TX", "county": "Hays", "parcel": "T-1"}
  ]', 'skip')$$,
  $$values ('1 refused invalid_value year_built'), ('2 refused invalid_value year_built'), ('3 inserted'),
    ('4 refused duplicate_row parcel')$$,
  'a row that is refused takes no place from a good one'
);
select results_eq(
  $$select pg_temp.import('[{"state": "TX", "county": "Hays", "parcel": "1.23E+11"}]', 'skip')$$,
  $$values ('1 refused invalid_value parcel')$$, 'a number that a spreadsheet has rounded is no parcel'
);

-- What the call as a whole refuses.
create function pg_temp.refusal(leads jsonb, prefix text default '', on_error text default 'reject') returns text
  language sql as $$
  select tests.answer_of(format('select public.import_leads(%L, %L, %L, %L)', prefix, tests.id('north'), leads,
    on_error));
$$;
select is(pg_temp.refusal('[]'), '422 invalid_items', 'no rows');
select is(pg_temp.refusal('{}'), '422 invalid_items', 'no array');
select is(pg_temp.refusal((select jsonb_agg(n) from generate_series(1, 1001) as n)), '422 invalid_items',
  'more rows than an answer has');
select is(pg_temp.refusal('[1]', on_error => 'shrug'), '400 invalid_parameter', 'an unknown way with errors');
select is(pg_temp.refusal('[1]', 'zz_'), '404 unknown_business', 'a business that is not');

-- Under the caller's own rights.
select tests.authenticate_as('member');
select is(tests.answer_of($$select pg_temp.import('[{"state": "TX", "county": "Travis", "parcel": "M"}]')$$),
  '403 forbidden', 'a member imports nothing');
select is(tests.answer_of($$select pg_temp.import('[1]', 'shrug')$$), '403 forbidden',
  'and is told before anything is read');
select tests.authenticate_as('outsider');
select is(tests.answer_of($$select
  pg_temp.import('[{"state": "TX", "county": "Travis", "parcel": "1", "city": "X"}]')$$), '403 forbidden',
  'nor does an outsider');
select tests.authenticate_as('service');
select results_eq($$select pg_temp.import('[{"state": "TX", "county": "Travis", "parcel": "S"}]')$$,
  $$values ('1 inserted')$$, 'the service does');
select tests.authenticate_as('database');
select is(
  tests.answer_of(format($$select private.import_leads_as(%L, '', %L,
    '[{"state": "TX", "county": "Travis", "parcel": "M"}]', 'reject')$$,
    tests.id('member'), tests.id('north'))), '403 forbidden', 'as a member, from the database itself: still a member'
);
select results_eq(
  $$select result, code
  from private.import_leads_as(tests.id('owner'), '', tests.id('north'),
    '[{"state": "TX", "county": "Travis", "parcel": "M"}]', 'reject')$$,
  $$values ('inserted', null)$$, 'as the owner, the owner'
);

select * from finish();
rollback;
