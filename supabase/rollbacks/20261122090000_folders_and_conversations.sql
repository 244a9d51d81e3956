-- Back from: folders and conversations.
drop function public.move_folder(uuid, text);
drop table public.conversations, public.folders;
drop function private.deleted_workspace_ids();
