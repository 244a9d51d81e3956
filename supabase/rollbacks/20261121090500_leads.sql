drop table public.leads;
drop function private.appraise_lead();
drop function private.score_lead(text, date, bigint, bigint, bigint, boolean, integer, text[], date);
