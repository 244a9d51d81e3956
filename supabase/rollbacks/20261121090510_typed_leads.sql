drop trigger read_typed_lead on public.leads;
drop function private.read_typed_lead();
