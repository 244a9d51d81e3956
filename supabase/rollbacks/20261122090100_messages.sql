-- Back from: messages. All messages are lost.
drop function public.conversation_path(uuid, integer, uuid);
drop trigger keep_active_message on public.conversations;
drop function private.keep_active_message();
drop table public.messages;
drop function private.keep_message_of_conversation();
drop function private.keep_parent_of_conversation();
drop function private.count_message();
drop function private.recount_message();
drop function private.message_key(uuid, text);
drop function private.name_of_client(text, uuid);
drop domain private.attachment_list, private.message_parts;
