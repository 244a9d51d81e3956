-- Back from: meaning of messages.
drop function private.queue_message_passages();
drop function private.places_with_passages();
drop function private.queue_passages(uuid);
drop function private.work_off_backlog(uuid);
drop trigger keep_message_backlog on public.workspaces;
drop function private.keep_message_backlog();
drop table private.message_backlogs;
drop trigger list_new_passages on public.messages;
drop function private.list_new_passages();
drop function private.list_passages(uuid[]);
drop function private.passage_of(text, integer);
select private.remove_limits(array['message_vectors']);
delete from private.personal_columns where table_name = 'private.message_vectors';
drop table private.message_vectors;
