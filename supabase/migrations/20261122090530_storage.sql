-- Storage: the files that people attach, and their pictures.
--
-- Touches: the buckets `attachments` and `avatars`, policies on storage.objects, private.path_id.
-- Beware:  an object's name says whose it is: <workspace_id>/<user_id>/…, and of a file in a conversation
--          <workspace_id>/<user_id>/<conversation_id>/…: who reads the conversation reads the file. The tables of storage are the platform's:
--          policies have their reasons here and not in comments on them, which would want their owner. Objects are deleted through Storage,
--          which deletes their bytes; a row deleted here would leave those behind.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
  ('attachments', 'attachments', false, 52428800, null),
  -- Public: a picture is shown by its address, also where nobody is signed in.
  ('avatars', 'avatars', true, 2097152, array['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

create function private.path_id(name text, place integer)
returns uuid
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  part text := pg_catalog.split_part(name, '/', place);
begin
  return case when pg_catalog.pg_input_is_valid(part, 'uuid') then part::uuid end;
end;
$$;
comment on function private.path_id(text, integer) is 'The id at a place (from 1) of an object''s name; null when there is none. Never raises.';
grant execute on function private.path_id(text, integer) to authenticated, service_role;

-- Below one's own folder, in a workspace of one's own.
create policy "People put files into their folders" on storage.objects
  for insert to authenticated
  with check (
    bucket_id in ('attachments', 'avatars')
    and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
    and private.path_id(name, 2) = (select private.current_user_id())
    and split_part(name, '/', 3) <> ''
  );

-- An upsert and a move are updates. Neither leads out of one's folder.
create policy "People replace and move files in their folders" on storage.objects
  for update to authenticated
  using (
    bucket_id in ('attachments', 'avatars')
    and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
    and private.path_id(name, 2) = (select private.current_user_id())
  )
  with check (
    bucket_id in ('attachments', 'avatars')
    and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
    and private.path_id(name, 2) = (select private.current_user_id())
    and split_part(name, '/', 3) <> ''
  );

create policy "People delete files from their folders" on storage.objects
  for delete to authenticated
  using (
    bucket_id in ('attachments', 'avatars')
    and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
    and private.path_id(name, 2) = (select private.current_user_id())
  );

-- What is attached to a conversation is read with it: its owner's folder and its id, or anybody could show a file as part of another's talk.
create policy "People read their files, those of conversations, and pictures" on storage.objects
  for select to authenticated
  using (
    bucket_id in ('attachments', 'avatars')
    and (
      (private.path_id(name, 2) = (select private.current_user_id()) and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[]))
      or (bucket_id = 'avatars' and private.path_id(name, 1) = any ((select private.workspace_ids('member'))::uuid[]))
      or (bucket_id = 'attachments' and (
        select conversation.id from public.conversations as conversation
        where conversation.id = private.path_id(name, 3) and conversation.user_id = private.path_id(name, 2)
          and conversation.workspace_id = private.path_id(name, 1)
      ) is not null)
    )
  );
