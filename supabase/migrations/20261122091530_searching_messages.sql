-- Searching messages: by words and by meaning, in the conversations that the caller may read.
--
-- Touches: search_messages: the search. private.matching_messages: finds by words, rare words weighing most.
--          private.nearest_messages: finds by meaning. private.find_messages: fuses both.
-- Beware:  As with documents, the finders run as their owner, to use the indexes, and limit themselves to what the
--          caller may see. The caller then reads the rows under the policies. A query is read in each language that may
--          be meant. The vectors are read without an index of vectors: exact, and bounded by the limit message_vectors
--          for the caller's own messages, by 20,000 for those that others share.

create function private.matching_messages(
  workspaces uuid[], person uuid, shared uuid[], within uuid[], period tstzrange, deleted uuid[], query text,
  most integer
)
returns table (id uuid, rank double precision)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  -- The query's language is unknown: try each language of the conversations.
  languages text[] := array(
    select l.name
    from unnest(array['english', 'danish', 'dutch', 'finnish', 'french', 'german', 'italian', 'norwegian', 'portuguese',
      'russian', 'spanish', 'swedish', 'turkish']) as l (name)
    where exists (select from unnest(workspaces) as w
      join private.message_texts as t on t.workspace_id = w and t.language = l.name));
  spoken text;
  all_of tsquery;
  every_word tsquery;
  condition text := 'c.workspace_id = any ($1) and (c.user_id = $2 and c.conversation_id <> all ($6) or '
    'c.conversation_id = any ($3))'
    || case when within is null then '' else ' and c.conversation_id = any ($4)' end
    || case when period = '(,)' then '' else ' and $5 @> c.said_at' end;
begin
  foreach spoken in array languages loop
    all_of := websearch_to_tsquery(private.text_config(spoken), private.spaced_text(private.fold_text(query)));
    every_word := case when every_word is null then all_of when numnode(all_of) = 0 then every_word
      else every_word || all_of end;
  end loop;
  for id, rank in execute private.ranking('private.message_texts', condition)
  using workspaces, person, shared, within, period, deleted, private.asked_words(languages, query),
    coalesce(every_word, ''::tsquery), most
  loop
    return next;
  end loop;
end;
$$;
comment on function private.matching_messages(uuid[], uuid, uuid[], uuid[], tstzrange, uuid[], text, integer) is
  'The `most` messages that match the query''s words: first those with all words, then those with the rarest. In the '
  'person''s own conversations besides the deleted ones, and in the shared ones; of both only those within, if given.';

create function private.nearest_messages(
  workspaces uuid[], person uuid, shared uuid[], within uuid[], period tstzrange, deleted uuid[],
  query_embedding extensions.halfvec, model text, most integer
)
returns table (id uuid, passage smallint, distance double precision)
language plpgsql
volatile
set search_path = ''
as $$
#variable_conflict use_column
declare
  recent uuid[] := array(
    select t.id from public.conversations as t
    where t.id = any (shared) and (within is null or t.id = any (within))
    order by t.last_message_at desc, t.id limit 1000);
begin
  return query
  select near.message_id, near.passage, near.distance
  from (
    select distinct on (passages.message_id) passages.message_id, passages.passage, passages.distance
    from (
      -- A message has at most eight passages.
      select all_of.message_id, all_of.passage, all_of.distance
      from (
        select v.message_id, v.passage, v.embedding operator(extensions.<=>) query_embedding as distance
        from private.message_vectors as v
        where v.user_id = person and v.workspace_id = any (workspaces) and v.conversation_id <> all (deleted)
          and (within is null or v.conversation_id = any (within)) and period @> v.said_at
          and v.embedding_model = model
        union all
        select v.message_id, v.passage, v.embedding operator(extensions.<=>) query_embedding
        from unnest(recent) as talk
        cross join lateral (
          select s.* from private.message_vectors as s
          where s.conversation_id = talk and period @> s.said_at and s.embedding_model = model
          order by s.said_at desc limit 20000 / greatest(cardinality(recent), 1)
        ) as v
      ) as all_of
      order by all_of.distance, all_of.message_id limit 8 * most
    ) as passages
    order by passages.message_id, passages.distance
  ) as near
  order by near.distance, near.message_id limit most;
end;
$$;
comment on function private.nearest_messages(uuid[], uuid, uuid[], uuid[], tstzrange, uuid[], extensions.halfvec, text,
  integer) is
  'The `most` messages with a passage nearest to a vector (cosine distance), where matching_messages looks too. Exact '
  'over the person''s own vectors of this model; of the 1,000 shared conversations that were last used over their '
  'newest 20,000 passages, the same number of each.';

create function private.find_messages(
  workspace_id uuid, query text, conversations uuid[], agent_id uuid, folder_id uuid, since timestamptz,
  until timestamptz, most integer, query_embedding extensions.halfvec, model text
)
returns table (id uuid, score double precision, similarity double precision, passage smallint, has_words boolean)
language plpgsql
volatile
security definer -- row-level security rules out the index of words; the access check is below
set search_path = ''
as $$
#variable_conflict use_column
declare
  person uuid := private.current_user_id('conversations:read');
  acting uuid := private.agent_of_token();
  named text := coalesce(model, private.current_embedding_model());
  mine uuid[] := array(select w from unnest(private.workspace_ids('guest', 'conversations:read')) as w
    where $1 is null or w = $1);
  shared_in uuid[] := array(select w from unnest(private.workspace_ids('member')) as w where w = any (mine));
  within uuid[];
  shared uuid[];
  deleted uuid[];
begin
  if private.is_service() or person is null or cardinality(mine) = 0 then
    perform private.raise_error('not_found', 'No such workspace of yours.', 404);
  elsif query_embedding is not null
    and (extensions.vector_dims(query_embedding::extensions.vector) <> 384 or extensions.l2_norm(query_embedding) = 0)
  then
    perform private.raise_error('invalid_embedding', 'An embedding has 384 dimensions and is not zero.', 422);
  elsif since > until then
    perform private.raise_error('invalid_body', 'until: is before since', 400, 'until');
  end if;
  perform private.take_slot('searches_at_once', person, $1);
  deleted := array(select t.id from public.conversations as t
    where t.user_id = person and t.workspace_id = any (mine) and t.deleted_at is not null);
  shared := array(select t.id from public.conversations as t
    where t.workspace_id = any (shared_in) and t.visibility in ('workspace', 'public') and t.deleted_at is null
      and t.user_id <> person);
  if coalesce(conversations::text, agent_id::text, folder_id::text, acting::text) is not null then
    within := array(select t.id from public.conversations as t
      where t.workspace_id = any (mine) and (t.user_id = person or t.id = any (shared))
        and (conversations is null or t.id = any (conversations)) and (acting is null or t.agent_id = acting)
          and ($4 is null or t.agent_id = $4) and ($5 is null or t.folder_id = $5));
  end if;
  return query
  with near as (
    select n.id, n.passage, n.distance, row_number() over (order by n.distance, n.id) as place
    from private.nearest_messages(mine, person, shared, within, tstzrange(since, until), deleted, query_embedding,
      named, most) as n
    where query_embedding is not null
  ), matching as (
    -- Equals share a place: the newer one comes first.
    select m.id, rank() over (order by m.rank desc) as place
    from private.matching_messages(mine, person, shared, within, tstzrange(since, until), deleted, query, most) as m
  )
  select coalesce(near.id, matching.id),
    coalesce(private.embedding_weight(named) / (60 + near.place), 0) + coalesce(1.0 / (60 + matching.place),
      0)::double precision,
    1 - near.distance, near.passage, matching.id is not null
  from near full join matching on matching.id = near.id
  order by 2 desc, near.distance, 1;
end;
$$;
comment on function private.find_messages(uuid, text, uuid[], uuid, uuid, timestamptz, timestamptz, integer,
  extensions.halfvec, text) is
  'Ids of messages that the caller may read, by words and by embedding, fused as in private.find_chunks. For a person, '
  'or for an agent with the scope conversations:read, in that person''s conversations with it. passage: the nearest. '
  'Errors: not_found 404 (for the service too, which is no person), invalid_embedding 422, limit_reached 429.';
grant execute on function private.find_messages(uuid, text, uuid[], uuid, uuid, timestamptz, timestamptz, integer,
  extensions.halfvec, text) to authenticated;

create function public.search_messages(
  query text, workspace_id uuid default null, conversations uuid[] default null, agent_id uuid default null,
  folder_id uuid default null,
  since timestamptz default null, until timestamptz default null, match_count integer default 10,
  query_embedding extensions.halfvec default null, embedding_model text default null
)
returns table (
  message_id uuid, client_id text, conversation_id uuid, title text, role text, said_at timestamptz, passage text,
  before jsonb, after jsonb, score double precision, similarity double precision
)
language sql
volatile
security invoker -- row-level security checks the rows again
set search_path = ''
as $$
  select said.id, said.client_id, said.conversation_id, talk.title, said.role, said.created_at,
    case when length(private.text_of_parts(said.parts)) <= 400 then private.text_of_parts(said.parts)
      when not found.has_words then private.passage_of(private.text_of_parts(said.parts), found.passage)
      else ts_headline(private.text_config(private.guess_language(private.text_of_parts(said.parts))),
        private.text_of_parts(said.parts),
      private.any_of(private.asked_words(array[private.guess_language(private.text_of_parts(said.parts))],
        left($1, 2000))),
      'StartSel="", StopSel="", MaxFragments=2, MinWords=15, MaxWords=60, FragmentDelimiter=" … "') end,
    (select jsonb_build_object('id', b.id, 'role', b.role, 'text', left(private.text_of_parts(b.parts), 500))
      from public.messages as b where b.id = said.parent_id),
    (select jsonb_build_object('id', a.id, 'role', a.role, 'text', left(private.text_of_parts(a.parts), 500))
      from public.messages as a where a.parent_id = said.id order by a.created_at desc, a.id desc limit 1),
    found.score, found.similarity
  from private.find_messages($2, left($1, 2000), $3, $4, $5, $6, $7,
    4 * greatest(private.require_count($8, 10, 100, 'match_count'), 10), $9, $10) as found
  join public.messages as said on said.id = found.id
  join public.conversations as talk on talk.id = said.conversation_id
  order by found.score desc, said.created_at desc, said.id
  limit private.require_count($8, 10, 100, 'match_count');
$$;
comment on function public.search_messages(text, uuid, uuid[], uuid, uuid, timestamptz, timestamptz, integer,
  extensions.halfvec, text) is
  'Searches messages in the conversations that the caller may read: by words (query, in web search syntax; its first '
  '2,000 characters count), and with query_embedding (384 dimensions) by meaning too, fused by reciprocal rank. By '
  'meaning only in workspaces that choose so (workspaces.embeds_messages). embedding_model: the vector''s model '
  '(default: the model of `embed`). Filters: workspace, conversations, agent, folder, time (until is exclusive). '
  'Returns the best match_count (1–100). passage: the text around the match; before, after: the neighbours {id, role, '
  'text}. Deleted messages and those taken back are not found. An agent (conversations:read) searches its '
  'conversations with its person. Errors: not_found 404, invalid_body 400 with the field, invalid_embedding 422, '
  'limit_reached 429.';
grant execute on function public.search_messages(text, uuid, uuid[], uuid, uuid, timestamptz, timestamptz, integer,
  extensions.halfvec, text) to authenticated;
