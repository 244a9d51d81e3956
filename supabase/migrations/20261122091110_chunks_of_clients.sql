-- Chunks of clients: rows that third-party vector store clients write to document_chunks.
--
-- Touches: Four triggers on public.document_chunks: place a client's row, protect its id, and clear outdated
--            embeddings.
--          private.put_document_of: put_document for the function knowledge.
-- Beware:  Such a client knows only content, embedding and metadata (LangChain's SupabaseVectorStore, for one). Its
--          metadata says where the row goes: workspace_id (required for users of several workspaces and for the
--          service) and path (default: imported). All rows of a path are chunks of one document of source_type
--          imported. That document's own content is empty and never split.

create function private.free_chunk_id(wanted uuid, in_workspace uuid)
returns uuid
language sql
stable
security definer -- an id may belong to a row that the caller cannot see
set search_path = ''
as $$
  select case
    when not exists (select from public.document_chunks as c where c.id = wanted) then wanted
    else encode(substr(sha256(convert_to(concat_ws(' ', in_workspace, private.person_of_token(), wanted), 'UTF8')), 1,
      16), 'hex')::uuid end;
$$;
comment on function private.free_chunk_id(uuid, uuid) is
  'The id of a client''s chunk: the requested one. If it belongs to another user, a fixed id derived for this caller '
  'and workspace, so that no client can take ids before others.';
grant execute on function private.free_chunk_id(uuid, uuid) to authenticated, service_role;

create function private.place_chunk()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
declare
  place extensions.ltree;
  mine uuid[];
  known record;
  named uuid := case
    when pg_catalog.pg_input_is_valid(new.metadata ->> 'workspace_id', 'uuid')
    then (new.metadata ->> 'workspace_id')::uuid end;
begin
  named := coalesce(new.workspace_id, named);
  new.token_count := private.estimate_tokens(new.content);
  if new.embedding is not null then
    new.embedding_model := coalesce(new.embedding_model, new.metadata ->> 'embedding_model', 'client');
  end if;
  if new.ordinal is not null then
    return new; -- made from the document
  end if;

  -- An upsert of an existing row: it stays where it is. A row that the caller may not see, or of another workspace,
  -- does not count.
  if not exists (select from public.document_chunks as c
    where c.id = new.id and c.workspace_id = coalesce(named, c.workspace_id)) then
    new.id := private.free_chunk_id(new.id, named);
  end if;
  select c.workspace_id, c.document_id, c.user_id, c.ordinal, c.language into known from public.document_chunks as c
  where c.id = new.id;
  if found then
    new.workspace_id := known.workspace_id;
    new.document_id := known.document_id;
    new.user_id := known.user_id;
    new.ordinal := known.ordinal;
    new.language := known.language;
    return new;
  end if;

  new.workspace_id := named;
  if new.workspace_id is null then
    mine := private.workspace_ids('member', 'knowledge:write');
    if cardinality(mine) <> 1 then
      perform private.raise_error('workspace_required', 'Which workspace is this for?', 422,
        'Name it in metadata: workspace_id.');
    end if;
    new.workspace_id := mine[1];
  end if;
  if new.document_id is null then
    place := private.require_path(coalesce(new.metadata ->> 'path', 'imported'));
    begin
      insert into public.documents (workspace_id, path, name, source_type)
      values (new.workspace_id, place, extensions.subpath(place, -1)::text, 'imported');
    exception when unique_violation then
      null; -- it exists
    end;
    select d.id into new.document_id from public.documents as d
    where d.workspace_id = new.workspace_id and d.user_id is null and d.path operator(extensions.=) place
      and d.source_type = 'imported';
    if new.document_id is null then
      perform private.raise_error('path_taken', 'There is a document of another kind at this path.', 409,
        'Name another path in metadata: path.');
    end if;
  end if;
  -- One after the other, so that each gets its own number.
  select d.user_id, d.language into new.user_id, new.language from public.documents as d
  where d.workspace_id = new.workspace_id and d.id = new.document_id for update;
  new.ordinal := coalesce((select max(c.ordinal) + 1 from public.document_chunks as c
    where c.document_id = new.document_id), 0);
  return new;
end;
$$;
comment on function private.place_chunk() is
  'Trigger on document_chunks, before insert: sets the workspace, document and number of a client''s chunk. Errors: '
  'workspace_required 422, invalid_path 422, path_taken 409.';
create trigger place_chunk before insert on public.document_chunks
  for each row execute function private.place_chunk();

create function private.keep_chunk_id()
returns trigger
language plpgsql
immutable
set search_path = ''
as $$
begin
  perform private.raise_error('invalid_body', 'id: is not changed', 400);
  return null; -- unreachable
end;
$$;
comment on function private.keep_chunk_id() is
  'Trigger on document_chunks: an upsert repeats the id; it may not change to another. Errors: invalid_body 400.';
create trigger keep_chunk_id before update of id on public.document_chunks
  for each row when (new.id <> old.id) execute function private.keep_chunk_id();

create function private.notice_embedding()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
begin
  perform set_config('groundwork.embedding_given', new.id::text, true);
  return new;
end;
$$;
comment on function private.notice_embedding() is
  'Trigger on document_chunks, before an update that sets the embedding, even to its current value: tells '
  'keep_embedding_true, which runs next.';
create trigger embedding_is_given before update of embedding on public.document_chunks
  for each row execute function private.notice_embedding();

create function private.keep_embedding_true()
returns trigger
language plpgsql
volatile
set search_path = ''
as $$
declare
  is_given boolean := current_setting('groundwork.embedding_given', true) is not distinct from new.id::text;
begin
  perform set_config('groundwork.embedding_given', '', true);
  new.token_count := private.estimate_tokens(new.content);
  if not is_given and (new.heading, new.content) is distinct from (old.heading, old.content) then
    new.embedding := null;
  end if;
  new.embedding_model := case
    when new.embedding is not null then coalesce(new.embedding_model, new.metadata ->> 'embedding_model', 'client') end;
  return new;
end;
$$;
comment on function private.keep_embedding_true() is
  'Trigger on document_chunks, before an update: a changed text without a new embedding clears the old embedding.';
create trigger keep_embedding_true before update of heading, content, embedding,
  embedding_model on public.document_chunks
  for each row execute function private.keep_embedding_true();

create function private.put_document_of(person uuid, workspace_id uuid, user_id uuid, document jsonb)
returns table (id uuid, is_new boolean, is_changed boolean)
language plpgsql
volatile
set search_path = ''
as $$
begin
  if person is not null then
    perform private.act_as(person);
  end if;
  return query select * from private.put_document(
    $2, document ->> 'path', document ->> 'content', document ->> 'name', $3, document ->> 'language',
    array(select jsonb_array_elements_text(coalesce(document -> 'tags', '[]'))), coalesce(document -> 'metadata', '{}'),
    coalesce(document ->> 'source_type', 'manual'), document ->> 'source_id', document ->> 'mime_type',
    document ->> 'storage_path');
end;
$$;
comment on function private.put_document_of(uuid, uuid, uuid, jsonb) is
  'private.put_document for the function knowledge, which has verified the caller and their rights. document holds its '
  'other arguments by name. `person` counts as the author.';
