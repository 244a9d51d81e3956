-- Suggestions and links: proposed changes to an artifact, and relations between artifacts.
--
-- Touches: public.suggestions: proposed changes. accept_suggestion, reject_suggestion: settle them.
--          public.artifact_links: relations. public.artifact_references: reads them in both directions.
-- Beware:  A suggestion is anchored to the version that it was made for. It stays open while its text is in the newest
--          version. A link names artifacts and not versions, which no foreign key can reference: a trigger checks both
--          ends, and another deletes the links of a deleted artifact.

-- suggestions ---------------------------------------------------------------------------------------------------------
create table public.suggestions (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  artifact_id uuid not null,
  artifact_created_at timestamptz(3) not null,
  user_id uuid not null default private.current_user_id() references public.profiles (user_id) on delete cascade,
  original_text text not null,
  suggested_text text not null,
  description text not null default '',
  status text not null default 'open',
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  constraint artifact_is_of_the_workspace foreign key (artifact_id, artifact_created_at, workspace_id)
    references public.artifacts (id, created_at, workspace_id) on delete cascade,
  constraint original_text_is_bounded check (length(original_text) between 1 and 20000),
  constraint suggested_text_is_bounded check (length(suggested_text) <= 20000),
  constraint description_is_short check (length(description) <= 2000),
  constraint status_is_known check (status in ('open', 'accepted', 'rejected', 'stale')),
  constraint settled_at_belongs_to_what_is_settled check ((status = 'open') = (settled_at is null))
);
comment on table public.suggestions is 'A change to an artifact that a user or the assistant proposes to its owner.';
alter table public.suggestions enable row level security;
comment on column public.suggestions.original_text is
  'The text to be replaced: its first occurrence in the newest version.';
comment on column public.suggestions.status is
  'open → accepted, rejected, or stale: a newer version no longer contains its text. Open again when one does, as '
  'after an undo.';
comment on column public.suggestions.user_id is
  'The author. For a suggestion of the assistant: the person it works for.';
create index suggestions_artifact on public.suggestions (artifact_id, artifact_created_at, workspace_id);
create index suggestions_user_id on public.suggestions (user_id);

grant select on public.suggestions to authenticated;
grant insert (workspace_id, artifact_id, artifact_created_at, original_text, suggested_text,
  description) on public.suggestions to authenticated;
grant select, insert, update, delete on public.suggestions to service_role;
-- update is not granted to people: use accept_suggestion and reject_suggestion.

create policy "Readers of an artifact read its suggestions" on public.suggestions
  for select to authenticated
  using ((
    select artifact.id from public.artifacts as artifact
    where artifact.id = suggestions.artifact_id and artifact.created_at = suggestions.artifact_created_at
  ) is not null);
comment on policy "Readers of an artifact read its suggestions" on public.suggestions is
  'The policy of artifacts decides.';
create policy "Readers of an artifact make suggestions" on public.suggestions
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    and (
      select artifact.id from public.artifacts as artifact
      where artifact.id = suggestions.artifact_id and artifact.created_at = suggestions.artifact_created_at
    ) is not null
  );
comment on policy "Readers of an artifact make suggestions" on public.suggestions is
  'In their own name. The owner of the artifact decides on them.';

create function private.anchor_suggestion()
returns trigger
language plpgsql
volatile
security invoker -- the result must not reveal an artifact that the caller may not read
set search_path = ''
as $$
declare
  anchored text;
  newest text;
begin
  select known.content into anchored from public.artifacts as known
  where known.id = new.artifact_id and known.created_at = new.artifact_created_at;
  if strpos(anchored, new.original_text) = 0 then
    perform private.raise_error('invalid_body', 'The version does not have this text.', 400, 'original_text');
  end if;
  select known.content into newest from public.artifacts as known where known.id = new.artifact_id
  order by known.created_at desc limit 1;
  if new.status = 'open' and strpos(newest, new.original_text) = 0 then
    new.status := 'stale';
    new.settled_at := now();
  end if;
  return new;
end;
$$;
comment on function private.anchor_suggestion() is
  'Trigger on suggestions: the text is in the version (invalid_body 400). If the newest version no longer contains it, '
  'the suggestion starts stale.';
create trigger anchor_suggestion before insert on public.suggestions
  for each row execute function private.anchor_suggestion();

create function private.mark_suggestions_stale()
returns trigger
language plpgsql
volatile
security definer -- a new version also settles other users' suggestions
set search_path = ''
as $$
begin
  update public.suggestions as known set status = 'stale', settled_at = now()
  where known.artifact_id = new.id and known.status = 'open' and strpos(new.content, known.original_text) = 0;
  -- The last ones, and no more than may be open: a revision must not cost by what became stale long ago.
  update public.suggestions as known set status = 'open', settled_at = null
  where known.id in (
    select last.id from public.suggestions as last
    where last.artifact_id = new.id and last.status = 'stale' order by last.settled_at desc, last.id
    limit greatest(0, least(100, coalesce(private.limit_of(new.workspace_id, 'suggestions_open'), 100) - (
      select count(*) from public.suggestions as open where open.artifact_id = new.id and open.status = 'open')))
  ) and strpos(new.content, known.original_text) > 0;
  return null;
end;
$$;
comment on function private.mark_suggestions_stale() is
  'Trigger on artifacts: a new version makes open suggestions stale whose text it no longer contains, and opens those '
  'again whose text is back: of the last 100, and at most as many as may be open.';
create trigger mark_suggestions_stale after insert on public.artifacts
  for each row execute function private.mark_suggestions_stale();

create function private.settle_suggestion(suggestion_id uuid, accept boolean)
returns public.artifacts
language plpgsql
volatile
security definer -- people may not update suggestions; it checks the artifact's owner itself
set search_path = ''
as $$
declare
  caller uuid := private.current_user_id();
  suggestion public.suggestions;
  newest public.artifacts;
  at integer;
begin
  select known.* into suggestion from public.suggestions as known
  where known.id = settle_suggestion.suggestion_id for update;
  select known.* into newest from public.artifacts as known where known.id = suggestion.artifact_id
  order by known.created_at desc limit 1;
  -- The owner of the artifact decides. The author may withdraw it.
  if newest.id is null or not (
    private.is_service()
    or (newest.workspace_id = any (private.workspace_ids())
      and (newest.user_id = caller or (not accept and suggestion.user_id = caller)))
  ) then
    perform private.raise_error('not_found', 'No such suggestion for an artifact of yours.', 404);
  end if;
  -- The same decision again, whose answer was lost.
  if suggestion.status = (case when accept then 'accepted' else 'rejected' end) then
    return newest;
  end if;
  at := strpos(newest.content, suggestion.original_text);
  if suggestion.status <> 'open' or at = 0 then
    perform private.raise_error('suggestion_settled', 'The suggestion is no longer open.', 409,
      'It is ' || suggestion.status || '.');
  end if;

  -- Before the new version, which would make it stale.
  update public.suggestions as known
  set status = case when accept then 'accepted' else 'rejected' end, settled_at = now()
  where known.id = suggestion.id;
  if not accept then
    return newest;
  end if;
  return private.revise_artifact(
    newest.id, newest.created_at, overlay(newest.content placing suggestion.suggested_text
      from at for length(suggestion.original_text)),
    null, null, null, null, null
  );
end;
$$;
comment on function private.settle_suggestion(uuid, boolean) is 'The body of accept_suggestion and reject_suggestion.';

create function public.accept_suggestion(suggestion_id uuid)
returns public.artifacts
language sql
volatile
security invoker
set search_path = ''
as $$
  select * from private.settle_suggestion($1, true);
$$;
comment on function public.accept_suggestion(uuid) is
  'Accepts a suggestion: makes a new version of the artifact, in which the suggested text replaces the first '
  'occurrence of the original. Returns the version; accepted again, the newest one. Callers: the artifact''s owner and '
  'the service. Errors: not_found 404, suggestion_settled 409, version_conflict 409.';

create function public.reject_suggestion(suggestion_id uuid)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
  select private.settle_suggestion($1, false);
$$;
comment on function public.reject_suggestion(uuid) is
  'Rejects a suggestion; rejecting it again is fine. Callers: the artifact''s owner, the suggestion''s author, and the '
  'service. Errors: not_found 404, suggestion_settled 409.';

grant execute on function
  public.accept_suggestion(uuid), public.reject_suggestion(uuid), private.settle_suggestion(uuid, boolean)
to authenticated, service_role;

-- artifact_links ------------------------------------------------------------------------------------------------------
create table public.artifact_links (
  from_id uuid not null,
  to_id uuid not null,
  kind text not null default 'refers_to',
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid not null default private.current_user_id() references public.profiles (user_id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (from_id, to_id, kind),
  constraint kind_is_known check (kind in ('refers_to', 'derived_from', 'embeds', 'replaces')),
  constraint a_link_goes_to_another check (from_id <> to_id)
);
comment on table public.artifact_links is
  'Relations between two artifacts of a workspace. artifact_references reads them in both directions.';
alter table public.artifact_links enable row level security;
create index artifact_links_to_id on public.artifact_links (to_id);
create index artifact_links_workspace_id on public.artifact_links (workspace_id);
create index artifact_links_user_id on public.artifact_links (user_id);

grant select, delete on public.artifact_links to authenticated;
grant insert (from_id, to_id, kind, workspace_id) on public.artifact_links to authenticated;
grant select, insert, update, delete on public.artifact_links to service_role;
-- update is not granted to people: delete the link and insert another.

create policy "Readers of both artifacts read their link" on public.artifact_links
  for select to authenticated
  using (
    (select artifact.id from public.artifacts as artifact where artifact.id = artifact_links.from_id
      limit 1) is not null
    and (select artifact.id from public.artifacts as artifact where artifact.id = artifact_links.to_id
      limit 1) is not null
  );
comment on policy "Readers of both artifacts read their link" on public.artifact_links is
  'Otherwise a link would reveal an artifact that the caller may not see.';
create policy "People link their artifacts to what they read" on public.artifact_links
  for insert to authenticated
  with check (
    user_id = (select private.current_user_id())
    and (select artifact.user_id from public.artifacts as artifact where artifact.id = artifact_links.from_id
      limit 1) = (select private.current_user_id())
    and (select artifact.id from public.artifacts as artifact where artifact.id = artifact_links.to_id
      limit 1) is not null
  );
comment on policy "People link their artifacts to what they read" on public.artifact_links is
  'From their own artifacts. A link makes no claim in the name of the other artifact''s owner.';
create policy "People remove their links" on public.artifact_links
  for delete to authenticated
  using (user_id = (select private.current_user_id()));
comment on policy "People remove their links" on public.artifact_links is 'Links that they created.';

create function private.keep_links()
returns trigger
language plpgsql
volatile
security definer -- finds both ends past RLS, for any writer
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    delete from public.artifact_links as link
    where old.id in (link.from_id, link.to_id)
      and not exists (select from public.artifacts as artifact where artifact.id = old.id);
    return null;
  end if;
  if not exists (select from public.artifacts as artifact
    where artifact.id = new.from_id and artifact.workspace_id = new.workspace_id)
    or not exists (select from public.artifacts as artifact
      where artifact.id = new.to_id and artifact.workspace_id = new.workspace_id)
  then
    perform private.raise_error('not_found', 'No such artifact in this workspace.', 404);
  end if;
  return new;
end;
$$;
comment on function private.keep_links() is
  'Trigger on artifact_links: both ends are artifacts of the workspace (not_found 404). On artifacts: deleting an '
  'artifact deletes its links.';
create trigger keep_links before insert or update on public.artifact_links
  for each row execute function private.keep_links();
create trigger keep_links after delete on public.artifacts
  for each row execute function private.keep_links();

create view public.artifact_references with (security_invoker = true) as
select link.from_id as artifact_id, link.to_id as other_id, link.kind, 'to' as direction, link.workspace_id,
  link.user_id, link.created_at
from public.artifact_links as link
union all
select link.to_id, link.from_id, link.kind, 'from', link.workspace_id, link.user_id, link.created_at
from public.artifact_links as link;
comment on view public.artifact_references is
  'An artifact''s links in both directions. direction `to`: links from this artifact. `from`: links to it from others.';
grant select on public.artifact_references to authenticated, service_role;

-- Messages and artifacts belong to their person and are erased with them.
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.folders', 'user_id', 'delete', true, 'workspace_id'),
  ('public.conversations', 'user_id', 'delete', true, 'workspace_id'),
  ('public.votes', 'user_id', 'delete', true, 'workspace_id'),
  ('public.feedback_signals', 'user_id', 'delete', true, 'workspace_id'),
  ('public.artifacts', 'user_id', 'delete', true, 'workspace_id'),
  ('public.artifact_links', 'user_id', 'delete', true, 'workspace_id'),
  ('public.suggestions', 'user_id', 'delete', true, 'workspace_id');
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column, found_by)
select 'public.' || of_conversations, 'user_id', 'with_row', true, 'workspace_id',
  'conversation_id in (select talk.id from public.conversations as talk where talk.user_id = $1)'
from unnest(array['messages', 'message_states']) as of_conversations;
