-- Back from: shared conversations. Links that were given out stop working.
drop function public.shared_conversation(uuid, integer, uuid);
drop function private.shared_conversation(uuid, integer, uuid);
drop function private.conversation_of_link(text);
drop function private.transcript_page(uuid, integer, uuid);
drop function public.revoke_share_link(uuid);
drop function private.revoke_share_link(uuid);
drop function public.create_share_link(uuid, timestamptz);
drop function private.create_share_link(uuid, timestamptz);
delete from private.personal_columns where table_name = 'public.share_links';
drop table public.share_links;
