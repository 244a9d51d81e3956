-- Back from: deleting conversations. What was deleted stays hidden.
select cron.unschedule('purge-conversations');
drop function private.purge_conversations();
drop function public.restore_conversation(uuid), public.delete_conversation(uuid),
  private.set_conversation_deleted(uuid, boolean);
