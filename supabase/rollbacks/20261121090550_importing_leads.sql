drop function public.import_leads(text, uuid, jsonb, text);
drop function private.import_leads_as(uuid, text, uuid, jsonb, text);
drop function private.import_leads(text, uuid, jsonb, text);
drop function private.write_leads(regclass, uuid, integer[], jsonb);
drop function private.business_table(uuid, text, text);
