-- Folders and conversations: what a person discusses, with which agent, and who else may read it.
--
-- Touches: public.folders: a person's folder tree, for conversations and artifacts.
--          public.conversations: conversations, their visibility and their active message.
-- Beware:  A conversation belongs to its owner. Workspace admins have no extra access. `visibility` alone opens it to
--          others, for reading only. A person who leaves the workspace keeps the rows, but cannot see them until they
--          rejoin. Each turn updates the conversation's row once. No index covers the columns that a turn changes
--          (active_message_id, updated_at), so these updates stay HOT and within their page.

-- folders -------------------------------------------------------------------------------------------------------------
create table public.folders (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null default private.current_user_id() references public.profiles (user_id) on delete cascade,
  name text not null,
  path extensions.ltree not null,
  parent_path extensions.ltree generated always as (case
    when extensions.nlevel(path) > 1 then extensions.subpath(path, 0, -1) end) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (workspace_id, user_id, path),
  unique (workspace_id, user_id, id),
  constraint parent_is_a_folder foreign key (workspace_id, user_id, parent_path)
    references public.folders (workspace_id, user_id, path) on delete cascade,
  constraint name_is_short check (length(name) between 1 and 200),
  constraint path_is_at_most_16_deep check (length(path::text) <= 1000 and extensions.nlevel(path) between 1 and 16)
);
comment on table public.folders is
  'A person''s folders for conversations and artifacts. Deleting a folder deletes its subfolders. Conversations and '
  'artifacts in them stay, without a folder.';
alter table public.folders enable row level security;
comment on column public.folders.path is
  'The folder''s path. Labels of letters, digits, _ and -, joined by dots: work.hiring.2026. Unique per owner. '
  'move_folder also moves the subfolders.';
comment on column public.folders.parent_path is
  'Derived from path. A foreign key on it requires that the parent folder exists.';
create index folders_user_id on public.folders (user_id);
create index folders_parent_path on public.folders (workspace_id, user_id, parent_path);
create index folders_path on public.folders using gist (path);
create trigger touch_updated_at before update on public.folders
  for each row execute function private.touch_updated_at();

grant select, delete on public.folders to authenticated;
grant insert (workspace_id, name, path) on public.folders to authenticated;
grant update (name, path) on public.folders to authenticated;
grant select, insert, update, delete on public.folders to service_role;
-- user_id is not granted: a folder belongs to the user who creates it.

create policy "People read their folders" on public.folders
  for select to authenticated
  using (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People read their folders" on public.folders is
  'Filing is private, even when a conversation in the folder is shared.';
create policy "People make folders" on public.folders
  for insert to authenticated
  with check (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People make folders" on public.folders is
  'In their workspaces. Guests too: they have conversations to file.';
create policy "People rename and move their folders" on public.folders
  for update to authenticated
  using (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[]))
  with check (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People rename and move their folders" on public.folders is
  'An update by hand can only move a folder without subfolders. The foreign key refuses the rest.';
create policy "People delete their folders" on public.folders
  for delete to authenticated
  using (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People delete their folders" on public.folders is
  'Deleting a folder deletes no conversation and no artifact.';

create function public.move_folder(folder_id uuid, to_path text)
returns integer
language plpgsql
volatile
security invoker -- row-level security limits it to the caller's folders
set search_path = ''
as $$
declare
  folder public.folders;
  target extensions.ltree;
  moved integer;
begin
  select known.* into folder from public.folders as known where known.id = move_folder.folder_id;
  if not found then
    perform private.raise_error('not_found', 'No such folder of yours.', 404);
  end if;
  if not pg_catalog.pg_input_is_valid(move_folder.to_path, 'extensions.ltree') or move_folder.to_path = '' then
    perform private.raise_error('invalid_body', 'This is not a path.', 400,
      'Labels of letters, digits, _ and -, with dots between them.');
  end if;
  target := move_folder.to_path::extensions.ltree;
  if target operator(extensions.<@) folder.path and target operator(extensions.<>) folder.path then
    perform private.raise_error('folder_in_itself', 'A folder cannot be moved into itself.', 409);
  end if;
  -- One statement: the foreign key to the parent is checked after all rows have moved.
  update public.folders as known
  set path = case when known.path operator(extensions.=) folder.path then target
    else target operator(extensions.||) extensions.subpath(known.path, extensions.nlevel(folder.path)) end
  where known.workspace_id = folder.workspace_id and known.user_id = folder.user_id
    and known.path operator(extensions.<@) folder.path;
  get diagnostics moved = row_count;
  return moved;
exception
  when unique_violation then
    perform private.raise_error('path_taken', 'There is a folder at this path.', 409);
    return 0; -- unreachable, like the one below
  when foreign_key_violation then
    perform private.raise_error('not_found', 'There is no folder to move it into.', 404,
      'Make the folders above it first.');
    return 0;
end;
$$;
comment on function public.move_folder(uuid, text) is
  'Moves a folder of the caller to another path, with all its subfolders. Returns how many folders moved. Errors: '
  'not_found 404 (also when the new parent folder is missing), invalid_body 400, folder_in_itself 409, path_taken 409.';
grant execute on function public.move_folder(uuid, text) to authenticated, service_role;

-- conversations -------------------------------------------------------------------------------------------------------
create table public.conversations (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null default private.current_user_id() references public.profiles (user_id) on delete cascade,
  agent_id uuid,
  title text not null default '',
  visibility text not null default 'private',
  folder_id uuid,
  tags text[] not null default '{}',
  last_context jsonb not null default '{}',
  active_message_id uuid,
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_message_at timestamptz not null default now(),
  unique (workspace_id, user_id, id),
  constraint agent_is_of_the_workspace foreign key (workspace_id, agent_id)
    references public.agents (workspace_id, id) on delete set null (agent_id),
  constraint folder_is_its_owners foreign key (workspace_id, user_id, folder_id)
    references public.folders (workspace_id, user_id, id) on delete set null (folder_id),
  constraint title_is_short check (length(title) <= 300),
  constraint tags_are_at_most_50 check (
    coalesce(array_ndims(tags), 1) = 1 and cardinality(tags) <= 50 and array_position(tags, null) is null
    and length(array_to_string(tags, '')) <= 5000
  ),
  constraint visibility_is_known check (visibility in ('private', 'workspace', 'public')),
  constraint last_context_is_an_object check (jsonb_typeof(last_context) = 'object'
    and pg_column_size(last_context) <= 65536)
) with (fillfactor = 80);
comment on table public.conversations is
  'A conversation of one person with one agent, or with none. Deletion is soft: the conversation is hidden at once and '
  'purged 30 days later.';
alter table public.conversations enable row level security;
comment on column public.conversations.visibility is
  'Who else may read it. private: no one · workspace: its members · public: its members read the rows, and every '
  'signed-in user who has the id reads the messages through shared_conversation.';
comment on column public.conversations.active_message_id is
  'The leaf of the branch that is shown; null before the first message. Set by add_message and select_branch.';
comment on column public.conversations.last_context is
  'State that an agent saves for the next turn. Members who may read the conversation can see it; other readers '
  'cannot.';
comment on column public.conversations.updated_at is 'When the row was last changed, by a message or by hand.';
comment on column public.conversations.last_message_at is
  'When the last message was added. Lists are ordered by it. Filing, tagging and renaming do not change it.';
create index conversations_user_id on public.conversations (user_id, workspace_id);
create index conversations_agent_id on public.conversations (workspace_id, agent_id);
create index conversations_folder_id on public.conversations (workspace_id, user_id, folder_id);
create index conversations_tags on public.conversations using gin (tags);
create index conversations_shared on public.conversations (workspace_id)
  where visibility = 'workspace' and deleted_at is null;
create index conversations_public on public.conversations (workspace_id)
  where visibility = 'public' and deleted_at is null;
create index conversations_deleted_at on public.conversations (deleted_at) where deleted_at is not null;
-- An import gives the time of the last change in the source system.
create trigger touch_updated_at before update on public.conversations
  for each row when (new.updated_at = old.updated_at) execute function private.touch_updated_at();

grant select on public.conversations to authenticated;
grant insert (workspace_id, agent_id, title, visibility, folder_id, tags) on public.conversations to authenticated;
grant update (title, visibility, folder_id, tags) on public.conversations to authenticated;
grant select, insert, update, delete on public.conversations to service_role;
-- id is not granted: a client could take an id before others do, and a refusal would reveal that an id exists. delete
-- is not granted to people, because deletion is soft: see delete_conversation. add_message and select_branch set the
-- active message. Only the service writes last_context.

create policy "People read their conversations and those that are shared" on public.conversations
  for select to authenticated
  using (
    deleted_at is null
    and (
      (user_id = (select private.current_user_id('conversations:read'))
        and workspace_id = any ((select private.workspace_ids('guest', 'conversations:read'))::uuid[])
        and ((select private.agent_of_token()) is null or agent_id = (select private.agent_of_token())))
      or (visibility in ('workspace', 'public')
        and workspace_id = any ((select private.workspace_ids('member'))::uuid[]))
    )
  );
comment on policy "People read their conversations and those that are shared" on public.conversations is
  'Admins have no extra access: a conversation with an assistant is private. An agent reads only the conversations '
  'that the person has with it. Outsiders and guests read no rows, so public conversations cannot be listed; '
  'shared_conversation returns their messages.';
create policy "People open conversations with agents that they may use" on public.conversations
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[])
    and (agent_id is null or agent_id = any ((select private.usable_agent_ids())::uuid[]))
  );
comment on policy "People open conversations with agents that they may use" on public.conversations is
  'Checked when the conversation is opened. When a user loses the agent, sessions with it end; messages stay readable.';
create policy "People change their conversations" on public.conversations
  for update to authenticated
  using (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[])
    and deleted_at is null)
  with check (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]) and deleted_at is null);
comment on policy "People change their conversations" on public.conversations is
  'Title, tags, folder and visibility. Readers change nothing.';
