drop function private.phone_zones(text);
drop function private.read_phone(text);
drop function private.are_phone_numbers(text[]);
drop function private.is_phone_number(text);
drop function private.phone_line(text);
