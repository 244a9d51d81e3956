-- Back from: records of prompts.
drop function private.context_profile(public.conversations, uuid[]);
drop table public.context_records, public.context_profiles;
drop trigger keep_short_form on public.messages;
