-- Calling hours: when a person may be called, although their time zone is uncertain.
--
-- Touches: private.next_opening (the next allowed moment), private.state_time_zones, private.callee_zones (all possible
--          zones).
-- Beware:  a number may be ported, an owner may live elsewhere than their property, and a border county may differ from
--          its state. So every known place counts, and a call must be inside the window of all of them. Without any
--          known zone there is no call.

create function private.next_opening(moment timestamptz, call_from time, call_until time, call_days smallint[],
  time_zones text[])
returns timestamptz
language sql
stable
set search_path = ''
as $$
  with moments (at) as (
    select $1
    union
    -- The first moment of a day's window. It is where the wall clock shows call_from, or showed it before the clock was
    -- set back, or where a clock change lands inside of the window. Clocks change on half hours of UTC.
    select first.at
    from unnest($5) as zone
    cross join generate_series(0, 15) as day
    cross join lateral (select
      (($1 at time zone zone)::date + day + $2) at time zone zone as opens,
      (($1 at time zone zone)::date + day + $3) at time zone zone as closes
    ) as usual
    cross join lateral (
      values (usual.opens), (usual.opens - interval '30 minutes'), (usual.opens - interval '1 hour'),
        (date_bin('30 minutes', usual.opens, 'epoch')),
          (date_bin('30 minutes', usual.opens - interval '30 minutes', 'epoch')),
        (date_bin('30 minutes', usual.closes, 'epoch')),
          (date_bin('30 minutes', usual.closes - interval '30 minutes', 'epoch'))
    ) as first (at)
    where first.at > $1
  )
  select min(m.at) from moments as m
  where cardinality($5) > 0 and not exists (
    select from unnest($5) as zone
    where not ((m.at at time zone zone)::time >= $2 and (m.at at time zone zone)::time < $3
      and extract(isodow from m.at at time zone zone)::smallint = any ($4)));
$$;
comment on function private.next_opening(timestamptz, time, time, smallint[], text[]) is
  'The earliest moment from the given one on that lies in the window of every time zone (local time from call_from to '
  'before call_until, on call_days with Monday 1). Follows the wall clock, so it is right when clocks change. Null if '
  'the windows do not overlap within fifteen days, and without a time zone.';

create function private.state_time_zones(state text, zip text)
returns text[]
language sql
immutable
set search_path = ''
as $$
  select case
    -- Zip prefixes outside their state's main zone.
    when zip ~ '^32[45]' then '{America/Chicago}' -- Florida's panhandle
    when zip ~ '^37[346789]' then '{America/New_York}' -- east Tennessee
    when zip ~ '^42[01234]' then '{America/Chicago}' -- west Kentucky
    when zip ~ '^4(6[34]|7[67])' then '{America/Chicago}' -- Indiana at Gary and Evansville
    when zip ~ '^(79[89]|885)' then '{America/Denver}' -- El Paso
    when zip ~ '^(577|586|693)' then '{America/Denver}' -- the west of the Dakotas and of Nebraska
    when zip ~ '^83[58]' then '{America/Los_Angeles}' -- north Idaho
    when zip ~ '^979' then '{America/Boise}' -- east Oregon
    -- Without a zip, a state with two zones is in both.
    when zip is null and state in ('FL', 'KY', 'TN', 'MI') then '{America/Chicago,America/New_York}'
    when zip is null and state = 'IN' then '{America/Chicago,America/Indiana/Indianapolis}'
    when zip is null and state in ('ND', 'SD', 'NE', 'KS', 'TX') then '{America/Chicago,America/Denver}'
    when zip is null and state in ('ID', 'OR') then '{America/Boise,America/Los_Angeles}'
    when state in ('CT', 'DC', 'DE', 'FL', 'GA', 'KY', 'MA', 'MD', 'ME', 'MI', 'NC', 'NH', 'NJ', 'NY', 'OH', 'PA', 'RI',
      'SC', 'VA',
      'VT', 'WV') then '{America/New_York}'
    when state in ('AL', 'AR', 'IA', 'IL', 'KS', 'LA', 'MN', 'MO', 'MS', 'ND', 'NE', 'OK', 'SD', 'TN', 'TX', 'WI')
      then '{America/Chicago}'
    when state in ('CO', 'MT', 'NM', 'UT', 'WY') then '{America/Denver}'
    when state in ('CA', 'NV', 'WA', 'OR') then '{America/Los_Angeles}'
    when state = 'IN' then '{America/Indiana/Indianapolis}'
    when state = 'ID' then '{America/Boise}'
    when state = 'AZ' then '{America/Phoenix}'
    when state = 'AK' then '{America/Anchorage}'
    when state = 'HI' then '{Pacific/Honolulu}'
    when state in ('PR', 'VI') then '{America/Puerto_Rico}'
    when state = 'GU' then '{Pacific/Guam}'
    when state = 'MP' then '{Pacific/Saipan}'
    when state = 'AS' then '{Pacific/Pago_Pago}'
    else '{}'
  end::text[];
$$;
comment on function private.state_time_zones(text, text) is
  'The time zones of a state of the USA, or of a zip prefix outside its state''s main zone; both zones of a two-zone '
  'state without a zip; otherwise empty.';

create function private.callee_zones(phone text, state text, zip text, mailing_address text, time_zone text)
returns text[]
language sql
stable
set search_path = ''
as $$
  select coalesce(array_agg(distinct known.zone order by known.zone), '{}')
  from unnest(
    private.phone_zones($1) || private.state_time_zones($2, $3)
    -- … TX 78701 or … TX 78701-1234 at the end, as in US mailing addresses.
    || private.state_time_zones(
      substring($4 from '\m([A-Z]{2})[.,]?\s+[0-9]{5}(?:-[0-9]{4})?[\s,.A-Za-z]*$'),
      substring($4 from '\m[A-Z]{2}[.,]?\s+([0-9]{5})(?:-[0-9]{4})?[\s,.A-Za-z]*$'))
    || case when $5 = '' then '{}' else array[$5] end
  ) as known (zone);
$$;
comment on function private.callee_zones(text, text, text, text, text) is
  'The possible time zones of a person: of their number, the property, their mailing address, and the one given for '
  'the call (empty: none). Empty if nothing is known.';
