-- Searching documents: hybrid search by full text and by embedding, within a path and by tags.
--
-- Touches: private.nearest_chunks: finds by embedding. private.matching_chunks: finds by words. private.find_chunks:
--            fuses both.
--          search_documents: the search of our clients. match_documents, kw_match_documents: those of vector store
--            clients, whose filter private.read_filter reads.
-- Beware:  Search has two steps. First, finders return ids and ranks. They run as their owner: under row-level security
--          the operators of full text (@@) and of paths (<@) may not use an index before the policy is checked. They
--          limit themselves to what the caller may see. Second, the caller reads the rows under the policies. So a bug
--          in a finder could lose a result, but never leak a row. How nearest_chunks chooses between a full scan and
--          the HNSW index: docs/decisions/0013-routing-search-by-size.md.

create function private.search_crossover(all_chunks real)
returns integer
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  -- The index passes over the chunks of others: the smaller the share of what is asked for, the more it reads. Reading
  -- all costs by that share itself, so the two meet at a square root.
  return greatest(5000, least(round(sqrt(200 * greatest(all_chunks, 0))), 100000));
end;
$$;
comment on function private.search_crossover(real) is
  'Up to this many matching chunks, among so many of all tenants, the search reads all of them, which is exact; above '
  'it uses the HNSW index. Measured: docs/decisions/0013-routing-search-by-size.md.';

select private.add_limit('searches_at_once', 'person', 'at_once', 'searches',
  'Running searches of a person in documents and messages.', 4, 8, 16);

create function private.chunk_condition(within extensions.ltree, tags text[], filter jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select 'c.workspace_id = any ($1) and (c.user_id = $3 or (c.user_id is null and c.workspace_id = any ($2)))'
    || case when within is null and tags is null then '' else
      ' and c.document_id in (select d.id from public.documents as d where d.workspace_id = any ($1)'
      || case when within is null then '' else ' and d.path operator(extensions.<@) $4' end
      || case when tags is null then '' else ' and d.tags @> $5' end || ')' end
    || case when filter is null or filter = '{}' then '' else ' and c.metadata @> $6' end;
$$;
comment on function private.chunk_condition(extensions.ltree, text[], jsonb) is
  'The condition on a chunk `c` in the statements of both finders. $1: the workspaces, $2: those whose shared '
  'documents are included, $3: the person, $4: the path, $5: tags, $6: the metadata filter. It contains only the given '
  'filters, so that each search gets its own plan.';

create function private.nearest_chunks(
  workspaces uuid[], shared_in uuid[], person uuid, within extensions.ltree, tags text[], filter jsonb,
  query_embedding extensions.halfvec, model text, most integer
)
returns table (id uuid, distance double precision)
language plpgsql
volatile
-- Reset when the function returns, whatever it sets in between.
set search_path = ''
set enable_sort = on
set enable_seqscan = on
as $$
#variable_conflict use_column
declare
  condition text := private.chunk_condition(within, tags, filter) || ' and c.embedding_model = $8';
  crossover integer := private.search_crossover(
    (select known.reltuples from pg_catalog.pg_class as known where known.oid = 'public.document_chunks'::regclass));
  counted text;
  candidates bigint;
  ids uuid[];
  distances double precision[];
begin
  -- First count the rows that the caller may see, which an index answers. Only if these are too many, count with the
  -- filters.
  foreach counted in array array[private.chunk_condition(null, null, null) || ' and c.embedding_model = $8', condition]
    loop
    execute format('select count(*) from (select from public.document_chunks as c where %s limit $9 + 1) as capped',
      counted)
    into candidates
    using workspaces, shared_in, person, within, tags, filter, query_embedding, model, crossover;
    exit when candidates <= crossover or counted = condition;
  end loop;

  if candidates > crossover then
    perform set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true),
      set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '120', true),
      set_config('hnsw.max_scan_tuples', '200000', true), set_config('hnsw.scan_mem_multiplier', '2', true);
    -- Relaxed order is approximate, and the fewer near rows match the filters, the worse it is. So fetch four times as
    -- many and sort again.
    execute format($search$
      with near as materialized (
        select c.id, c.embedding operator(extensions.<=>) $7 as distance from public.document_chunks as c
        where %s order by c.embedding operator(extensions.<=>) $7 limit 4 * $9
      )
      select array_agg(best.id order by best.distance, best.id),
        array_agg(best.distance order by best.distance, best.id)
      from (select near.id, near.distance from near order by near.distance + 0, near.id limit $9) as best
    $search$, condition) into ids, distances
      using workspaces, shared_in, person, within, tags, filter, query_embedding, model, most;
    perform set_config('enable_sort', 'on', true), set_config('enable_seqscan', 'on', true);
    if cardinality(ids) >= most then
      return query select * from unnest(ids, distances);
      return;
    end if;
    -- The index gave up before it had enough.
  end if;
  return query execute format($search$
    select c.id, c.embedding operator(extensions.<=>) $7 from public.document_chunks as c
    where %s order by (c.embedding operator(extensions.<=>) $7) + 0, c.id limit $9
  $search$, condition) using workspaces, shared_in, person, within, tags, filter, query_embedding, model, most;
end;
$$;
comment on function private.nearest_chunks(uuid[], uuid[], uuid, extensions.ltree, text[], jsonb, extensions.halfvec,
  text, integer) is
  'The `most` chunks of this model nearest to a vector (cosine distance), nearest first, among those that match the '
  'filters. Exact up to private.search_crossover candidates. Above it, the HNSW index with relaxed iterative scan, '
  'sorted again; exact where the index gave up too early.';

create function private.matching_chunks(
  workspaces uuid[], shared_in uuid[], person uuid, within extensions.ltree, tags text[], filter jsonb, query text,
  most integer
)
returns table (id uuid, rank double precision)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  -- One index scan for each language in use.
  languages text[] := array(
    select named from unnest(array[
      'simple', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'italian', 'norwegian', 'portuguese',
      'russian', 'spanish', 'swedish', 'turkish'
    ]) as named
    where exists (select from public.documents as d where d.workspace_id = any (workspaces) and d.language = named)
  );
  spoken text;
  all_words tsquery := ''::tsquery;
begin
  foreach spoken in array languages loop
    all_words := all_words || websearch_to_tsquery(private.text_config(spoken),
      private.spaced_text(private.fold_text(query)));
  end loop;
  for id, rank in execute private.ranking('public.document_chunks', private.chunk_condition(within, tags, filter))
  using workspaces, shared_in, person, within, tags, filter, private.asked_words(languages, query), all_words, most
  loop
    return next;
  end loop;
end;
$$;
comment on function private.matching_chunks(uuid[], uuid[], uuid, extensions.ltree, text[], jsonb, text, integer) is
  'The `most` chunks that match the filters and the query''s words. First those with all words (web search syntax: "a '
  'phrase", or, -not), then those with any, rare words weighing most (private.ranking). The query is read in each '
  'language that the workspaces'' documents have.';

create function private.find_chunks(
  workspace_id uuid, user_id uuid, query text, query_embedding extensions.halfvec, model text, within extensions.ltree,
  tags text[], filter jsonb, most integer
)
returns table (id uuid, score double precision, similarity double precision, text_rank bigint, vector_rank bigint)
language plpgsql
volatile
-- row-level security rules out the indexes of words and paths; the access check is below
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
  person uuid := private.current_user_id('knowledge:read');
  named text := coalesce(model, private.current_embedding_model());
  workspaces uuid[];
  shared_in uuid[];
begin
  if private.is_service() then
    if $1 is null then
      perform private.raise_error('workspace_required', 'Which workspace is to be searched?', 422,
        'The service names it; with match_documents in filter: workspace_id.');
    end if;
    person := $2;
    workspaces := array[$1];
    shared_in := case
      when person is null or private.member_role(person, $1) = any (private.roles_from('member')) then workspaces
    else '{}' end;
  else
    workspaces := array(select w from unnest(private.workspace_ids('guest', 'knowledge:read')) as w
      where $1 is null or w = $1);
    shared_in := array(select w from unnest(private.workspace_ids('member', 'knowledge:read')) as w
      where w = any (workspaces));
    if ($1 is not null and cardinality(workspaces) = 0) or $2 <> person then
      perform private.raise_error('not_found', 'No such workspace of yours.', 404);
    end if;
  end if;
  if person is not null then
    perform private.take_slot('searches_at_once', person, $1);
  end if;
  if query_embedding is not null
    and (extensions.vector_dims(query_embedding::extensions.vector) <> 384 or extensions.l2_norm(query_embedding) = 0)
    then
    perform private.raise_error('invalid_embedding', 'An embedding has 384 dimensions and is not zero.', 422);
  end if;
  return query
  with near as (
    select n.id, n.distance, row_number() over (order by n.distance, n.id) as place
    from private.nearest_chunks(workspaces, shared_in, person, within, tags, filter, query_embedding,
      named, most) as n
    where query_embedding is not null
  ), matching as (
    select m.id, row_number() over (order by m.rank desc, m.id) as place
    from private.matching_chunks(workspaces, shared_in, person, within, tags, filter, query, most) as m
    where query is not null
  )
  select coalesce(near.id, matching.id),
    coalesce(private.embedding_weight(named) / (60 + near.place), 0) + coalesce(1.0 / (60 + matching.place),
      0)::double precision,
    1 - near.distance, matching.place, near.place
  from near full join matching on matching.id = near.id
  order by 2 desc, near.distance, 1;
end;
$$;
comment on function private.find_chunks(uuid, uuid, text, extensions.halfvec, text, extensions.ltree, text[], jsonb,
  integer) is
  'Ids of chunks that the caller may see, by full text and by embedding, fused by reciprocal rank: the sum of 1/(60 + '
  'place), where the embedding''s term is multiplied by the weight of its model (private.embedding_models). After '
  'Cormack, Clarke and Büttcher (2009). A person searches as themselves (workspace_id null: all their workspaces). The '
  'service searches in a workspace, as user_id or, without one, only shared documents. Errors: not_found 404, '
  'workspace_required, invalid_embedding 422.';
grant execute on function private.find_chunks(uuid, uuid, text, extensions.halfvec, text, extensions.ltree, text[],
  jsonb, integer) to authenticated, service_role;

-- Public functions ----------------------------------------------------------------------------------------------------

create function public.search_documents(
  workspace_id uuid, query text default null, query_embedding extensions.halfvec default null,
  embedding_model text default null,
  within text default null, tags text[] default null, match_count integer default 10, user_id uuid default null
)
returns table (
  chunk_id uuid, document_id uuid, path text, name text, heading text, content text, metadata jsonb,
  score double precision, similarity double precision, text_rank bigint, vector_rank bigint
)
language sql
volatile
security invoker
set search_path = ''
as $$
  select chunk.id, document.id, document.path::text, document.name::text, chunk.heading, chunk.content, chunk.metadata,
    found.score, found.similarity, found.text_rank, found.vector_rank
  from private.find_chunks($1, $8, left($2, 2000), $3, $4, case when $5 is not null then private.require_path($5) end,
    $6, null,
    4 * greatest(private.require_count($7, 10, 100, 'match_count'), 10)) as found
  join public.document_chunks as chunk on chunk.id = found.id
  join public.documents as document on document.id = chunk.document_id
  order by found.score desc, found.similarity desc nulls last, chunk.id
  limit private.require_count($7, 10, 100, 'match_count');
$$;
comment on function public.search_documents(uuid, text, extensions.halfvec, text, text, text[], integer, uuid) is
  'Searches a workspace''s documents by words (query, of which the first 2,000 characters count), by embedding '
  '(query_embedding, 384 dimensions) or both, fused by reciprocal rank. embedding_model: the vector''s model (default: '
  'the model of `embed`). within: a path; searches at and below it. tags: documents must have all of them. '
  'match_count: 1–100. user_id: for the service, the person to search as. Returns passages with their document, the '
  'fused score, the cosine similarity and the place in each list. Errors: not_found 404, invalid_body 400 with the '
  'field, invalid_path, invalid_embedding, workspace_required 422.';

create function private.read_filter(filter jsonb, out workspace_id uuid, out user_id uuid, out within extensions.ltree,
  out embedding_model text, out of_metadata jsonb)
language plpgsql
immutable
set search_path = ''
as $$
declare
  own text[] := array['workspace_id', 'user_id', 'path', 'embedding_model'];
  given jsonb := case when jsonb_typeof(filter) = 'object' then filter else '{}' end;
  wrong text := (select key from unnest(own[1:2]) as key where not pg_input_is_valid(given ->> key, 'uuid') limit 1);
begin
  if wrong is not null then
    perform private.raise_error('invalid_body', format('filter: %s is not an id', wrong), 400, 'filter');
  end if;
  workspace_id := (given ->> 'workspace_id')::uuid;
  user_id := (given ->> 'user_id')::uuid;
  within := case when given ->> 'path' is not null then private.require_path(given ->> 'path') end;
  embedding_model := given ->> 'embedding_model';
  of_metadata := given - own;
end;
$$;
comment on function private.read_filter(jsonb) is
  'Reads the filter of a vector store client: four keys of it are special, the rest is of the metadata. Errors: '
  'invalid_body 400 with the field, invalid_path 422.';
grant execute on function private.read_filter(jsonb) to authenticated, service_role;

create function public.match_documents(query_embedding extensions.vector, match_count integer default null,
  filter jsonb default '{}')
returns table (id uuid, content text, metadata jsonb, embedding jsonb, similarity double precision)
language sql
volatile
security invoker
set search_path = ''
as $$
  select chunk.id, chunk.content, chunk.metadata, chunk.embedding::text::jsonb, found.similarity
  from private.read_filter($3) as asked
  cross join lateral private.find_chunks(asked.workspace_id, asked.user_id, null, $1::extensions.halfvec,
    coalesce(asked.embedding_model, 'client'), asked.within, null, asked.of_metadata,
    least(greatest(coalesce($2, 100), 1), 100)) as found
  join public.document_chunks as chunk on chunk.id = found.id
  order by found.similarity desc, chunk.id;
$$;
comment on function public.match_documents(extensions.vector, integer, jsonb) is
  'The chunks nearest to a vector, with the arguments that vector store clients send. match_count: by default 100, and '
  '100 if they ask for more: such clients ask for spare ones. filter: what metadata must contain. Four keys of it are '
  'special: workspace_id, path, embedding_model (default: client, for rows that such clients wrote) and, for the '
  'service, user_id. Errors: as search_documents, invalid_body 400 (an id in filter is none).';

create function public.kw_match_documents(query_text text, match_count integer default null, filter jsonb default '{}')
returns table (id uuid, content text, metadata jsonb, similarity double precision)
language sql
volatile
security invoker
set search_path = ''
as $$
  select chunk.id, chunk.content, chunk.metadata, 6.0::double precision / (59 + found.text_rank)
  from private.read_filter($3) as asked
  cross join lateral private.find_chunks(asked.workspace_id, asked.user_id, left($1, 2000), null, null, asked.within,
    null, asked.of_metadata, least(greatest(coalesce($2, 100), 1), 100)) as found
  join public.document_chunks as chunk on chunk.id = found.id
  order by found.text_rank, chunk.id;
$$;
comment on function public.kw_match_documents(text, integer, jsonb) is
  'The chunks that match a query''s words, with the arguments that LangChain''s SupabaseHybridSearch sends. '
  'similarity: 0.1 for the first, falling with the place; that client multiplies it by ten and lists it beside cosine '
  'similarities. The first 2,000 characters of the query count. match_count, filter and errors: as for '
  'match_documents.';

grant execute on function
  public.kw_match_documents(text, integer, jsonb),
  public.search_documents(uuid, text, extensions.halfvec, text, text, text[], integer, uuid),
  public.match_documents(extensions.vector, integer, jsonb)
to authenticated, service_role;
