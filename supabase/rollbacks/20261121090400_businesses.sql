drop function private.business_time_zone(uuid, text);
drop function private.business_prefix(text, text);
drop table public.businesses;
