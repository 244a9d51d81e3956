-- Broadcasts of conversations: what was said and changed is told on `conversation:<id>`, to whoever may read it.
--
-- Touches: triggers on messages and conversations; the policy on realtime.messages that lets readers subscribe.
-- Beware:  A broadcast carries ids, never content. Realtime checks access when a client joins a channel, not for each
--          message, and content would be written twice. A subscriber reads the row itself, under row-level security.

create function private.broadcast_messages()
returns trigger
language plpgsql
volatile
security definer -- people may not send on the topic
set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object('id', new.id, 'parent_id', new.parent_id, 'role', new.role), 'message_added',
    'conversation:' || new.conversation_id, true
  );
  return null;
end;
$$;
comment on function private.broadcast_messages() is
  'Trigger on messages: broadcasts message_added {id, parent_id, role} on conversation:<id>.';
create trigger broadcast_messages after insert on public.messages
  for each row execute function private.broadcast_messages();

create function private.broadcast_changed_messages()
returns trigger
language plpgsql
volatile
security definer -- people may not send on the topic
set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object('id', new.id, 'is_taken_back', new.taken_back_at is not null), 'message_changed',
    'conversation:' || new.conversation_id, true
  );
  return null;
end;
$$;
comment on function private.broadcast_changed_messages() is
  'Trigger on messages: broadcasts message_changed {id, is_taken_back} on conversation:<id> when a message moves '
  'forward or is taken back.';
create trigger broadcast_changed_messages after update of parts on public.messages
  for each row execute function private.broadcast_changed_messages();

create function private.broadcast_conversations()
returns trigger
language plpgsql
volatile
security definer -- people may not send on the topic
set search_path = ''
as $$
begin
  perform realtime.send(
    pg_catalog.jsonb_build_object('id', new.id, 'is_deleted', new.deleted_at is not null), 'conversation_changed',
    'conversation:' || new.id, true
  );
  return null;
end;
$$;
comment on function private.broadcast_conversations() is
  'Trigger on conversations: broadcasts conversation_changed {id, is_deleted} on conversation:<id>.';
create trigger broadcast_conversations after update of title, visibility, tags, folder_id,
  deleted_at on public.conversations
  for each row
  when ((old.title, old.visibility, old.tags, old.folder_id, old.deleted_at)
    is distinct from (new.title, new.visibility, new.tags, new.folder_id, new.deleted_at))
  execute function private.broadcast_conversations();

create function private.topic_id(subject text)
returns uuid
language plpgsql
stable
parallel safe
set search_path = ''
as $$
declare
  topic text := realtime.topic();
  id text := pg_catalog.substr(topic, pg_catalog.length(subject) + 2);
begin
  return case
    when pg_catalog.starts_with(topic, subject || ':') and pg_catalog.pg_input_is_valid(id, 'uuid') then id::uuid end;
end;
$$;
comment on function private.topic_id(text) is
  'The id in the topic `<subject>:<id>` that a client joins, else null. Never raises: a function that raises in a '
  'policy can silence every Realtime subscriber.';
grant execute on function private.topic_id(text) to authenticated;
-- For the private topics conversation:<id> and workspace:<id>. Clients do not send there: only the database broadcasts.
-- (The reason stands here because a comment on the policy needs the table's owner, which is the platform. It is one
-- policy, because Realtime checks each policy for every topic.)
create policy "Readers of a topic receive its broadcasts" on realtime.messages
  for select to authenticated
  using (
    extension = 'broadcast'
    -- No agent: Realtime asks once per token, and what is taken back from an agent ends within two seconds.
    and (select private.agent_of_token()) is null
    and (
      exists (
        select from public.conversations as conversation
        where conversation.id = (select private.topic_id('conversation'))
      )
      -- Only admins see a workspace's spending and its budgets.
      or (select private.topic_id('workspace')) = any ((select private.workspace_ids('admin'))::uuid[])
    )
  );
