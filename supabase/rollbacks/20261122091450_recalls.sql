select cron.unschedule('count-recalls');
drop function private.count_recalls(integer);
drop function private.recalled_since(public.memories, timestamptz);
drop function private.note_recall(uuid, uuid, uuid[]);
drop table private.recalls;
