-- Back from: clients as agents. Take the hook out of Auth's settings first, or no one can sign in.
drop function private.custom_access_token_hook(jsonb);
revoke usage on schema private from supabase_auth_admin;
drop function public.agents_of_client(text, text);
drop function private.agents_of_client(text, text);
drop function private.delegation_of_client(text, text, text);
drop function private.use_client_credential(uuid, text, text);
drop function private.link_identity(uuid, text, text);
drop table public.linked_identities;
