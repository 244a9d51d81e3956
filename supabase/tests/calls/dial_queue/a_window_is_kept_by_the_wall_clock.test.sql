begin;
\ir ../../world.psql
\ir ../dialling.psql
select plan(18);

create function pg_temp.opens(moment text, zone text, call_from text default '09:00', call_until text default '18:00',
  days smallint[] default '{1,2,3,4,5}') returns text language sql as $$
  select to_char(private.next_opening(moment::timestamptz, call_from::time, call_until::time, days,
    array[zone]) at time zone 'UTC', 'YYYY-MM-DD HH24:MI');
$$;
select is(pg_temp.opens('2026-07-07 15:00Z', 'America/Chicago'), '2026-07-07 15:00', 'inside the window it is now');
select is(pg_temp.opens('2026-07-07 14:00Z', 'America/Chicago'), '2026-07-07 14:00', 'the first moment is inside');
select is(pg_temp.opens('2026-07-07 13:59Z', 'America/Chicago'), '2026-07-07 14:00',
  'before it, it opens the same day');
select is(pg_temp.opens('2026-07-07 23:00Z', 'America/Chicago'), '2026-07-08 14:00',
  'the last moment is outside: it opens the next day');
select is(pg_temp.opens('2026-07-10 23:00Z', 'America/Chicago'), '2026-07-13 14:00', 'and after Friday on Monday');
select is(pg_temp.opens('2026-07-07 04:00Z', 'Pacific/Honolulu'), '2026-07-07 19:00',
  'in Honolulu it is still Monday evening');
select is(pg_temp.opens('2026-03-06 20:00Z', 'America/New_York'), '2026-03-06 20:00',
  'before clocks are set forward nine is fourteen UTC');
select is(pg_temp.opens('2026-03-07 03:00Z', 'America/New_York'), '2026-03-09 13:00', 'after it, thirteen');
select is(pg_temp.opens('2026-10-31 03:00Z', 'America/New_York'), '2026-11-02 14:00',
  'and fourteen again after they are set back');
select is(pg_temp.opens('2026-03-08 05:00Z', 'America/New_York', '02:30', '05:00', '{7}'), '2026-03-08 07:00',
  'a window whose beginning does not exist opens when the clock has jumped past it');
select is(pg_temp.opens('2026-03-08 05:00Z', 'America/New_York', '02:10', '02:40', '{7}'), '2026-03-15 06:10',
  'one that does not exist at all, a week later');
select is(pg_temp.opens('2026-11-01 04:50Z', 'America/New_York', '01:30', '01:45', '{7}'), '2026-11-01 05:30',
  'one that comes twice opens the first time');
select is(pg_temp.opens('2026-11-01 05:50Z', 'America/New_York', '01:30', '01:45', '{7}'), '2026-11-01 06:30',
  'and the second time');

-- Against counting minutes, over the days on which clocks change, in zones that change differently.
select is_empty(
  $$with minutes as (
      select zone, start, at, (at at time zone zone)::time as wall
      from (values ('America/New_York', '2026-03-08 04:00Z'::timestamptz), ('America/New_York', '2026-11-01 03:00Z'),
        ('Australia/Lord_Howe', '2026-04-04 12:00Z'),
        ('Australia/Lord_Howe', '2026-10-03 12:00Z'), ('America/Havana', '2026-03-08 03:00Z')) as change (zone, start)
      cross join lateral (select start + n * interval '1 minute' as at from generate_series(0, 1500) as n) as m
    ), counted as (
      select minutes.*, call_from, call_until,
        min(at) filter (where wall >= call_from and wall < call_until) over (partition by zone, start, call_from
          order by at desc) as opens
      from minutes cross
      join (values ('00:15'::time, '01:20'::time), ('01:45', '02:10'), ('09:00', '18:00')) as w (call_from, call_until)
    )
    select * from counted where extract(minute from at)::integer % 11 = 0 and opens is not null
      and opens is distinct from private.next_opening(at, call_from, call_until, '{1,2,3,4,5,6,7}', array[zone])$$,
  'the next opening is the first minute that lies in the window, also when clocks change'
);

-- Dials are scheduled by it.
select tests.add_lead('lead', '+15125550100');
insert into public.dial_queue (workspace_id, lead_id, voice_agent_id, call_days, scheduled_for)
  values (tests.id('north'), tests.id('lead'), tests.id('hr'), '{3}', '2036-07-09 23:30Z');
select is(
  (select concat_ws(' ', phone, time_zones, to_char(scheduled_for at time zone 'America/Denver', 'YYYY-MM-DD HH24:MI'))
   from public.dial_queue where workspace_id = tests.id('north')),
  '+15125550100 {America/Chicago,America/Denver} 2036-07-16 09:00',
  'a dial is moved into the window of all where its lead may be');
select is(tests.answer_of(format($$insert into public.dial_queue (workspace_id, lead_id, voice_agent_id, time_zone)
  values (%L, %L, %L, 'Moon/Base')$$,
  tests.id('north'), tests.id('lead'), tests.id('hr'))), '422 unknown_time_zone',
    'a zone that does not exist is refused');

-- A retry is moved as well, and a claim gives back what it finds outside.
create temporary table late on commit drop as select tests.add_dial('lead') as id;
alter table public.dial_queue disable trigger reschedule_dial;
update public.dial_queue
set call_days = array[extract(isodow from now() at time zone 'America/Chicago' + interval '2 days')::smallint],
  priority = -1 where id = (select id from late);
alter table public.dial_queue enable trigger reschedule_dial;
select is_empty('select * from tests.claim()', 'what is due outside its window is not claimed');
select is(
  (select concat_ws(' ', status, attempts, last_error,
    (scheduled_for at time zone 'America/Chicago')::date - (now() at time zone 'America/Chicago')::date)
    from public.dial_queue where id = (select id from late)),
  'pending 0 outside of its window 2', 'but given back until it opens, without an attempt'
);

select * from finish();
rollback;
