-- Documents: a workspace's knowledge, at paths like those of a file system.
--
-- Touches: public.documents: texts at paths.
--          put_document: creates or replaces one. move_documents: moves a subtree. list_documents: lists one level.
-- Beware:  A folder is not a row: it exists while a document lies below its path. The workspace shares one tree, and
--          each person has one (user_id). Separate trees matter, because a taken path would reveal a private document.
--          One statement moves a subtree's rows in no fixed order, so paths are unique at the end of the statement and
--          not row by row. Such a deferrable constraint cannot serve an upsert: use put_document to replace a document.

create function private.content_hash(content text)
returns text
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select encode(sha256(convert_to(content, 'UTF8')), 'hex');
$$;
comment on function private.content_hash(text) is
  'SHA-256 of a text, in hex. Declared immutable although convert_to is not, because the encoding of a database never '
  'changes.';
grant execute on function private.content_hash(text) to authenticated, service_role;

create table public.documents (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references public.workspaces (id) on delete cascade,
  user_id uuid references public.profiles (user_id) on delete cascade,
  path extensions.ltree not null,
  name text not null constraint name_has_1_to_200_characters check (length(name) between 1 and 200),
  content text not null default '',
  language private.language_name not null default 'simple',
  source_type text not null default 'manual',
  source_id text constraint source_id_has_1_to_200_characters check (length(source_id) between 1 and 200),
  tags text[] not null default '{}',
  metadata jsonb not null default '{}',
  mime_type text constraint mime_type_has_1_to_200_characters check (length(mime_type) between 1 and 200),
  storage_path text,
  created_by uuid default private.person_of_token() references public.profiles (user_id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  content_hash text not null generated always as (private.content_hash(content)) stored,
  -- A tsvector may be 1 MiB long, and is made before the checks. Chunks make the rest of a long document searchable.
  content_tsv tsvector not null generated always as (
    setweight(private.words(language, left(name, 200)), 'A') || private.words(language, left(content, 100000))
  ) stored,
  unique (workspace_id, id),
  constraint path_is_free unique nulls not distinct (workspace_id, user_id, path) deferrable initially immediate,
  constraint path_has_1_to_30_levels check (extensions.nlevel(path) between 1 and 30),
  constraint content_is_a_million_characters_at_most check (length(content) <= 1000000),
  constraint content_hash_is_sha256 check (length(content_hash) = 64),
  constraint source_type_is_known check (source_type in (
    'manual', 'uploaded_pdf', 'uploaded_file', 'conversation_extraction', 'web_page', 'artifact', 'imported')),
  constraint tags_are_50_short_words check (
    coalesce(array_ndims(tags), 1) = 1 and cardinality(tags) <= 50 and array_position(tags, null) is null
    and length(array_to_string(tags, ',')) <= 2000),
  constraint metadata_is_a_small_object check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 16384),
  constraint storage_path_is_short check (length(storage_path) between 1 and 1024)
);
comment on table public.documents is
  'Documents of a workspace or of a person: a text at a path. A trigger makes their chunks; a job embeds them.';
comment on column public.documents.user_id is 'The owner; null: the workspace''s, shared by its members.';
comment on column public.documents.path is
  'Labels of letters, digits, _ and -, joined by dots: handbook.leave.parental.';
comment on column public.documents.language is
  'The stemming language for full text search, e.g. english; simple: none.';
comment on column public.documents.metadata is 'match_documents filters by it. Chunks carry a copy.';
comment on column public.documents.created_by is 'The user who first put it there.';
create index documents_path on public.documents using gist (path extensions.gist_ltree_ops);
create index documents_content_tsv on public.documents using gin (content_tsv);
create index documents_tags on public.documents using gin (tags);
create index documents_language on public.documents (workspace_id, language);
create index documents_user_id on public.documents (user_id);
create index documents_created_by on public.documents (created_by);
create trigger touch_updated_at before update on public.documents
  for each row execute function private.touch_updated_at();

alter table public.documents enable row level security;
create policy "People read their documents, members the shared ones" on public.documents
  for select to authenticated
  using (
    (user_id = (select private.current_user_id('knowledge:read'))
      and workspace_id = any ((select private.workspace_ids('guest', 'knowledge:read'))::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('member', 'knowledge:read'))::uuid[]))
  );
comment on policy "People read their documents, members the shared ones" on public.documents is
  'Guests are invited for an agent, not for the workspace''s knowledge. Documents that they bring themselves are '
  'theirs.';
create policy "People put their own documents, members shared ones" on public.documents
  for insert to authenticated
  with check (
    (user_id = (select private.current_user_id('knowledge:write'))
      and workspace_id = any ((select private.workspace_ids('guest', 'knowledge:write'))::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('member', 'knowledge:write'))::uuid[]))
  );
comment on policy "People put their own documents, members shared ones" on public.documents is
  'A user who may read a tree may write it.';
create policy "People change their own documents, members shared ones" on public.documents
  for update to authenticated
  using (
    (user_id = (select private.current_user_id('knowledge:write'))
      and workspace_id = any ((select private.workspace_ids('guest', 'knowledge:write'))::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('member', 'knowledge:write'))::uuid[]))
  )
  with check (
    (user_id = (select private.current_user_id('knowledge:write'))
      and workspace_id = any ((select private.workspace_ids('guest', 'knowledge:write'))::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('member', 'knowledge:write'))::uuid[]))
  );
comment on policy "People change their own documents, members shared ones" on public.documents is
  'Neither the workspace nor the owner can be changed: they have no column grant.';
create policy "People remove their own documents, admins shared ones" on public.documents
  for delete to authenticated
  using (
    (user_id = (select private.current_user_id('knowledge:write'))
      and workspace_id = any ((select private.workspace_ids('guest', 'knowledge:write'))::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  );
comment on policy "People remove their own documents, admins shared ones" on public.documents is
  'Only an admin removes a document that others rely on.';
grant select, delete on public.documents to authenticated;
grant insert (workspace_id, user_id, path, name, content,
  language, source_type, source_id, tags, metadata, mime_type, storage_path) on public.documents to authenticated;
grant update (path, name, content,
  language, source_type, source_id, tags, metadata, mime_type, storage_path) on public.documents to authenticated;
grant select, insert, update, delete on public.documents to service_role;

-- Putting, moving, listing --------------------------------------------------------------------------------------------

create function private.require_path(path text)
returns extensions.ltree
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  if path is null or path = '' or length(path) > 1000 or not pg_catalog.pg_input_is_valid(path, 'extensions.ltree') then
    perform private.raise_error('invalid_path', 'This is not a path.', 422,
      'Labels of letters, digits, _ and -, joined by dots: handbook.leave.parental');
  end if;
  return path::extensions.ltree;
end;
$$;
comment on function private.require_path(text) is 'Parses a path from a client. Errors: invalid_path 422.';

create function private.put_document(
  workspace_id uuid, path text, content text, name text default null, user_id uuid default null,
    language text default null,
  tags text[] default '{}', metadata jsonb default '{}', source_type text default 'manual', source_id text default null,
  mime_type text default null, storage_path text default null
)
returns table (id uuid, is_new boolean, is_changed boolean)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  place extensions.ltree := private.require_path(put_document.path);
  spoken text := case when put_document.language is not null then private.language_of(put_document.language) end;
  called text := coalesce(put_document.name, extensions.subpath(place, -1)::text);
  known public.documents;
begin
  -- Of two callers who put a document at the same free path, the second finds the first one's.
  for attempt in 1..3 loop
    select d.* into known from public.documents as d
    where d.workspace_id = $1 and d.user_id is not distinct from $5 and d.path operator(extensions.=) place;
    if known.id is not null then
      update public.documents as d set
        name = called, content = $3, language = coalesce(spoken, d.language), tags = coalesce($7, '{}'),
        metadata = coalesce($8, '{}'), source_type = $9, source_id = $10, mime_type = $11, storage_path = $12
      where d.id = known.id;
      if found then
        return query select known.id, false, known.content_hash <> private.content_hash($3);
        return;
      end if;
    else
      begin
        return query
          insert into public.documents as d (workspace_id, user_id, path, name, content,
            language, tags, metadata, source_type, source_id, mime_type, storage_path)
          values ($1, $5, place, called, $3, coalesce(spoken, 'simple'), coalesce($7, '{}'), coalesce($8, '{}'), $9,
            $10, $11, $12)
          returning d.id, true, true;
        return;
      exception when unique_violation then
        continue;
      end;
    end if;
  end loop;
  perform private.raise_error('path_taken', 'Something else is being put at this path.', 409, 'Try again.');
end;
$$;
comment on function private.put_document(uuid, text, text, text, uuid, text, text[], jsonb, text, text, text, text) is
  'The body of public.put_document; runs as the caller, under the policies.';

create function private.move_documents(workspace_id uuid, from_path text, to_path text, user_id uuid default null)
returns integer
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  source extensions.ltree := private.require_path(from_path);
  target extensions.ltree := private.require_path(to_path);
  moved integer;
begin
  if target operator(extensions.<@) source and target operator(extensions.<>) source then
    perform private.raise_error('invalid_path', 'A folder cannot be moved into itself.', 422);
  end if;
  update public.documents as d set
    path = case when d.path operator(extensions.=) source then target
      else target operator(extensions.||) extensions.subpath(d.path, extensions.nlevel(source)) end
  where d.workspace_id = $1 and d.user_id is not distinct from $4 and d.path operator(extensions.<@) source;
  get diagnostics moved = row_count;
  if moved = 0 then
    perform private.raise_error('not_found', 'There is nothing at this path.', 404);
  end if;
  return moved;
exception when unique_violation then
  perform private.raise_error('path_taken', 'There is a document already where one would be moved to.', 409);
  return null;
end;
$$;
comment on function private.move_documents(uuid, text, text, uuid) is
  'The body of public.move_documents; runs as the caller, under the policies.';

create function private.list_documents(workspace_id uuid, below text default null, user_id uuid default null)
returns table (path text, name text, document_id uuid, documents_below bigint, updated_at timestamptz,
  total bigint)
language plpgsql
stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  folder extensions.ltree := case when below is null then ''::extensions.ltree else private.require_path(below) end;
  depth integer := extensions.nlevel(folder) + 1;
begin
  return query
  select entry.place::text,
    coalesce((array_agg(entry.name) filter (where entry.is_itself))[1],
      extensions.subpath(entry.place, -1)::text)::text,
    (array_agg(entry.id) filter (where entry.is_itself))[1],
    count(*) filter (where not entry.is_itself),
    max(entry.updated_at),
    count(*) over ()
  from (
    select d.id, d.name, d.updated_at, extensions.subpath(d.path, 0, depth) as place,
      extensions.nlevel(d.path) = depth as is_itself
    from public.documents as d
    where d.workspace_id = $1 and d.user_id is not distinct from $3
      and d.path operator(extensions.<@) folder and extensions.nlevel(d.path) >= depth
  ) as entry
  group by entry.place
  order by entry.place::text;
end;
$$;
comment on function private.list_documents(uuid, text, uuid) is
  'The body of public.list_documents; runs as the caller, under the policies.';

create function public.put_document(
  workspace_id uuid, path text, content text, name text default null, user_id uuid default null,
    language text default null,
  tags text[] default '{}', metadata jsonb default '{}', source_type text default 'manual', source_id text default null,
  mime_type text default null, storage_path text default null
)
returns table (id uuid, is_new boolean, is_changed boolean)
language sql volatile security invoker set search_path = ''
as $$ select * from private.put_document($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12); $$;
comment on function public.put_document(uuid, text, text, text, uuid, text, text[], jsonb, text, text, text, text) is
  'Creates or replaces the document at a path, with at most a million characters. user_id: null for the workspace''s '
  'shared tree, the caller''s own id for theirs. name: default the path''s last label. language: a tag such as en or '
  'pt-BR (default: unchanged; a new document is not stemmed). Returns its id, whether it is new, and whether its '
  'content changed. Changed content is chunked again. Errors: invalid_path 422, path_taken 409, 42501 where the caller '
  'may not write, invalid_value 422 on a malformed value.';

create function public.move_documents(workspace_id uuid, from_path text, to_path text, user_id uuid default null)
returns integer
language sql volatile security invoker set search_path = ''
as $$ select private.move_documents($1, $2, $3, $4); $$;
comment on function public.move_documents(uuid, text, text, uuid) is
  'Moves the document at a path, and everything below it, to another path of the same tree. Returns how many documents '
  'moved. All or nothing. Errors: invalid_path 422 (also into itself), not_found 404, path_taken 409.';

create function public.list_documents(workspace_id uuid, below text default null, user_id uuid default null)
returns table (path text, name text, document_id uuid, documents_below bigint, updated_at timestamptz,
  total bigint)
language sql stable security invoker set search_path = ''
as $$ select * from private.list_documents($1, $2, $3); $$;
comment on function public.list_documents(uuid, text, uuid) is
  'Lists the level below a path (default: the top level) in the shared tree, or in the tree of user_id: documents, and '
  'folders with the number of documents below them. An entry may be both. total: how many entries the level has; the '
  'Data API returns 1,000 rows at once, and the others by range. Errors: invalid_path 422.';

grant execute on function
  private.require_path(text),
  private.put_document(uuid, text, text, text, uuid, text, text[], jsonb, text, text, text, text),
  private.move_documents(uuid, text, text, uuid),
  private.list_documents(uuid, text, uuid),
  public.put_document(uuid, text, text, text, uuid, text, text[], jsonb, text, text, text, text),
  public.move_documents(uuid, text, text, uuid),
  public.list_documents(uuid, text, uuid)
to authenticated, service_role;
