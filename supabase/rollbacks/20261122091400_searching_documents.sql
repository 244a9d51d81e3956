drop function public.kw_match_documents(text, integer, jsonb);
drop function public.match_documents(extensions.vector, integer, jsonb);
drop function private.read_filter(jsonb);
drop function public.search_documents(uuid, text, extensions.halfvec, text, text, text[], integer, uuid);
drop function private.find_chunks(uuid, uuid, text, extensions.halfvec, text, extensions.ltree, text[], jsonb, integer);
drop function private.matching_chunks(uuid[], uuid[], uuid, extensions.ltree, text[], jsonb, text, integer);
drop function private.nearest_chunks(uuid[], uuid[], uuid, extensions.ltree, text[], jsonb, extensions.halfvec, text,
  integer);
drop function private.chunk_condition(extensions.ltree, text[], jsonb);
drop function private.search_crossover(real);
select private.remove_limits(array['searches_at_once']);
