begin;
\ir ../../world.psql
select plan(41);

select is(private.read_phone(written), kept, written)
from (values
  ('+1 (512) 555-0101 x12', '+15125550101;ext=12'),
  ('(512) 555-0101 ext. 2', '+15125550101;ext=2'),
  ('512.555.0101 #3', '+15125550101;ext=3'),
  ('512-555-0101;ext=2', '+15125550101;ext=2'),
  ('5125550101 extension 44', '+15125550101;ext=44'),
  ('512 555 0101, 7', '+15125550101;ext=7'),
  ('1-512-555-0101', '+15125550101'),
  ('15125550101', '+15125550101'),
  ('5125550101', '+15125550101'),
  ('[512] 555–0101', '+15125550101'),
  ('５１２－５５５－０１０１', '+15125550101'),
  ('tel:+1-512-555-0101', '+15125550101'),
  ('+44 20 7946 0958', '+442079460958'),
  ('+351 912 345 678', '+351912345678'),
  ('011 44 20 7946 0958', '+442079460958'),
  -- No numbers.
  ('1 (512) 555-010', null),
  ('512 555 01012', null),
  ('512 555', null),
  ('112 555 0101', null),
  ('+999 512 555 0101', null),
  ('+15125550101x', null),
  ('call me', null),
  ('512-555-0101 or 512-555-0102', null),
  ('', null),
  (repeat('5', 400), null)
) as one (written, kept);

select ok(private.is_phone_number('+15125550101;ext=12'), 'an extension is part of a number');
select ok(not private.is_phone_number('+15125550101;ext='), 'which has digits');
select ok(not private.is_phone_number('+1512555010112'), 'and is not more digits of it');
select ok(private.are_phone_numbers('{}'), 'no numbers are numbers');
select ok(not private.are_phone_numbers(array['+15125550101', null]), 'nothing is no number');
select is(private.phone_line('+15125550101;ext=12'), '+15125550101', 'what rings is the line');

-- Where it rings.
select is(private.phone_zones('+15125550101'), '{America/Chicago}', 'Austin');
select is(private.phone_zones('+18085550101;ext=1'), '{Pacific/Honolulu}', 'Honolulu');
select is(private.phone_zones('+442079460958'), '{Europe/London}', 'London');
select is(private.phone_zones('+18005550101'), '{}', 'a freephone number is nowhere');
select is_empty(
  $$select distinct zone from private.phone_time_zones cross join unnest(zones) as zone
  where not private.is_time_zone(zone)$$,
  'every zone that is known is a place''s, and the server knows it');

-- Zones are places.
select ok(private.is_time_zone('America/Chicago'), 'a place');
select ok(private.is_time_zone('UTC'), 'or nowhere');
select is_empty($$
  select zone
  from unnest(array['EST', 'UTC-6', 'Etc/GMT+6', 'America/Nowhere', 'US/Central', 'CST6CDT', '', '-06:00', 'FOO+3',
    'posix/America/Chicago']) as zone
  where private.is_time_zone(zone)$$, 'and nothing that does not move with the clocks of a place');
select throws_ok(format('update public.profiles set time_zone = %L where user_id = %L', 'EST', tests.id('member')),
  '23514', null, 'in profiles');
select throws_ok($$insert into public.businesses (workspace_id, name, time_zone)
  values (tests.id('north'), 'North', 'UTC-6')$$, '23514', null, 'and in businesses');

select * from finish();
rollback;
