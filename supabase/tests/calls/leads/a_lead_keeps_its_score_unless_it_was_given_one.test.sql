begin;
\ir ../../world.psql
select plan(18);

select is(
  (select count(*)::integer from pg_catalog.pg_attribute
    where attrelid = 'public.leads'::regclass and attnum > 0 and not attisdropped),
  48, 'a lead has 47 columns and its key'
);

-- Each weight by itself, at its edges.
create function pg_temp.score(given jsonb) returns integer language sql as $$
  select private.score_lead(coalesce(r.stage, 'none'), r.auction, r.tax, r.value, r.equity, r.vacant, r.violations,
    coalesce(r.signals, '{}'), '2030-01-01')::integer
  from jsonb_to_record(given) as r (stage text, auction date, tax bigint, value bigint, equity bigint, vacant boolean,
    violations integer, signals text[]);
$$;
select results_eq(
  $$select given, pg_temp.score(given) from jsonb_array_elements('[
    {}, {"stage": "auction_scheduled"}, {"stage": "lis_pendens"}, {"stage": "notice_of_default"}, {"stage": '
      '"bank_owned"},
    {"auction": "2029-12-31"}, {"auction": "2030-01-01"}, {"auction": "2030-01-15"}, {"auction": "2030-01-16"}, '
      '{"auction": "2030-01-31"}, {"auction": "2030-02-01"}, {"auction": "2030-04-02"},
    {"tax": 1}, {"tax": 999, "value": 100000}, {"tax": 1000, "value": 100000}, {"tax": 3000, "value": 100000},
    {"vacant": true}, {"violations": 3}, {"violations": 50}, {"signals": ["probate", "probate"]}, {"signals": '
      '["probate", "divorce", "fire_damage"]},
    {"value": 100, "equity": 50}, {"value": 100, "equity": 30}, {"value": 100, "equity": 10}, {"value": 100, "equity": '
      '9}, {"value": 0, "equity": 0}
  ]') as given$$,
  $$select given, points from jsonb_array_elements('[
    {}, {"stage": "auction_scheduled"}, {"stage": "lis_pendens"}, {"stage": "notice_of_default"}, {"stage": '
      '"bank_owned"},
    {"auction": "2029-12-31"}, {"auction": "2030-01-01"}, {"auction": "2030-01-15"}, {"auction": "2030-01-16"}, '
      '{"auction": "2030-01-31"}, {"auction": "2030-02-01"}, {"auction": "2030-04-02"},
    {"tax": 1}, {"tax": 999, "value": 100000}, {"tax": 1000, "value": 100000}, {"tax": 3000, "value": 100000},
    {"vacant": true}, {"violations": 3}, {"violations": 50}, {"signals": ["probate", "probate"]}, {"signals": '
      '["probate", "divorce", "fire_damage"]},
    {"value": 100, "equity": 50}, {"value": 100, "equity": 30}, {"value": 100, "equity": 10}, {"value": 100, "equity": '
      '9}, {"value": 0, "equity": 0}
  ]') with ordinality as g (given, place)
  join unnest(array[0, 25, 18, 15, 8, 0, 15, 15, 10, 10, 5, 0, 5, 5, 10, 15, 10, 6, 10, 5, 10, 15, 10, 5, 0,
    0]) with ordinality as p (points, place) using (place)
  order by place$$,
  'each sign of distress has its documented weight'
);
select is(pg_temp.score('{"stage": "auction_scheduled", "auction": "2030-01-02", "tax": 9, "value": 100, "equity": 90, '
  '"vacant": true, "violations": 9, "signals": ["a", "b"]}'),
  100, 'all of them are 100');

insert into public.leads (id, workspace_id, is_vacant, estimated_value_minor, mortgage_balance_minor)
  values (tests.id('ours'), tests.id('north'), true, 1000, 200);
insert into public.leads (id, workspace_id, is_vacant, distress_score, estimated_value_minor, mortgage_balance_minor,
  estimated_equity_minor)
  values (tests.id('given'), tests.id('north'), true, 77, 1000, 200, 1);
create function pg_temp.of(name text) returns text language sql as $$
  select distress_score || ' ' || estimated_equity_minor from public.leads where id = tests.id(name);
$$;
select is(pg_temp.of('ours'), '25 800', 'score and equity are reckoned');
select is(pg_temp.of('given'), '77 1', 'or kept as they were given');
update public.leads set code_violations = 2, mortgage_balance_minor = 600;
select is(pg_temp.of('ours'), '24 400', 'what we reckoned follows what it was reckoned from');
select is(pg_temp.of('given'), '77 1', 'what was given stays');
update public.leads set distress_score = 50, estimated_equity_minor = 5;
select is(pg_temp.of('ours'), '50 5', 'it can be given later');
update public.leads set notes = 'seen';
select is(pg_temp.of('ours'), '50 5', 'and is then kept');
update public.leads set distress_score = null, estimated_equity_minor = null;
select is(pg_temp.of('ours'), '24 400', 'null asks for ours again');

-- A score of an earlier day counts as ours: its auction was further away then.
alter table public.leads disable trigger user;
update public.leads set auction_date = (now() at time zone 'UTC')::date + 10, updated_at = now() - interval '40 days',
  distress_score = 24 + 5 where id = tests.id('ours');
alter table public.leads enable trigger user;
update public.leads set notes = 'seen again' where id = tests.id('ours');
select is(pg_temp.of('ours'), '39 400', 'a score of ours from an earlier day follows the auction that came near');

-- What cannot be.
create function pg_temp.insert(fields text, vals text) returns text language sql as $$
  select tests.answer_of(format('insert into public.leads (workspace_id, %s) values (%L, %s)', fields,
    tests.id('north'), vals));
$$;
select is(pg_temp.insert('status', $$'maybe'$$), '23514', 'an unknown status is refused');
select is(pg_temp.insert('phones', $$'{512-555-010}'$$), '422 invalid_phone', 'what is no number is refused');
select is(pg_temp.insert('phones', $$'{+15125550100,+15125550101}'$$), 'ok', 'and two that are, are taken');
select is(pg_temp.insert('state, county, parcel', $$'TX', 'Travis', '7'$$) || ' ' ||
  pg_temp.insert('state, county, parcel', $$'TX', 'Travis', '7'$$),
  'ok 23505', 'a parcel is in its county once');
select is(pg_temp.insert('state, county, parcel', $$'TX', 'Hays', '7'$$), 'ok', 'and may be in another');

-- Who flags is in the audit log; other changes are not.
select tests.authenticate_as('admin');
update public.leads set notes = 'x' where id = tests.id('ours');
update public.leads set do_not_call = true where id = tests.id('ours');
select tests.authenticate_as('database');
select results_eq(
  $$select actor_id, action::text, subject_id::text, detail::jsonb from public.audit_log
  where subject_type = 'lead' and workspace_id = tests.id('north')$$,
  $$values (tests.id('admin'), 'lead.changed', tests.id('ours')::text,
    '{"before": {"do_not_call": false}, "after": {"do_not_call": true}}'::jsonb)$$,
  'who says that a lead is not called any more is in the audit log'
);
select is((select count(*)::integer from public.audit_log
  where subject_type = 'lead' and workspace_id = tests.id('north')), 1, 'and nothing else of leads');

select * from finish();
rollback;
