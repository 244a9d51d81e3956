-- Chunks: passages of documents, found by full text and by embedding.
--
-- Touches: public.document_chunks: the passages, with search terms and embedding.
--          private.split_text: splits a text into passages.
--          Triggers on public.documents: rebuild the chunks of changed documents.
-- Beware:  A trigger updates chunks on every write to their document. A chunk whose heading and text are unchanged
--          keeps its row and its embedding, so editing a section embeds only that section. No embedding ever stands
--          beside a text that it was not made from. Clients that know only a table of content, embedding and metadata
--          may insert chunks here (match_documents finds them).

create function private.estimate_tokens(content text)
returns integer
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
begin
  return (octet_length(content) + 3) / 4;
end;
$$;
comment on function private.estimate_tokens(text) is
  'Estimates the tokens of a text: a quarter of its bytes. Close for European languages, an overestimate for others.';
grant execute on function private.estimate_tokens(text) to authenticated, service_role;

create function private.first_piece_of_line(rest text, budget integer)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  room integer := budget * 4; -- characters, to find where to split
  piece text;
  half integer;
begin
  if private.estimate_tokens(rest) <= budget then
    return rest;
  end if;
  piece := left(rest, greatest(1, room * length(left(rest, room)) / octet_length(left(rest, room))));
  half := length(piece) / 2;
  return coalesce(
    left(piece, half) || coalesce(
      substring(substr(piece, half + 1) from '^.*[.!?]["'')\]]*(?=\s)'),
      substring(substr(piece, half + 1) from '^.*[。！？]'),
      substring(substr(piece, half + 1) from '^.*\s'),
      -- A URL without a space: split between two of its parts.
      substring(substr(piece, half + 1) from '^.*[^[:alnum:]]')
    ),
    piece
  );
end;
$$;
comment on function private.first_piece_of_line(text, integer) is
  'The start of a line that fits into so many tokens. It ends after a sentence, else after a word, else after a sign, '
  'else anywhere.';

create function private.markdown_lines(whole text)
returns table (place bigint, line text, level integer, title text, fence text, table_head text)
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
#variable_conflict use_column
declare
  lines text[] := string_to_array(regexp_replace(regexp_replace(whole, '^\ufeff', ''), E'\r\n?', E'\n', 'g'), E'\n');
  next_line text;
  opened text; -- the opening line of the fence, and its marker
  marker text;
  is_front boolean := false;
  is_underline boolean := false;
  closes boolean;
begin
  for number in 1..coalesce(cardinality(lines), 0) loop
    place := number::bigint;
    line := lines[number];
    next_line := lines[number + 1];
    level := null;
    title := null;
    closes := false;
    fence := case when marker is not null then opened end;
    if marker is not null then
      closes := line ~ ('^ {0,3}' || left(marker, 1) || '{' || length(marker) || ',}\s*$');
    elsif is_front then
      is_front := line !~ '^(---|\.\.\.)\s*$';
    elsif number = 1 and line ~ '^---\s*$' and array_position(lines[2:200], '---') is not null then
      is_front := true; -- front matter, whose end is not an underline
    elsif line ~ '^ {0,3}(`{3,}[^`]*|~{3,}.*)$' then
      marker := substring(line from '^ {0,3}(`{3,}|~{3,})');
      opened := line;
    elsif line ~ '^ {0,3}#{1,6}(\s|$)' then
      level := length(substring(line from '^ *(#+)'));
      title := coalesce(btrim(regexp_replace(line, '^ *#+\s*|\s+#+\s*$', '', 'g')), '');
    elsif next_line ~ '^ {0,3}(=+|-+)\s*$' and line ~ '\S'
      and line !~ '^ {4}|^ {0,3}([-+*>|]|\d{1,9}[.)])\s|^ {0,3}(=+|-+)\s*$' and line !~ '\|'
      and (table_head is null) and (number = 1 or lines[number - 1] !~ '\S'
        or lines[number - 1] ~ '^ {0,3}#{1,6}(\s|$)') then
      level := case when next_line ~ '=' then 1 else 2 end;
      title := btrim(line);
      is_underline := true;
    elsif is_underline then
      is_underline := false;
      level := 0; -- the underline itself
    end if;
    if marker is null and not is_front then
      if line ~ '\|' and next_line ~ '^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$' and next_line ~ '\|' then
        table_head := line || E'\n' || next_line;
      elsif table_head is not null and line !~ '\|' then
        table_head := null;
      end if;
    else
      table_head := null;
    end if;
    return next;
    if closes then
      marker := null;
    end if;
  end loop;
end;
$$;
comment on function private.markdown_lines(text) is
  'The lines of a Markdown text, parsed as CommonMark: level and title of a heading (0: the underline of one), the '
  'opening line of the surrounding fence, and the head of the surrounding table. Accepts any line endings. A byte '
  'order mark is left out. Front matter holds no headings. An unclosed fence runs to the end.';

create function private.split_text(whole text, budget integer default 256)
returns table (ordinal integer, heading text, content text)
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
#variable_conflict use_column
declare
  headings text[] := array_fill(null::text, array[6]);
  last_level integer;
  is_untold boolean := false; -- no passage has carried the heading above yet
  pending text := '';
  again text := ''; -- the repeated start of pending: a fence's first line, a table's head
  said record;
  rest text;
  place integer;
  piece text;
  closing text;
  -- A window over a long line: cutting small pieces from the front of the whole line would take quadratic time.
  slab constant integer := 64 * budget;
begin
  ordinal := 0;
  heading := null;
  for said in
    select l.line, l.level, l.title, l.fence, l.table_head from private.markdown_lines(whole) as l
    union all select '', 1, null, null, null -- a heading begins a passage; this sentinel ends the last one
  loop
    continue when said.level = 0;
    if said.level is not null then
      -- A heading without text below it is a passage of its own.
      if pending = again or btrim(pending, E' \n\t') = '' then
        pending := case when is_untold and said.level <= last_level then headings[last_level] else '' end;
      end if;
      if btrim(pending, E' \n\t') <> '' then
        content := btrim(pending, E'\n');
        return next;
        ordinal := ordinal + 1;
      end if;
      pending := '';
      again := '';
      headings[said.level] := nullif(said.title, '');
      for deeper in said.level + 1..6 loop
        headings[deeper] := null;
      end loop;
      last_level := said.level;
      is_untold := headings[said.level] is not null;
      heading := nullif(array_to_string(headings, ' › '), '');
      continue when heading is null or length(heading) <= 500;
      -- The rest of a long heading becomes text below it.
      heading := coalesce(substring(left(heading, 500) from '^.*(?=\s)'), left(heading, 500));
      said.line := said.title;
    end if;
    rest := '';
    place := 1;
    loop
      if place <= length(said.line) and length(rest) <= 4 * budget then
        rest := rest || substr(said.line, place, slab);
        place := place + slab;
      end if;
      piece := private.first_piece_of_line(rest, budget);
      if pending <> again and private.estimate_tokens(pending || piece) > budget then
        if btrim(pending, E' \n\t') <> '' then
          -- A fence that is split is closed and opened again.
          closing := case when said.fence is not null then substring(said.fence from '^ {0,3}(`{3,}|~{3,})') end;
          content := btrim(pending, E'\n') || coalesce(E'\n' || closing, '');
          return next;
          ordinal := ordinal + 1;
          is_untold := false;
        end if;
        again := coalesce(coalesce(said.fence, said.table_head) || E'\n', '');
        if length(again) > 2 * budget then
          again := '';
        end if;
        pending := again;
      end if;
      pending := pending || piece || E'\n';
      rest := substr(rest, length(piece) + 1);
      exit when rest = '' and place > length(said.line);
    end loop;
  end loop;
end;
$$;
comment on function private.split_text(text, integer) is
  'Splits a Markdown or plain text into passages of at most about `budget` tokens (estimated), a repeated first line '
  'not counted. It splits at headings, else between lines, sentences, words. heading: the headings above a passage, '
  'outermost first. Nothing is lost: a heading without text is a passage of its own, each piece of a table repeats its '
  'head, and a split fence is closed and opened again. A heading inside a fenced block is plain text.';

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
  embedding_model private.short_text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  content_hash text not null generated always as (private.content_hash(coalesce(heading, '') || E'\n' ||
    content)) stored,
  content_tsv tsvector not null generated always as (
    setweight(private.words(language, heading), 'A') || private.words(language, content)
  ) stored,
  foreign key (workspace_id, document_id) references public.documents (workspace_id, id) on delete cascade,
  constraint place_in_the_document_is_its_own unique (document_id, ordinal) deferrable initially immediate,
  constraint heading_is_short check (length(heading) between 1 and 500),
  constraint content_is_a_passage check (length(content) between 1 and 20000),
  constraint metadata_is_a_small_object check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 16384),
  constraint content_hash_is_sha256 check (length(content_hash) = 64),
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
begin
  if tg_op = 'UPDATE' and new.content_hash = old.content_hash then
    update public.document_chunks as c set language = new.language, metadata = new.metadata, user_id = new.user_id
    where c.workspace_id = new.workspace_id and c.document_id = new.id;
    return null;
  end if;
  with fresh as (
    select s.*, row_number() over (partition by s.heading, s.content order by s.ordinal) as nth
    from private.split_text(new.content) as s
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
  'metadata and owner to them.';
create trigger keep_chunks_of_new after insert on public.documents
  for each row when (new.source_type <> 'imported') execute function private.keep_chunks();
create trigger keep_chunks_of_changed after update of content, language, metadata, user_id on public.documents
  for each row when (new.source_type <> 'imported') execute function private.keep_chunks();
