-- Back from: storage. The buckets must be empty: Storage deletes objects, with their bytes.
drop policy "People read their files, those of conversations, and pictures" on storage.objects;
drop policy "People delete files from their folders" on storage.objects;
drop policy "People replace and move files in their folders" on storage.objects;
drop policy "People put files into their folders" on storage.objects;
drop function private.hidden_conversation_ids();
drop index public.conversations_hidden;
select cron.unschedule('remove-files');
drop function private.request_file_removal();
drop function private.take_objects_to_remove(integer, integer);
drop trigger remove_files_taken_back on public.messages;
drop function private.remove_files_taken_back();
drop function private.objects_to_remove(private.folders_to_empty, integer);
drop trigger queue_folder_removal on public.workspaces;
drop trigger queue_folder_removal on public.conversations;
drop function private.queue_folder_removal();
drop function private.objects_below(text, text, integer);
delete from private.personal_columns where table_name = 'private.folders_to_empty';
drop table private.folders_to_empty;
-- The platform refuses deletes from these tables without this setting.
select set_config('storage.allow_delete_query', 'true', true) as meant;
delete from storage.buckets where id in ('attachments', 'avatars');
