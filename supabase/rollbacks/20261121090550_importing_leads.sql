drop function public.import_leads(text, uuid, jsonb, text);
drop function private.import_leads_as(uuid, text, uuid, jsonb, text);
drop function private.import_leads(text, uuid, jsonb, text);
drop function private.write_lead(regclass, uuid, jsonb);
drop function private.read_lead(regclass, jsonb);
drop function private.business_table(uuid, text, text);
