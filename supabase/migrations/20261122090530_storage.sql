-- Storage: the files that people attach, and their pictures; and how files go when what they belonged to is gone.
--
-- Touches: the buckets `attachments` and `avatars`, policies on storage.objects, private.folders_to_empty with triggers
--          on conversations, messages and workspaces, the job remove-files.
-- Beware:  an object's name says whose it is: <workspace_id>/<user_id>/…, and of a file in a conversation
--          <workspace_id>/<user_id>/<conversation_id>/…: who reads the conversation reads the file. The tables of
--          storage are the platform's: policies have their reasons here and not in comments on them, which would want
--          their owner. Objects are deleted through Storage, which deletes their bytes; a row deleted here would leave
--          those behind. So the transaction that removes a conversation or a workspace for good, whoever it is, writes
--          down the folder, and the function `files` empties it: what Storage does not do today it is asked for until
--          it has.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
  ('attachments', 'attachments', false, 52428800, null),
  -- Public: a picture is shown by its address, also where nobody is signed in.
  ('avatars', 'avatars', true, 2097152, array['image/png', 'image/jpeg', 'image/webp', 'image/gif']);

-- What is to be removed -----------------------------------------------------------------------------------------------

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
  'Folders of conversations and workspaces that are no more and still have files, and single files of messages that '
  'were taken back. A row goes when there is nothing left; no key leads to what is gone.';
comment on column private.folders_to_empty.object_name is 'The one file that goes; null: all of the folder.';
comment on column private.folders_to_empty.user_id is 'Null, with conversation_id: the whole workspace''s folder.';
comment on column private.folders_to_empty.tried_at is 'When Storage was last asked; the longest ago is the next.';
create index folders_to_empty_user_id on private.folders_to_empty (user_id);
create index folders_to_empty_next on private.folders_to_empty (tried_at nulls first, id);
-- Where erasing leaves it out, Storage has nothing of the person any more.
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('private.folders_to_empty', 'user_id', 'delete', false, 'workspace_id');

create function private.objects_below(bucket text, folder text, most integer)
returns setof text
language sql
stable
set search_path = ''
as $$
  -- `0` is what follows `/`: the operators are those of the platform's index on names, whatever the database's
  -- collation.
  select o.name from storage.objects as o
  where o.bucket_id = $1 and o.name operator(pg_catalog.~>=~) ($2 || '/')
    and o.name operator(pg_catalog.~<~) ($2 || '0')
  order by o.name using operator(pg_catalog.~<~) limit $3;
$$;
comment on function private.objects_below(text, text, integer) is
  'The names of up to `most` objects of a bucket below a folder.';

create function private.empty_their_folders()
returns trigger
language plpgsql
volatile
security definer -- whoever deletes, also by a key's cascade, the list is the owner's
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
comment on function private.empty_their_folders() is
  'Trigger on conversations and workspaces: writes down the folders of what was deleted for good, where they have '
  'files.';
create trigger empty_their_folders after delete on public.conversations referencing old table as gone
  for each statement execute function private.empty_their_folders();
create trigger empty_their_folders after delete on public.workspaces referencing old table as gone
  for each statement execute function private.empty_their_folders();

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
  'The names of up to `most` objects of a folder that is to be emptied, or of the one file that goes.';

create function private.remove_files_taken_back()
returns trigger
language plpgsql
volatile
security definer -- the list is the owner's
set search_path = ''
as $$
begin
  -- Files of its conversation that no other message there names; what lies elsewhere its person keeps for other things.
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
  'Trigger on messages: what was attached to a message that was taken back is removed, where it lies in the '
  'conversation''s folder.';
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
  -- A folder of thousands keeps none of the others waiting.
  select (taken.which).bucket_id, o.name
  from taken cross join lateral private.objects_to_remove(taken.which, most) with ordinality as o (name, place)
  order by o.place, (taken.which).id limit most;
end;
$$;
comment on function private.take_objects_to_remove(integer, integer) is
  'Forgets the folders that are empty, and of the others answers up to `most` objects that Storage is to remove, of '
  '`folders` folders, those tried longest ago first. To remove one twice is harmless.';

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
  'The job remove-files: calls files/remove-due when there are folders to empty and no call is on its way. What three '
  'attempts leave is due again in five minutes. Returns the call''s id.';
select cron.schedule('remove-files', '*/5 * * * *', 'select private.request_file_removal()');

-- Who may what --------------------------------------------------------------------------------------------------------

create index conversations_hidden on public.conversations (user_id) where deleted_at is not null;
create function private.hidden_conversation_ids()
returns uuid[]
language plpgsql
stable
parallel safe
security definer -- people do not see what they deleted
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
  'The caller''s conversations that are deleted, or purged with files still there. For policies: coalesce(id <> all '
  '((select private.hidden_conversation_ids())::uuid[]), true).';
grant execute on function private.hidden_conversation_ids() to authenticated, service_role;

-- Below one's own folder, in a workspace of one's own, and not with a conversation that was deleted.
create policy "People put files into their folders" on storage.objects
  for insert to authenticated
  with check (
    bucket_id in ('attachments', 'avatars')
    and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
    and private.path_id(name, 2) = (select private.current_user_id())
    and split_part(name, '/', 3) <> ''
    and coalesce(private.path_id(name, 3) <> all ((select private.hidden_conversation_ids())::uuid[]), true)
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
    and coalesce(private.path_id(name, 3) <> all ((select private.hidden_conversation_ids())::uuid[]), true)
  );

create policy "People delete files from their folders" on storage.objects
  for delete to authenticated
  using (
    bucket_id in ('attachments', 'avatars')
    and private.path_id(name, 1) = any ((select private.workspace_ids())::uuid[])
    and private.path_id(name, 2) = (select private.current_user_id())
  );

-- What is attached to a conversation is read with it: its owner's folder and its id, or anybody could show a file as
-- part of another's talk. With a deleted one it is hidden, from its owner too; whoever cannot read an object can
-- neither replace nor delete it.
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
