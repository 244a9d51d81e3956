-- Back from: proven addresses.
drop function private.path_id(text, integer);
drop function private.places_of(uuid, text, boolean);
drop function private.has_confirmed_address(uuid);
