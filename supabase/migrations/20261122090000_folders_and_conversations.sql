-- Folders and conversations: what a person talks about, with which agent, and who else may read it.
--
-- Touches: public.folders, public.conversations.
-- Beware:  a conversation is its owner's, also before the admins of the workspace; `visibility` alone opens it, for
--          reading. Whoever leaves the workspace keeps the rows and does not see them until they are back. A
--          conversation's row is written once a turn: nothing that a turn changes (active_message_id, updated_at) is in
--          an index, so that those updates stay within their page.

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
  constraint path_is_at_most_16_deep check (extensions.nlevel(path) between 1 and 16 and length(path::text) <= 1000)
);
comment on table public.folders is
  'A person''s folders for conversations and artifacts. Deleting one deletes those below it; what lay in them stays, '
  'in none.';
alter table public.folders enable row level security;
comment on column public.folders.path is
  'Where it is, by labels of letters, digits, _ and -: work.hiring.2026. Unique per owner; move_folder moves what is '
  'below it along.';
comment on column public.folders.parent_path is
  'Derived from path: the key that keeps every folder within one that exists.';
create index folders_user_id on public.folders (user_id);
create index folders_parent_path on public.folders (workspace_id, user_id, parent_path);
create index folders_path on public.folders using gist (path);
create trigger touch_updated_at before update on public.folders
  for each row execute function private.touch_updated_at();

grant select, delete on public.folders to authenticated;
grant insert (workspace_id, name, path) on public.folders to authenticated;
grant update (name, path) on public.folders to authenticated;
grant select, insert, update, delete on public.folders to service_role;
-- user_id is not granted: a folder is of whoever makes it.

create policy "People read their folders" on public.folders
  for select to authenticated
  using (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People read their folders" on public.folders is
  'How one files is one''s own matter, also where a conversation in it is shared.';
create policy "People make folders" on public.folders
  for insert to authenticated
  with check (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People make folders" on public.folders is
  'In their workspaces, guests too: they have conversations to file.';
create policy "People rename and move their folders" on public.folders
  for update to authenticated
  using (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[]))
  with check (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People rename and move their folders" on public.folders is
  'A path written by hand moves a folder without others below it; the key refuses the rest.';
create policy "People delete their folders" on public.folders
  for delete to authenticated
  using (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People delete their folders" on public.folders is 'Nothing that was said or made is lost with them.';

create function public.move_folder(folder_id uuid, to_path text)
returns integer
language plpgsql
volatile
security invoker -- row security decides whose folders these are
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
  -- One statement: the key to the parent is looked at when all of them have moved.
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
    return 0; -- not reached, like the one below
  when foreign_key_violation then
    perform private.raise_error('not_found', 'There is no folder to move it into.', 404,
      'Make the folders above it first.');
    return 0;
end;
$$;
comment on function public.move_folder(uuid, text) is
  'Moves a folder of the caller to another path, with all below it, and returns how many moved. Errors: not_found 404 '
  '(also for the folder above the new path), invalid_body 400, folder_in_itself 409, path_taken 409.';
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
  'A talk of one person with one agent, or with none. Deleting is soft: hidden at once, purged 30 days later.';
alter table public.conversations enable row level security;
comment on column public.conversations.visibility is
  'Who else reads it: private: nobody · workspace: its members · public: they, and what was said whoever is signed in '
  'and has its id (shared_conversation).';
comment on column public.conversations.active_message_id is
  'The leaf of the branch that is shown; null before the first message. Kept by add_message and select_branch.';
comment on column public.conversations.last_context is
  'What an agent leaves for the next turn. Members who read the conversation see it, others do not.';
comment on column public.conversations.updated_at is 'When its row was changed, by a message or by hand.';
comment on column public.conversations.last_message_at is
  'When something was said last: lists are ordered by it. Filing, tagging and renaming do not move a conversation up.';
create index conversations_user_id on public.conversations (user_id, workspace_id);
create index conversations_agent_id on public.conversations (workspace_id, agent_id);
create index conversations_folder_id on public.conversations (workspace_id, user_id, folder_id);
create index conversations_tags on public.conversations using gin (tags);
create index conversations_shared on public.conversations (workspace_id)
  where visibility = 'workspace' and deleted_at is null;
create index conversations_public on public.conversations (workspace_id)
  where visibility = 'public' and deleted_at is null;
create index conversations_deleted_at on public.conversations (deleted_at) where deleted_at is not null;
-- An import says when it was changed elsewhere.
create trigger touch_updated_at before update on public.conversations
  for each row when (new.updated_at = old.updated_at) execute function private.touch_updated_at();

grant select on public.conversations to authenticated;
grant insert (workspace_id, agent_id, title, visibility, folder_id, tags) on public.conversations to authenticated;
grant update (title, visibility, folder_id, tags) on public.conversations to authenticated;
grant select, insert, update, delete on public.conversations to service_role;
-- id is not granted: an id that somebody chooses is one that they can take before others, and one whose refusal tells
-- that it exists. delete is not granted to people, because deleting is soft: delete_conversation. The leaf that is
-- shown moves with what was said: add_message, select_branch. last_context is the service's.

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
  'Admins have no more here than others: what one says to an assistant is one''s own. An agent reads what the person '
  'says to it, and not to others. Whoever is outside of the workspace, guests too, reads no row, so that nothing '
  'public can be listed: shared_conversation tells what was said.';
create policy "People open conversations with agents that they may use" on public.conversations
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[])
    and (agent_id is null or agent_id = any ((select private.usable_agent_ids())::uuid[]))
  );
comment on policy "People open conversations with agents that they may use" on public.conversations is
  'Asked when it is opened. Losing the agent later ends sessions with it; what was said stays readable.';
create policy "People change their conversations" on public.conversations
  for update to authenticated
  using (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[])
    and deleted_at is null)
  with check (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]) and deleted_at is null);
comment on policy "People change their conversations" on public.conversations is
  'Title, tags, folder, and who else reads it. Readers change nothing.';
