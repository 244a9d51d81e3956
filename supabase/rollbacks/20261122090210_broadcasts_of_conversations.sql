-- Back from: broadcasts of conversations.
drop policy "Readers of a topic receive its broadcasts" on realtime.messages;
drop function private.topic_id(text);
drop trigger broadcast_conversations on public.conversations;
drop trigger broadcast_changed_messages on public.messages;
drop trigger broadcast_messages on public.messages;
drop function private.broadcast_changed_messages();
drop function private.broadcast_conversations(), private.broadcast_messages();
