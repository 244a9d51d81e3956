-- What people type into a lead, stored as it is meant.
--
-- Touches: private.read_typed_lead, a trigger on public.leads: numbers, state, ZIP code and addresses of email.
-- Beware:  An import reads its rows itself and names the bad ones; this is for the one who edits by hand, and for
--          programs that write leads through the Data API. The table is a template: no table is named here.

create function private.read_typed_lead()
returns trigger
language plpgsql
volatile
security definer -- no writer of leads may call raise_error
set search_path = ''
as $$
declare
  written text;
  phone text;
  numbers text[] := '{}';
begin
  foreach written in array coalesce(new.phones, '{}') loop
    phone := private.read_phone(written);
    if phone is null then
      perform private.raise_error('invalid_phone', 'phones: one is no telephone number', 422,
        'E.g. +15125550101, or +15125550101;ext=12.');
    end if;
    numbers := numbers || phone;
  end loop;
  new.phones := case when new.phones is not null then numbers end;
  new.state := private.state_code(new.state);
  new.zip := btrim(new.zip);
  new.emails := case when new.emails is not null then array(select btrim(one.email)
    from unnest(new.emails) with ordinality as one (email, place) order by one.place) end;
  return new;
end;
$$;
comment on function private.read_typed_lead() is
  'Trigger of leads: normalizes telephone numbers and the state, and trims the ZIP code and addresses of email. '
  'Errors: invalid_phone 422.';
create trigger read_typed_lead before insert or update of phones, state, zip, emails on public.leads
  for each row execute function private.read_typed_lead();
