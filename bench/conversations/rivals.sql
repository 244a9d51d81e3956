-- The rivals of recall that are made of Postgres alone.
create schema if not exists bench;
create function bench.any_word(asked text) returns tsquery language sql stable
as $$ select string_agg(quote_literal(lexeme), ' | ')::tsquery from unnest(to_tsvector('english', asked)) $$;

-- Two lists of the same weight, by ts_rank and by distance, fused by reciprocal rank.
create function bench.recall_as_equals(workspace_id uuid, query text, query_embedding extensions.halfvec, model text,
  most integer, person uuid)
returns table (id uuid)
language plpgsql
stable
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  words tsquery := bench.any_word($2);
begin
  perform private.memory_person($1, $6, 'memory:read');
  return query
  with mine as materialized (
    select m.id, m.confidence, m.confirmed_at,
      case when m.embedding_model = $4 then m.embedding operator(extensions.<=>) $3 end as distance,
      case when m.content_tsv @@ words then ts_rank(m.content_tsv, words) end as rank
    from public.memories as m where m.workspace_id = $1 and m.user_id = $6 and m.valid_to is null
  ), placed as (
    select mine.id, mine.confidence, mine.confirmed_at,
      case when mine.distance is not null
        then row_number() over (order by mine.distance nulls last, mine.id) end as vector_place,
      case when mine.rank is not null
        then row_number() over (order by mine.rank desc nulls last, mine.id) end as text_place
    from mine where mine.distance is not null or mine.rank is not null
  ), best as (
    select p.id, (0.8 + 0.2 * p.confidence) * (0.9 + 0.1 * 2 ^ (-greatest(date_part('epoch', now() - p.confirmed_at),
      0) / 86400 / 90))
      * (coalesce(1 / (10 + p.vector_place)::double precision, 0) + coalesce(1 / (10 + p.text_place)::double precision,
        0)) as total
    from placed as p where p.vector_place <= 100 or p.text_place <= 100
    order by total desc, p.id limit $5
  )
  select m.id from best join public.memories as m on m.id = best.id order by best.total desc, m.id;
end;
$$;
