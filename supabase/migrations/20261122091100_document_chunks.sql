-- Chunks: passages of documents, found by full text and by embedding.
--
-- Touches: public.document_chunks: the passages, with search terms and embedding. private.split_text makes them.
--          Triggers on public.documents: rebuild the chunks of changed documents.
-- Beware:  A trigger updates chunks on every write to their document. A chunk whose heading and text are unchanged
--          keeps its row and its embedding, so editing a section embeds only that section. No embedding ever stands
--          beside a text that it was not made from. Clients that know only a table of content, embedding and metadata
--          may insert chunks here (match_documents finds them).

create table public.document_chunks (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null,
  document_id uuid not null,
  user_id uuid,
  ordinal integer not null,
  heading text,
  content text not null,
  language private.language_name not null default 'simple',
  metadata jsonb not null default '{}',
  token_count integer not null,
  embedding extensions.halfvec(384),
  embedding_model text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  content_hash text not null generated always as (private.content_hash(coalesce(heading, '') || E'\n' ||
    content)) stored,
  content_tsv tsvector not null generated always as (
    setweight(private.words(language, left(heading, 500)), 'A') || private.words(language, left(content, 20000))
  ) stored,
  foreign key (workspace_id, document_id) references public.documents (workspace_id, id) on delete cascade,
  constraint place_in_the_document_is_its_own unique (document_id, ordinal) deferrable initially immediate,
  constraint heading_is_short check (length(heading) between 1 and 500),
  constraint content_is_a_passage check (length(content) between 1 and 20000),
  constraint metadata_is_a_small_object check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 16384),
  constraint content_hash_is_sha256 check (length(content_hash) = 64),
  constraint embedding_model_has_1_to_200_characters check (length(embedding_model) between 1 and 200),
  constraint an_embedding_names_its_model check ((embedding is null) = (embedding_model is null)),
  constraint an_embedding_has_a_direction check (extensions.l2_norm(embedding) > 0)
);
comment on table public.document_chunks is
  'A passage of a document, with its search terms and its embedding. Made from the document by a trigger, or inserted '
  'by a client.';
comment on column public.document_chunks.user_id is 'The document''s owner, copied so that no policy joins.';
comment on column public.document_chunks.heading is 'The headings above it, outermost first.';
comment on column public.document_chunks.token_count is 'Estimated: a quarter of its bytes.';
comment on column public.document_chunks.embedding_model is
  'Vectors of different models are never compared. client: the client gave a vector without naming its model.';
comment on column public.document_chunks.content_hash is 'Hash of heading and text, the input of the embedding.';
-- Exact search scans a tenant's vectors in order, so they stay inline in the row.
alter table public.document_chunks alter column embedding set storage plain;
create index document_chunks_document on public.document_chunks (workspace_id, document_id);
-- An index-only scan of this index counts how much a search would read.
create index document_chunks_scope on public.document_chunks (workspace_id, embedding_model, user_id);
create index document_chunks_content_tsv on public.document_chunks using gin (content_tsv);
create index document_chunks_embedding on public.document_chunks using hnsw (embedding extensions.halfvec_cosine_ops);
create index document_chunks_embedding_model on public.document_chunks (embedding_model, id);
create trigger touch_updated_at before update on public.document_chunks
  for each row execute function private.touch_updated_at();

alter table public.document_chunks enable row level security;
create policy "Readers of a document read its chunks" on public.document_chunks
  for select to authenticated
  using (
    (user_id = (select private.current_user_id('knowledge:read'))
      and workspace_id = any ((select private.workspace_ids('guest', 'knowledge:read'))::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('member', 'knowledge:read'))::uuid[]))
  );
comment on policy "Readers of a document read its chunks" on public.document_chunks is
  'The same rule as for documents, without a join.';
create policy "Writers of a document add chunks" on public.document_chunks
  for insert to authenticated
  with check (
    (user_id = (select private.current_user_id('knowledge:write'))
      and workspace_id = any ((select private.workspace_ids('guest', 'knowledge:write'))::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('member', 'knowledge:write'))::uuid[]))
  );
comment on policy "Writers of a document add chunks" on public.document_chunks is
  'For third-party clients that write a table of content, embedding and metadata.';
create policy "Writers of a document change its chunks" on public.document_chunks
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
comment on policy "Writers of a document change its chunks" on public.document_chunks is 'Such clients upsert.';
create policy "Removers of a document remove its chunks" on public.document_chunks
  for delete to authenticated
  using (
    (user_id = (select private.current_user_id('knowledge:write'))
      and workspace_id = any ((select private.workspace_ids('guest', 'knowledge:write'))::uuid[]))
    or (user_id is null and workspace_id = any ((select private.workspace_ids('admin'))::uuid[]))
  );
comment on policy "Removers of a document remove its chunks" on public.document_chunks is
  'The same rule as for documents.';
grant select, delete on public.document_chunks to authenticated;
grant insert (id, workspace_id, document_id, heading, content, metadata, embedding,
  embedding_model) on public.document_chunks to authenticated;
-- An upsert sets the id to its current value.
grant update (id, heading, content, metadata, embedding, embedding_model) on public.document_chunks to authenticated;
grant select, insert, update, delete on public.document_chunks to service_role;

-- Chunks follow their document ----------------------------------------------------------------------------------------

create function private.keep_chunks()
returns trigger
language plpgsql
volatile
security definer -- writes all chunks, for any writer of the document
set search_path = ''
as $$
declare
  -- 0 before the chapter of limits.
  allowed bigint := nullif(private.limit_of(new.workspace_id, 'document_chunks'), 0);
  headings text[];
  contents text[];
begin
  if tg_op = 'UPDATE' and new.content_hash = old.content_hash then
    update public.document_chunks as c set language = new.language, metadata = new.metadata, user_id = new.user_id
    where c.workspace_id = new.workspace_id and c.document_id = new.id;
    return null;
  end if;
  -- A long document takes seconds, whoever writes it: a person writes so many of them at once.
  if length(new.content) > 100000 and private.person_of_token() is not null then
    perform private.take_slot('long_work_at_once', private.person_of_token(), new.workspace_id);
  end if;
  -- What is too much is refused before it is written: a megabyte of headings took a minute and a half.
  select array_agg(s.heading order by s.ordinal), array_agg(s.content order by s.ordinal) into headings, contents
  from private.split_text(new.content, most => (least(allowed, 1000000) + 1)::integer) as s;
  if cardinality(contents) > allowed then
    perform private.refuse_over_limit('document_chunks', allowed, allowed);
  end if;
  with fresh as (
    select s.ordinal::integer - 1 as ordinal, s.heading, s.content,
      row_number() over (partition by s.heading, s.content order by s.ordinal) as nth
    from unnest(headings, contents) with ordinality as s (heading, content, ordinal)
  ), known as (
    select c.id, c.heading, c.content, row_number() over (partition by c.heading, c.content order by c.ordinal) as nth
    from public.document_chunks as c where c.workspace_id = new.workspace_id and c.document_id = new.id
  ), paired as (
    select known.id, fresh.ordinal, fresh.heading, fresh.content
    from fresh left
    join known on known.content = fresh.content and known.heading is not distinct from fresh.heading
      and known.nth = fresh.nth
  ), removed as (
    delete from public.document_chunks as c
    where c.workspace_id = new.workspace_id and c.document_id = new.id
      and c.id not in (select p.id from paired as p where p.id is not null)
  ), kept as (
    update public.document_chunks as c
    set ordinal = p.ordinal, language = new.language, metadata = new.metadata, user_id = new.user_id
    from paired as p
    where c.id = p.id
      and (c.ordinal, c.language, c.metadata, c.user_id) is distinct from (p.ordinal, new.language, new.metadata,
        new.user_id)
  )
  insert into public.document_chunks (workspace_id, document_id, user_id, ordinal, heading, content,
    language, metadata, token_count)
  select new.workspace_id, new.id, new.user_id, p.ordinal, p.heading, p.content, new.language, new.metadata,
    private.estimate_tokens(p.content)
  from paired as p where p.id is null;
  return null;
end;
$$;
comment on function private.keep_chunks() is
  'Trigger on documents: rebuilds the chunks of changed content and keeps those that are unchanged. Copies language, '
  'metadata and owner to them. Errors: limit_reached 403 for too many chunks, 429 for too many long documents at once.';
create trigger keep_chunks_of_new after insert on public.documents
  for each row when (new.source_type <> 'imported') execute function private.keep_chunks();
create trigger keep_chunks_of_changed after update of content, language, metadata, user_id on public.documents
  for each row when (new.source_type <> 'imported') execute function private.keep_chunks();
