-- Phone numbers: parsing, checks, the stored form, the line of an extension, and time zones.
--
-- Touches: private.read_phone (parses), is_phone_number and are_phone_numbers (check), phone_line (without the
--          extension), phone_zones.
-- Beware:  a number is stored as E.164, followed by its extension as in RFC 3966: +15125550101;ext=12. The line is the
--          number without the extension. A do-not-call request covers the line with all its extensions.

create function private.phone_line(phone text)
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select split_part($1, ';', 1);
$$;
comment on function private.phone_line(text) is 'The phone line of a number: the number without its extension.';

create function private.is_phone_number(phone text)
returns boolean
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  line text := substr(private.phone_line(phone), 2);
  plan text;
begin
  if phone !~ '^\+[1-9][0-9]{6,14}(;ext=[0-9]{1,11})?$' then
    return false;
  end if;
  -- Calling codes have one to three digits, and none is the beginning of another.
  for digits in 1..3 loop
    plan := private.phone_plan(left(line, digits));
    if plan is not null then
      return substr(line, digits + 1) ~ ('^(?:' || plan || ')$');
    end if;
  end loop;
  return false;
end;
$$;
comment on function private.is_phone_number(text) is
  'Whether a text is a normalized number: +, calling code, a national number that fits that code''s plan, and '
  'optionally ;ext= with up to eleven digits. Null for null.';

create function private.are_phone_numbers(phones text[])
returns boolean
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  phone text;
begin
  foreach phone in array coalesce(phones, '{}') loop
    if phone is null or not private.is_phone_number(phone) then
      return false;
    end if;
  end loop;
  return true;
end;
$$;
comment on function private.are_phone_numbers(text[]) is 'Whether all are normalized numbers, and none is null.';

create function private.read_phone(written text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  plain text := trim(normalize(written, NFKC));
  extension text;
  digits text;
  phone text;
begin
  -- 555-0101 x12, ext. 12, extension: 12, #12, ;ext=12, and the comma that a telephone waits at.
  extension := substring(plain
    from '(?i)[0-9)][\s,;.]*(?:ext(?:ensi[oó]n)?|x|#|anexo|int|,|;ext)[\s.:=#]*([0-9]{1,11})#?$');
  if extension is not null then
    plain := regexp_replace(plain, '(?i)[\s,;.]*(?:;?ext(?:ensi[oó]n)?|x|#|anexo|int|,)[\s.:=#]*[0-9]{1,11}#?$', '');
  end if;
  plain := regexp_replace(plain, '(?i)^tel:', '');
  -- The rest must be digits with the usual separators, and nothing else.
  if plain !~ '^\+?[0-9()\[\]\s./\-‐‑‒–—―−~]+$' or length(plain) > 40 then
    return null;
  end if;
  digits := regexp_replace(plain, '[^0-9]', '', 'g');
  phone := case when plain ~ '^\+' then '+' || digits
    when digits ~ '^011[2-9]' then '+' || substr(digits, 4)
    when length(digits) = 11 and digits ~ '^1' then '+' || digits
    else '+1' || digits end || coalesce(';ext=' || extension, '');
  return case when private.is_phone_number(phone) then phone end;
end;
$$;
comment on function private.read_phone(text) is
  'Normalizes a number that people wrote: +1 (512) 555-0101 x12 becomes +15125550101;ext=12. A number without + and '
  'calling code is North American. Null if it is no number.';

create function private.phone_zones(phone text)
returns text[]
language sql
stable
parallel safe
set search_path = ''
as $$
  select coalesce((
    select known.zones
    from generate_series(9, 1, -1) as digits
    join private.phone_time_zones as known on known.prefix = left(substr(private.phone_line($1), 2), digits)
    order by digits desc limit 1
  ), '{}');
$$;
comment on function private.phone_zones(text) is
  'The IANA time zones of a number, by its longest known prefix; empty if the prefix does not tell, as for freephone '
  'numbers.';
grant execute on function private.phone_line(text), private.is_phone_number(text), private.are_phone_numbers(text[]),
  private.read_phone(text) to authenticated, service_role;
