drop table public.leads;
drop function private.appraise_lead();
drop function private.score_lead(text, date, bigint, bigint, bigint, boolean, integer, text[], date);
drop function private.lead_key(text, text, text);
drop function private.state_code(text);
