-- Deleting conversations: softly, so that they can be restored for a while, then for good.
--
-- Touches: delete_conversation, restore_conversation: set and clear deleted_at.
--          private.purge_conversations and its schedule: removes what was deleted long ago.

create function private.set_conversation_deleted(conversation_id uuid, deleted boolean)
returns timestamptz
language plpgsql
volatile
security definer -- deleted_at is not granted: under RLS an owner cannot write a row that becomes invisible to them
set search_path = ''
as $$
declare
  caller uuid := private.current_user_id();
  since timestamptz;
begin
  update public.conversations as known
  set deleted_at = case when deleted then coalesce(known.deleted_at, pg_catalog.now()) end
  where known.id = set_conversation_deleted.conversation_id
    and (private.is_service() or (known.user_id = caller and known.workspace_id = any (private.workspace_ids())))
  returning known.deleted_at into since;
  if not found then
    perform private.raise_error('not_found', 'No such conversation of yours.', 404);
  end if;
  return since;
end;
$$;
comment on function private.set_conversation_deleted(uuid, boolean) is
  'The body of delete_conversation and restore_conversation.';

create function public.delete_conversation(conversation_id uuid)
returns timestamptz
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.set_conversation_deleted($1, true);
$$;
comment on function public.delete_conversation(uuid) is
  'Hides a conversation and its messages at once. A job purges them 30 days later. Idempotent. Callers: the owner and '
  'the service. Returns when it was deleted. Errors: not_found 404.';

create function public.restore_conversation(conversation_id uuid)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.set_conversation_deleted($1, false);
$$;
comment on function public.restore_conversation(uuid) is
  'Restores a deleted conversation within the 30 days before it is purged. Callers: the owner and the service. Errors: '
  'not_found 404.';

create function private.purge_conversations()
returns bigint
language plpgsql
volatile
set search_path = ''
as $$
begin
  return coalesce((private.for_all_workspaces('purge-conversations', $each$
    with gone as (delete from public.conversations as c
      where c.deleted_at < now() - interval '30 days' and ($1 is null or c.workspace_id = $1) returning 1)
    select array[count(*)] from gone$each$,
    $places$select distinct c.workspace_id from public.conversations as c
    where c.deleted_at < now() - interval '30 days' order by 1$places$))[1], 0);
end;
$$;
comment on function private.purge_conversations() is
  'Purges the conversations deleted 30 days ago, with all their messages. The job remove-files removes their files. '
  'Returns how many.';
select cron.schedule('purge-conversations', '47 2 * * *', 'select private.purge_conversations()');

grant execute on function
  public.delete_conversation(uuid), public.restore_conversation(uuid), private.set_conversation_deleted(uuid, boolean)
to authenticated, service_role;
