-- Storage: uploaded files and avatars, and the removal of files whose owner or conversation is gone.
--
-- Touches: The buckets `attachments` and `avatars`, and policies on storage.objects: who may read and write which file.
--          private.folders_to_empty, with triggers on conversations, messages and workspaces: the removal queue.
--          The job remove-files: works it off.
-- Beware:  An object's name encodes its owner: <workspace_id>/<user_id>/…. A file of a conversation is
--          <workspace_id>/<user_id>/<conversation_id>/…: a user who may read the conversation may read the file. The
--          tables of storage belong to the platform. A comment on their policies needs their owner, so the reasons
--          stand here. Delete objects through Storage, which also deletes their bytes; deleting the row would leave the
--          bytes. So a transaction that deletes a conversation or a workspace for good, by any caller, queues the
--          folder, and the function `files` empties it. It retries until Storage has removed everything.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
  ('attachments', 'attachments', false, 52428800, null),
  -- Public: a URL serves the picture, also to visitors who are not signed in.
  ('avatars', 'avatars', true, 2097152, array['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

-- The removal queue ---------------------------------------------------------------------------------------------------

create table private.folders_to_empty (
  id bigint generated always as identity primary key,
  bucket_id text not null,
  workspace_id uuid not null,
  user_id uuid,
  conversation_id uuid,
  object_name text,
  folder text not null generated always as (workspace_id::text ||
    coalesce('/' || user_id::text || '/' || conversation_id::text, '')) stored,
  gone_at timestamptz not null default now(),
  tried_at timestamptz,
  unique nulls not distinct (bucket_id, workspace_id, user_id, conversation_id, object_name),
  constraint object_is_in_the_conversations_folder check (
    object_name is null or conversation_id is not null
      and starts_with(object_name, workspace_id::text || '/' || user_id::text || '/' || conversation_id::text || '/')
  ),
  constraint person_and_conversation_go_together check ((user_id is null) = (conversation_id is null))
);
comment on table private.folders_to_empty is
  'A queue of folders whose conversation or workspace was deleted and that still hold files, and of single files of '
  'messages that were taken back. A row is removed when nothing is left. No foreign keys: what they would point to is '
  'gone.';
comment on column private.folders_to_empty.object_name is 'The single file to remove; null: the whole folder.';
comment on column private.folders_to_empty.user_id is
  'Null, together with conversation_id: the whole workspace''s folder.';
comment on column private.folders_to_empty.tried_at is 'When Storage was last called for it. The oldest is next.';
create index folders_to_empty_user_id on private.folders_to_empty (user_id);
create index folders_to_empty_next on private.folders_to_empty (tried_at nulls first, id);
-- Erasure deletes these rows: by then Storage holds nothing of the person.
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('private.folders_to_empty', 'user_id', 'delete', false, 'workspace_id');

create function private.objects_below(bucket text, folder text, most integer)
returns setof text
language sql
stable
set search_path = ''
as $$
  -- `0` is the character after `/`. The operators are those of the platform's index on names, in any collation.
  select o.name from storage.objects as o
  where o.bucket_id = $1 and o.name operator(pg_catalog.~>=~) ($2 || '/')
    and o.name operator(pg_catalog.~<~) ($2 || '0')
  order by o.name using operator(pg_catalog.~<~) limit $3;
$$;
comment on function private.objects_below(text, text, integer) is
  'The names of up to `most` objects of a bucket below a folder.';

create function private.queue_folder_removal()
returns trigger
language plpgsql
volatile
security definer -- the queue belongs to the owner; deletes come from any role, also by cascade
set search_path = ''
as $$
begin
  if tg_table_name = 'conversations' then
    insert into private.folders_to_empty (bucket_id, workspace_id, user_id, conversation_id)
    select 'attachments', gone.workspace_id, gone.user_id, gone.id from gone
    where exists (select
      from private.objects_below('attachments', concat_ws('/', gone.workspace_id, gone.user_id, gone.id), 1))
    on conflict do nothing;
  else
    insert into private.folders_to_empty (bucket_id, workspace_id)
    select bucket.id, gone.id from gone cross join unnest(array['attachments', 'avatars']) as bucket (id)
    where exists (select from private.objects_below(bucket.id, gone.id::text, 1))
    on conflict do nothing;
  end if;
  return null;
end;
$$;
comment on function private.queue_folder_removal() is
  'Trigger on conversations and workspaces: queues the folders of a row that is deleted for good, if they hold files.';
create trigger queue_folder_removal after delete on public.conversations referencing old table as gone
  for each statement execute function private.queue_folder_removal();
create trigger queue_folder_removal after delete on public.workspaces referencing old table as gone
  for each statement execute function private.queue_folder_removal();

create function private.objects_to_remove(which private.folders_to_empty, most integer)
returns setof text
language sql
stable
set search_path = ''
as $$
  select below from private.objects_below($1.bucket_id, $1.folder, $2) as below where $1.object_name is null
  union all
  select o.name from storage.objects as o where o.bucket_id = $1.bucket_id and o.name = $1.object_name;
$$;
comment on function private.objects_to_remove(private.folders_to_empty, integer) is
  'The names of up to `most` objects to remove: of a queued folder, or a single file.';

create function private.remove_files_taken_back()
returns trigger
language plpgsql
volatile
security definer -- the queue belongs to the owner
set search_path = ''
as $$
begin
  -- Files in the conversation's folder that no other message there references. Files elsewhere may have other uses and
  -- stay.
  insert into private.folders_to_empty (bucket_id, workspace_id, user_id, conversation_id, object_name)
  select distinct 'attachments', new.workspace_id, new.user_id, new.conversation_id, named.file ->> 'path'
  from jsonb_array_elements(old.attachments::jsonb) as named (file)
  where named.file ->> 'bucket' = 'attachments'
    and starts_with(named.file ->> 'path', concat_ws('/', new.workspace_id, new.user_id, new.conversation_id, ''))
    and not exists (
      select from public.messages as other
      where other.conversation_id = new.conversation_id and other.id <> new.id
        and other.attachments::jsonb @> jsonb_build_array(jsonb_build_object('path', named.file -> 'path'))
    )
  on conflict do nothing;
  return null;
end;
$$;
comment on function private.remove_files_taken_back() is
  'Trigger on messages: when a message is taken back, queues its attachments in the conversation''s folder for '
  'removal.';
create trigger remove_files_taken_back after update of taken_back_at on public.messages
  for each row when (old.taken_back_at is null and new.taken_back_at is not null)
  execute function private.remove_files_taken_back();

create function private.take_objects_to_remove(folders integer default 100, most integer default 100)
returns table (bucket_id text, name text)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  delete from private.folders_to_empty as f where not exists (select from private.objects_to_remove(f, 1));
  return query
  with taken as (
    update private.folders_to_empty as f set tried_at = pg_catalog.clock_timestamp()
    where f.id in (
      select next.id from private.folders_to_empty as next order by next.tried_at nulls first, next.id
      limit folders for update skip locked)
    returning f as which
  )
  -- Round robin, so that a folder of thousands does not delay the others.
  select (taken.which).bucket_id, o.name
  from taken cross join lateral private.objects_to_remove(taken.which, most) with ordinality as o (name, place)
  order by o.place, (taken.which).id limit most;
end;
$$;
comment on function private.take_objects_to_remove(integer, integer) is
  'Removes empty folders from the queue. Of `folders` others, least recently tried first, returns up to `most` objects '
  'for Storage to remove. Removing an object twice is harmless.';

create function private.request_file_removal()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
begin
  if exists (select from private.folders_to_empty) then
    return private.call_function_once('remove-files', 'files/remove-due', 3);
  end if;
  return null;
end;
$$;
comment on function private.request_file_removal() is
  'The job remove-files: calls files/remove-due when the queue has rows and no call is in progress. After three failed '
  'attempts the rest is due again in five minutes. Returns the call''s id.';
select cron.schedule('remove-files', '*/5 * * * *', 'select private.request_file_removal()');

-- Policies ------------------------------------------------------------------------------------------------------------

create index conversations_hidden on public.conversations (user_id) where deleted_at is not null;
create function private.hidden_conversation_ids()
returns uuid[]
language plpgsql
stable
parallel safe
security definer -- people cannot see rows that they deleted
set search_path = ''
as $$
declare
  caller uuid := private.current_user_id();
begin
  return array(
    select known.id from public.conversations as known where known.user_id = caller and known.deleted_at is not null
    union all
    select f.conversation_id from private.folders_to_empty as f where f.user_id = caller
  );
end;
$$;
comment on function private.hidden_conversation_ids() is
  'The caller''s conversations that are deleted, or purged while files remain. For policies: coalesce(id <> all '
  '((select private.hidden_conversation_ids())::uuid[]), true).';
grant execute on function private.hidden_conversation_ids() to authenticated, service_role;

-- Below the user's own folder, in a workspace of theirs, and not in a deleted conversation.
create policy "People put files into their folders" on storage.objects
  for insert to authenticated
  with check (
    bucket_id in ('attachments', 'avatars')
    and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
    and private.path_id(name, 2) = (select private.current_user_id())
    and split_part(name, '/', 3) <> ''
    and coalesce(private.path_id(name, 3) <> all ((select private.hidden_conversation_ids())::uuid[]), true)
  );

-- An upsert and a move are updates. Neither leads out of the user's folder.
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
    and coalesce(private.path_id(name, 3) <> all ((select private.hidden_conversation_ids())::uuid[]), true)
  );

create policy "People delete files from their folders" on storage.objects
  for delete to authenticated
  using (
    bucket_id in ('attachments', 'avatars')
    and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
    and private.path_id(name, 2) = (select private.current_user_id())
  );

-- A reader of a conversation may read its attachments. The name must hold the owner's folder and the conversation's id,
-- or any user could pass a file off as part of another conversation. Files of a deleted conversation are hidden, from
-- the owner too. A user who cannot read an object can neither replace nor delete it.
create policy "People read their files, those of conversations, and pictures" on storage.objects
  for select to authenticated
  using (
    bucket_id in ('attachments', 'avatars')
    and (
      (private.path_id(name, 2) = (select private.current_user_id())
        and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
        and coalesce(private.path_id(name, 3) <> all ((select private.hidden_conversation_ids())::uuid[]), true))
      or (bucket_id = 'avatars' and private.path_id(name, 1) = any ((select private.workspace_ids('member'))::uuid[]))
      or (bucket_id = 'attachments' and (
        select conversation.id from public.conversations as conversation
        where conversation.id = private.path_id(name, 3) and conversation.user_id = private.path_id(name, 2)
          and conversation.workspace_id = private.path_id(name, 1)
      ) is not null)
    )
  );
