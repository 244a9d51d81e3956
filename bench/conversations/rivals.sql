-- The rivals of recall that are made of Postgres alone.
create schema if not exists bench;
create function bench.any_word(asked text) returns tsquery language sql stable
as $$ select string_agg(quote_literal(lexeme), ' | ')::tsquery from unnest(to_tsvector('english', asked)) $$;

-- As recall read a question before decision 27: in each of the person's languages, and as it was written.
create function bench.any_word(configs regconfig[], asked text) returns tsquery language plpgsql stable
as $$
begin
  return (
    select string_agg(quote_literal(word.lexeme), ' | ')::tsquery
    from (
      select read.lexeme from unnest(configs) as config cross join lateral unnest(to_tsvector(config, asked)) as read
      group by read.lexeme order by length(read.lexeme) desc, read.lexeme limit 48
    ) as word
  );
end;
$$;

-- Recall as it was before decision 27, with all it read and answered, so that its time compares: two lists of the same
-- weight, by ts_rank and by distance, fused by reciprocal rank.
create function bench.recall_as_equals(workspace_id uuid, query text, query_embedding extensions.halfvec, model text,
  most integer, person uuid)
returns table (
  id uuid, kind text, category text, tier text, subject text, content text, confidence double precision,
  score double precision, similarity double precision, valid_from timestamptz, confirmed_at timestamptz
)
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  person uuid := private.memory_person($1, $6, 'memory:read');
  words tsquery;
begin
  words := bench.any_word(array(
    select spoken.language::regconfig from (
      select 'simple' as language union
      select m.language::text from public.memories as m
      where m.workspace_id = $1 and m.user_id = person and m.valid_to is null
    ) as spoken), $2);
  return query
  with mine as materialized (
    select m.id, m.confidence, m.confirmed_at,
      case when m.embedding_model = $4 then m.embedding operator(extensions.<=>) $3 end as distance,
      case when m.content_tsv @@ words then ts_rank(m.content_tsv, words) end as rank
    from public.memories as m where m.workspace_id = $1 and m.user_id = person and m.valid_to is null
  ), placed as (
    select mine.id, mine.confidence, mine.confirmed_at, mine.distance,
      case when mine.distance is not null
        then row_number() over (order by mine.distance nulls last, mine.id) end as vector_place,
      case when mine.rank is not null
        then row_number() over (order by mine.rank desc nulls last, mine.id) end as text_place
    from mine where mine.distance is not null or mine.rank is not null
  ), best as (
    select p.id, 1 - p.distance as similarity,
      (0.8 + 0.2 * p.confidence)
      * (0.9 + 0.1 * 2 ^ (-greatest(date_part('epoch', now() - p.confirmed_at), 0) / 86400 / 90))
      * (coalesce(1 / (10 + p.vector_place)::double precision, 0)
        + coalesce(1 / (10 + p.text_place)::double precision, 0)) as total
    from placed as p where p.vector_place <= 100 or p.text_place <= 100
    order by total desc, p.id limit $5
  )
  select m.id, m.kind, m.category, m.tier, m.subject::text, m.content, m.confidence, best.total, best.similarity,
    m.valid_from, m.confirmed_at
  from best join public.memories as m on m.id = best.id order by best.total desc, m.id;
end;
$$;
