-- Artifacts: documents made in a conversation. Each version is a row, and no version is overwritten.
--
-- Touches: public.artifacts: all versions of all artifacts.
--          public.latest_artifacts: the newest version of each.
--          revise_artifact: adds a version.
-- Beware:  All versions of an artifact share one id, one owner and one kind. created_at tells them apart. It is in
--          whole milliseconds, so that a client that reads it into a Date and writes it back means the same version. An
--          artifact outlives its conversation and then belongs to its owner.

create function private.artifact_hash(content text, component_tree jsonb, data_bindings jsonb)
returns text
language plpgsql
immutable -- convert_to is stable only because encodings can change; the database's is UTF-8
parallel safe
set search_path = ''
as $$
begin
  return encode(sha256(convert_to(concat_ws(chr(31), content, component_tree::text, data_bindings::text), 'UTF8')),
    'hex');
end;
$$;
comment on function private.artifact_hash(text, jsonb, jsonb) is
  'SHA-256 of a version''s content, in hexadecimal: equal for equal versions.';
grant execute on function private.artifact_hash(text, jsonb, jsonb) to authenticated, service_role;

create table public.artifacts (
  id uuid not null default gen_random_uuid(),
  created_at timestamptz(3) not null default now(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null default private.current_user_id('conversations:write')
    references public.profiles (user_id) on delete cascade,
  conversation_id uuid,
  kind text not null,
  title text not null,
  content text not null default '',
  component_tree jsonb,
  data_bindings jsonb,
  ui_state jsonb not null default '{}',
  summary_for_llm text,
  content_hash text generated always as (private.artifact_hash(content, component_tree, data_bindings)) stored,
  folder_id uuid,
  tags text[] not null default '{}',
  updated_at timestamptz not null default now(),
  primary key (id, created_at),
  unique (workspace_id, id, created_at),
  constraint conversation_is_its_owners foreign key (conversation_id, workspace_id, user_id)
    references public.conversations (id, workspace_id, user_id) on delete set null (conversation_id),
  constraint folder_is_its_owners foreign key (workspace_id, user_id, folder_id)
    references public.folders (workspace_id, user_id, id) on delete set null (folder_id),
  constraint kind_is_known check (kind in ('text', 'code', 'sheet', 'mermaid', 'ag-ui')),
  constraint title_is_short check (length(title) between 1 and 300),
  constraint content_is_bounded check (length(content) <= 1000000),
  constraint components_are_of_ag_ui check (kind = 'ag-ui' or (component_tree is null and data_bindings is null)),
  constraint component_tree_is_an_object check (jsonb_typeof(component_tree) = 'object'
    and pg_column_size(component_tree) <= 1048576),
  constraint data_bindings_are_an_object check (jsonb_typeof(data_bindings) = 'object'
    and pg_column_size(data_bindings) <= 262144),
  constraint ui_state_is_an_object check (jsonb_typeof(ui_state) = 'object' and pg_column_size(ui_state) <= 65536),
  constraint summary_for_llm_is_bounded check (length(summary_for_llm) <= 20000),
  constraint tags_are_at_most_50 check (
    coalesce(array_ndims(tags), 1) = 1 and cardinality(tags) <= 50 and array_position(tags, null) is null
    and length(array_to_string(tags, '')) <= 5000
  ),
  constraint content_hash_is_sha256 check (content_hash ~ '^[0-9a-f]{64}$')
);
comment on table public.artifacts is
  'Artifacts: texts, code, sheets, diagrams, interfaces. Each version is a row with the same id.';
alter table public.artifacts enable row level security;
comment on column public.artifacts.created_at is
  'When this version was made. It identifies the version within the artifact. Whole milliseconds.';
comment on column public.artifacts.component_tree is 'For an ag-ui artifact: its components.';
comment on column public.artifacts.data_bindings is 'For an ag-ui artifact: the data sources of its components.';
comment on column public.artifacts.ui_state is
  'How it is displayed (folded, scrolled to …). Not part of the version; updated in place.';
comment on column public.artifacts.summary_for_llm is 'What a prompt contains instead of its content.';
create index artifacts_user_id on public.artifacts (user_id);
create index artifacts_conversation_id on public.artifacts (conversation_id, workspace_id, user_id);
create index artifacts_folder_id on public.artifacts (workspace_id, user_id, folder_id);
create index artifacts_tags on public.artifacts using gin (tags);
create trigger touch_updated_at before update on public.artifacts
  for each row execute function private.touch_updated_at();

grant select on public.artifacts to authenticated;
grant insert (workspace_id, conversation_id, kind, title, content, component_tree, data_bindings, ui_state,
  summary_for_llm, folder_id, tags)
  on public.artifacts to authenticated;
grant update (ui_state, folder_id, tags) on public.artifacts to authenticated;
grant select, insert, update, delete on public.artifacts to service_role;
-- id and created_at are not granted: an insert makes a new artifact, revise_artifact a new version. People never update
-- a version's content. Only erasure deletes.

create policy "People read their artifacts and those of shared conversations" on public.artifacts
  for select to authenticated
  using (
    (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[]))
    or (select conversation.id from public.conversations as conversation
      where conversation.id = artifacts.conversation_id) is not null
  );
comment on policy "People read their artifacts and those of shared conversations" on public.artifacts is
  'Sharing a conversation shares its artifacts. The owner keeps them when the conversation is deleted.';
create policy "People make artifacts, and agents in their conversations" on public.artifacts
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id('conversations:write'))
    and workspace_id = any ((select private.workspace_ids('guest', 'conversations:write'))::uuid[])
    and ((select private.agent_of_token()) is null
      or (select conversation.id from public.conversations as conversation
        where conversation.id = artifacts.conversation_id
          and conversation.agent_id = (select private.agent_of_token())) is not null)
  );
comment on policy "People make artifacts, and agents in their conversations" on public.artifacts is
  'People in their own conversations, or in none; the foreign keys enforce it. An agent''s artifact is part of its '
  'answer and belongs to the person.';
create policy "People file their artifacts" on public.artifacts
  for update to authenticated
  using (user_id = (select private.current_user_id()) and workspace_id = any ((select private.workspace_ids())::uuid[]))
  with check (user_id = (select private.current_user_id())
    and workspace_id = any ((select private.workspace_ids())::uuid[]));
comment on policy "People file their artifacts" on public.artifacts is 'Folder, tags and display state.';

-- By the primary key, once for each row that remains after the other filters. This suits one artifact, a conversation's
-- or a folder's.
create view public.latest_artifacts with (security_invoker = true) as
select artifact.*
from public.artifacts as artifact
where not exists (
  select from public.artifacts as newer where newer.id = artifact.id and newer.created_at > artifact.created_at
);
comment on view public.latest_artifacts is 'The newest version of each artifact that the caller may read.';
grant select on public.latest_artifacts to authenticated, service_role;

-- Versions ------------------------------------------------------------------------------------------------------------

create function private.keep_versions_together()
returns trigger
language plpgsql
volatile
security definer -- finds earlier versions past RLS, for any writer
set search_path = ''
as $$
declare
  previous public.artifacts;
begin
  select known.* into previous from public.artifacts as known where known.id = new.id order by known.created_at desc
  limit 1;
  if found and (previous.workspace_id, previous.user_id, previous.kind) is distinct from (new.workspace_id, new.user_id,
    new.kind) then
    perform private.raise_error('invalid_body', 'All versions of an artifact are of one owner and one kind.', 400);
  elsif found and previous.created_at >= new.created_at then
    perform private.raise_error('version_conflict', 'The artifact has a newer version.', 409,
      'Read it and revise that.');
  end if;
  return new;
end;
$$;
comment on function private.keep_versions_together() is
  'Trigger on artifacts: a version is newer than the one before and has the same owner and kind (invalid_body 400, '
  'version_conflict 409).';
create trigger keep_versions_together before insert on public.artifacts
  for each row execute function private.keep_versions_together();

create function private.revise_artifact(
  artifact_id uuid, version timestamptz, content text, title text, component_tree jsonb, data_bindings jsonb,
  ui_state jsonb, summary_for_llm text
)
returns public.artifacts
language plpgsql
volatile
security definer -- people may not insert a version; it checks the owner itself
set search_path = ''
as $$
#variable_conflict use_column
declare
  caller uuid := private.current_user_id();
  base public.artifacts;
  following public.artifacts;
  revised public.artifacts;
begin
  -- Locked: of two callers who revise the same version, the second waits here and then sees the first one's version
  -- below.
  select known.* into base
  from public.artifacts as known
  where known.id = revise_artifact.artifact_id and known.created_at = revise_artifact.version
    and (private.is_service() or (known.user_id = caller and known.workspace_id = any (private.workspace_ids())))
  for no key update;
  if not found then
    perform private.raise_error('not_found', 'No such version of an artifact of yours.', 404);
  end if;
  revised := base;
  revised.content := coalesce(revise_artifact.content, base.content);
  revised.title := coalesce(revise_artifact.title, base.title);
  revised.component_tree := coalesce(revise_artifact.component_tree, base.component_tree);
  revised.data_bindings := coalesce(revise_artifact.data_bindings, base.data_bindings);
  revised.ui_state := coalesce(revise_artifact.ui_state, base.ui_state);
  revised.summary_for_llm := coalesce(revise_artifact.summary_for_llm, base.summary_for_llm);

  select known.* into following from public.artifacts as known
  where known.id = base.id and known.created_at > base.created_at order by known.created_at limit 1;
  if found then
    -- A retry of the same revision, whose response was lost; others may have revised it meanwhile.
    if (following.content, following.title, following.component_tree, following.data_bindings) is not distinct from
      (revised.content, revised.title, revised.component_tree, revised.data_bindings)
    then
      return following;
    end if;
    perform private.raise_error('version_conflict', 'The artifact has a newer version.', 409,
      'Read it and revise that.');
  end if;

  -- What was saved without a change is no version.
  if (base.content, base.title, base.component_tree, base.data_bindings, base.summary_for_llm) is not distinct from
    (revised.content, revised.title, revised.component_tree, revised.data_bindings, revised.summary_for_llm)
  then
    update public.artifacts as known set ui_state = revised.ui_state
    where known.id = base.id and known.created_at = base.created_at and known.ui_state <> revised.ui_state;
    return revised;
  end if;

  insert into public.artifacts as known (
    id, created_at, workspace_id, user_id, conversation_id, kind, title, content, component_tree, data_bindings,
    ui_state, summary_for_llm,
    folder_id, tags
  ) values (
    base.id, greatest(date_trunc('milliseconds', clock_timestamp()), base.created_at + interval '1 millisecond'),
    base.workspace_id,
    base.user_id, base.conversation_id, base.kind, revised.title, revised.content, revised.component_tree,
    revised.data_bindings,
    revised.ui_state, revised.summary_for_llm, base.folder_id, base.tags
  )
  returning known.* into revised;
  return revised;
end;
$$;
comment on function private.revise_artifact(uuid, timestamptz, text, text, jsonb, jsonb, jsonb, text) is
  'The body of revise_artifact.';

create function public.revise_artifact(
  artifact_id uuid, version timestamptz, content text default null, title text default null,
  component_tree jsonb default null,
  data_bindings jsonb default null, ui_state jsonb default null, summary_for_llm text default null
)
returns public.artifacts
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.revise_artifact($1, $2, $3, $4, $5, $6, $7, $8);
$$;
comment on function public.revise_artifact(uuid, timestamptz, text, text, jsonb, jsonb, jsonb, text) is
  'Adds a version to an artifact. version: created_at of the newest version, which is revised. Arguments left out keep '
  'their value. Idempotent: a retry of the same revision returns its version, also when others came after it. A '
  'revision that changes nothing returns the version that it revises. Callers: the owner and the service. '
  'Returns the new version. Errors: not_found 404, version_conflict 409 (another revision came first), '
  'invalid_value 422 on a malformed value.';

grant execute on function
  public.revise_artifact(uuid, timestamptz, text, text, jsonb, jsonb, jsonb, text),
  private.revise_artifact(uuid, timestamptz, text, text, jsonb, jsonb, jsonb, text)
to authenticated, service_role;
