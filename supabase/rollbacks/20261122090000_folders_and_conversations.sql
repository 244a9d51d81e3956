-- Back from: folders and conversations.
drop function public.move_folder(uuid, text);
drop table public.conversations, public.folders;
