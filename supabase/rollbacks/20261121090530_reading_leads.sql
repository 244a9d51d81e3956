drop function private.read_leads(regclass, jsonb);
drop function private.fits_array(jsonb, oid);
drop function private.judge_leads(regclass, integer[], jsonb);
drop function private.read_lead(jsonb);
drop table public.import_headings;
