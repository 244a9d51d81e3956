begin;
\ir ../../world.psql
\ir ../dialling.psql
select plan(13);

create function pg_temp.zones(phone text, state text default null, zip text default null, mailing text default null,
  given text default '')
returns text[] language sql as $$
  select private.callee_zones(phone, state, zip, mailing, given);
$$;
select is(pg_temp.zones('+12125550100', 'TX', '78701'), '{America/Chicago,America/New_York}',
  'a number of New York and a house in Austin');
select is(pg_temp.zones('+15125550100', 'TX', '78701', '5 Kalakaua Ave, Honolulu, HI 96815'),
  '{America/Chicago,Pacific/Honolulu}', 'an owner who lives elsewhere');
select is(pg_temp.zones('+15125550100', 'TX', '78701', '5 Kalakaua Ave, Honolulu, HI 96815-1234 USA'),
  '{America/Chicago,Pacific/Honolulu}', 'however it is written');
select is(pg_temp.zones('+15125550100', 'TX', '79901'), '{America/Chicago,America/Denver}', 'a house in El Paso');
select is(pg_temp.zones('+18005550100', null, null, null, 'Europe/Berlin'), '{Europe/Berlin}',
  'who knows better says so');

create function pg_temp.opens(moment text, zones text[], call_from text default '09:00',
  call_until text default '18:00') returns text language sql as $$
  select to_char(private.next_opening(moment::timestamptz, call_from::time, call_until::time, '{1,2,3,4,5}',
    zones) at time zone 'UTC', 'MM-DD HH24:MI');
$$;
select is(pg_temp.opens('2026-07-07 13:00Z', '{America/New_York,Pacific/Honolulu}'), '07-07 19:00',
  'nine in Honolulu is afternoon in New York');
select is(pg_temp.opens('2026-07-07 22:00Z', '{America/New_York,Pacific/Honolulu}'), '07-08 19:00',
  'at six in New York it is over in both');
select is(pg_temp.opens('2026-07-10 22:00Z', '{America/New_York,Pacific/Honolulu}'), '07-13 19:00',
  'and on Monday it opens again');
select is(pg_temp.opens('2026-07-07 13:00Z', '{America/New_York,Asia/Tokyo}'), null,
  'New York and Tokyo have no working hours in common');
select is(pg_temp.opens('2026-07-07 13:00Z', '{}'), null, 'and nowhere is never open');

-- A dial to somebody who is nowhere known is refused, never dialled at three in the morning.
insert into public.leads (id, workspace_id, phones) values (tests.id('lead'), tests.id('north'), '{+18005550100}');
select is(tests.answer_of($$select tests.add_dial('lead')$$), '422 unknown_time_zone', 'an unknown zone refuses');
update public.leads set phones = '{+81312345678}', state = 'NY', zip = '10001';
select is(tests.answer_of(format($$insert into public.dial_queue (workspace_id, lead_id, voice_agent_id)
  values (%L, %L, %L)$$,
  tests.id('north'), tests.id('lead'), tests.id('hr'))), '422 no_calling_hours',
    'so do hours without anything in common');
update public.leads set phones = '{+12125550100}';
select lives_ok($$select tests.add_dial('lead')$$, 'who is known to be somewhere is called');

select * from finish();
rollback;
