-- Back from: talking. Messages stay readable.
drop policy "Readers of a topic receive its broadcasts" on realtime.messages;
drop function private.topic_id(text);
drop trigger broadcast_conversations on public.conversations;
drop trigger broadcast_changed_messages on public.messages;
drop trigger broadcast_messages on public.messages;
drop function private.broadcast_changed_messages();
drop function private.broadcast_conversations(), private.broadcast_messages();
select cron.unschedule('purge-conversations');
drop function private.purge_conversations();
drop function public.restore_conversation(uuid), public.delete_conversation(uuid),
  private.set_conversation_deleted(uuid, boolean);
drop function public.select_branch(text, uuid), private.select_branch(text, uuid);
drop function public.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint);
drop function private.add_message(uuid, jsonb, text, text, text, text, jsonb, jsonb, text, integer, bigint);
drop function public.answer_approval(uuid, text, text, boolean, text),
  private.answer_approval(uuid, text, text, boolean, text);
drop function private.hold_conversation(uuid, text);
