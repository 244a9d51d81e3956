-- Recalling: finds a person's relevant memories, and ages memories.
--
-- Touches: recall: finds relevant memories. memories_at: those valid at a given time. memory_health: statistics.
--          The job age-memories: moves memories from tier to tier.
-- Beware:  A person has few memories, so recall reads all of them. It is exact, needs no vector index, and stays under
--          row-level security. Two lists, by embedding and by words, are fused by reciprocal rank and weighted
--          (docs/knowledge.md):
--            score = (worth/(10 + place by meaning) + 1/(10 + place by words))
--              · (0.8 + 0.2 · confidence) · (0.9 + 0.1 · 2^(−days since it was last said / 90))
--          The second factor runs from 0.8 (no confidence) to 1. The third runs from 0.9 (long ago) to 1 (just said),
--          with a half-life of 90 days. Together they are worth about four places at the top. The constant is 10 and
--          not the usual 60: with 60, neighbouring places differ by 1.6 %, and the weights would outweigh relevance.
--          worth: of the model (private.embedding_models). By words: rare words weigh most, and a statement gets a part
--          of the score of statements made within the same hour (decision 27).

create function private.recall(
  workspace_id uuid, query text, query_embedding extensions.halfvec, embedding_model text, agent_id uuid,
  categories text[],
  only_kind text, match_count integer, user_id uuid
)
returns table (
  id uuid, kind text, category text, tier text, subject text, content text, confidence double precision,
  score double precision, similarity double precision, valid_from timestamptz, confirmed_at timestamptz
)
language plpgsql
stable
set search_path = ''
-- The plan does not depend on the arguments, and planning costs as much as recalling.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  person uuid := private.memory_person($1, $9, 'memory:read');
  for_agent uuid := coalesce($5, private.agent_of_token());
  model text := coalesce($4, private.current_embedding_model(), 'client');
  trust double precision := private.embedding_weight(model);
  asked text := left($2, 2000);
  most integer := private.require_count($8, 10, 100, 'match_count');
  hour constant double precision := 3600;
begin
  perform private.require_known($6, '{personal,project,preference,decision,knowledge}', 'categories');
  perform private.require_known(array[$7], '{profile,fact}', 'only_kind') where $7 is not null;
  if $3 is not null and (extensions.vector_dims($3::extensions.vector) <> 384 or extensions.l2_norm($3) = 0) then
    perform private.raise_error('invalid_embedding', 'An embedding has 384 dimensions and is not zero.', 422);
  end if;
  return query
  with mine as materialized (
    select m.id, m.ordinal, m.confidence, m.confirmed_at, m.valid_from,
      case when m.embedding_model = model then m.embedding operator(extensions.<=>) $3 end as distance,
      case when asked <> '' then m.content_tsv end as content_tsv, m.language
    from public.memories as m
    where m.workspace_id = $1 and m.user_id = person and m.valid_to is null
      and (m.agent_id is null or m.agent_id = for_agent) and ($6 is null or m.category = any ($6))
        and ($7 is null or m.kind = $7)
  ), words as materialized (
    -- In each of the person's languages.
    select asked.word, asked.place
    from unnest(private.asked_words(array(select distinct mine.language::text from mine), asked))
      with ordinality as asked (word, place)
  ), said as materialized (
    -- The ts_rank of one word is its term frequency, saturating as in BM25: 0.61, 0.76, 0.83 … of 1.
    select mine.ordinal, words.place, ts_rank('{1,1,1,1}', mine.content_tsv, words.word) as share
    from mine join words on mine.content_tsv @@ words.word
  ), telling as materialized (
    -- Inverse document frequency, after Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
    -- Beyond" (2009).
    select said.place, ln(1 + ((select count(*)
      from mine) - count(*) + 0.5) / (count(*) + 0.5))::double precision as weight
    from said group by said.place
  ), own as (
    select said.ordinal, sum(said.share * telling.weight) as total from said join telling on telling.place = said.place
    group by said.ordinal
  ), row_of_statements as (
    -- In the order in which they were said, as arrays: eight window functions over the same rows cost more.
    select array_agg(s.ordinal order by s.second, s.ordinal) as ordinals,
      array_agg(s.second order by s.second, s.ordinal) as seconds,
      array_agg(s.total order by s.second, s.ordinal) as totals
    from (
      select mine.ordinal, date_part('epoch', mine.valid_from) as second, coalesce(own.total, 0) as total
      from mine left join own on own.ordinal = mine.ordinal where exists (select from said)
    ) as s
  ), fitting as (
    -- Statements made within an hour before and after give context.
    select r.ordinals[n] as ordinal, r.totals[n]
      + case when r.seconds[n - 1] >= r.seconds[n] - hour then 0.5::double precision * r.totals[n - 1] else 0 end
      + case when r.seconds[n - 2] >= r.seconds[n] - hour then 0.25::double precision * r.totals[n - 2] else 0 end
      + case when r.seconds[n + 1] <= r.seconds[n] + hour then 0.3::double precision * r.totals[n + 1] else 0 end
      + case when r.seconds[n + 2] <= r.seconds[n] + hour then 0.15::double precision * r.totals[n + 2] else 0 end
      as total
    from row_of_statements as r cross join generate_series(1, cardinality(r.ordinals)) as n
  ), listed as (
    (select near.ordinal, trust / (10 + row_number() over (order by near.distance, near.ordinal)) as share
    from (select mine.ordinal, mine.distance from mine where mine.distance is not null
      order by mine.distance, mine.ordinal limit 100) as near)
    union all
    (select f.ordinal, 1::double precision / (10 + row_number() over (order by f.total desc, f.ordinal))
    from (select fitting.ordinal, fitting.total from fitting where fitting.total > 0
      order by fitting.total desc, fitting.ordinal limit 100) as f)
    union all
    select mine.ordinal, 1::double precision / 11 from mine where asked is null and $3 is null
  ), best as (
    select mine.id, 1 - mine.distance as similarity,
      -- At most a thousand half-lives: the smallest number is near, and a memory of the year 1 is beyond it.
      (0.8 + 0.2 * mine.confidence) * (0.9 + 0.1 * 2 ^ (-least(greatest(date_part('epoch', now() - mine.confirmed_at),
        0) / 86400 / 90, 1000))) * fused.share as total
    from (select l.ordinal, sum(l.share) as share from listed as l group by l.ordinal) as fused
    join mine on mine.ordinal = fused.ordinal
    order by total desc, mine.id
    limit most
  )
  select m.id, m.kind, m.category, m.tier, m.subject::text, m.content, m.confidence, best.total, best.similarity,
    m.valid_from, m.confirmed_at
  from best join public.memories as m on m.id = best.id
  order by best.total desc, m.id;
end;
$$;
comment on function private.recall(uuid, text, extensions.halfvec, text, uuid, text[], text, integer, uuid) is
  'The body of public.recall without its note; runs as the caller, under the policies.';

create function private.current_embedding_model()
returns text
language plpgsql
stable
security definer -- reads one name from a private table
set search_path = ''
as $$
begin
  return (select m.name::text from private.embedding_models as m where m.is_current);
end;
$$;
comment on function private.current_embedding_model() is
  'The model that the function embed uses; null before its first call.';

create function public.recall(
  workspace_id uuid, query text default null, query_embedding extensions.halfvec default null,
  embedding_model text default null,
  agent_id uuid default null, categories text[] default null, only_kind text default null,
  match_count integer default 10, user_id uuid default null
)
returns table (
  id uuid, kind text, category text, tier text, subject text, content text, confidence double precision,
  score double precision, similarity double precision, valid_from timestamptz, confirmed_at timestamptz
)
language sql volatile security invoker set search_path = ''
as $$
  with recalled as materialized (
    select * from private.recall($1, $2, $3, $4, $5, $6, $7, $8, $9)
  ), noted as materialized (
    select private.note_recall($1, coalesce($9, private.current_user_id('memory:read')),
      array(select r.id from recalled as r))
  )
  select r.id, r.kind, r.category, r.tier, r.subject, r.content, r.confidence, r.score, r.similarity, r.valid_from,
    r.confirmed_at
  from recalled as r cross join noted order by r.score desc, r.id;
$$;
comment on function public.recall(uuid, text, extensions.halfvec, text, uuid, text[], text, integer, uuid) is
  'The relevant memories of the caller (the service names user_id): by words (query, of which the first 2,000 '
  'characters count), by embedding (query_embedding of embedding_model, default that of `embed`), or both; with '
  'neither, those with the highest weight. agent_id: also that agent''s own memories; an agent that calls gets its own '
  'by default. only_kind: profile or fact. match_count: 1–100. Best first. Returned memories are counted as recalled '
  'some seconds later. Errors: not_found 404, invalid_body 400 with the field, person_required, invalid_embedding 422.';

create function public.memories_at(workspace_id uuid, moment timestamptz, subject text default null,
  user_id uuid default null)
returns table (id uuid, subject text, content text, confidence double precision, valid_from timestamptz,
  valid_to timestamptz, total bigint)
language sql
stable
security invoker
set search_path = ''
as $$
  select one.*, count(*) over ()
  from (
    select distinct on (coalesce(m.subject::text, m.id::text)) m.id, m.subject::text, m.content, m.confidence,
      m.valid_from, m.valid_to
    from public.memories as m
    -- The latest statement on a subject at that time.
    cross join lateral (
      select max(s.said_at) as said_at from public.memory_sources as s
      where s.workspace_id = m.workspace_id and s.memory_id = m.id and s.said_at <= $2
    ) as last
    where m.workspace_id = $1 and m.user_id = private.memory_person($1, $4, 'memory:read')
      and ($3 is null or m.subject = $3)
      and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)
    order by coalesce(m.subject::text, m.id::text), coalesce(last.said_at, m.valid_from) desc, m.ordinal desc
  ) as one
  order by coalesce(one.subject, one.id::text);
$$;
comment on function public.memories_at(uuid, timestamptz, text, uuid) is
  'The memories that were valid at a given time, of the caller (the service names user_id): one for each subject, and '
  'those without a subject. total: how many; the Data API returns 1,000 rows at once, and the others by range. Errors: '
  'not_found 404, person_required 422.';

create function public.memory_health(workspace_id uuid, user_id uuid default null)
returns table (
  valid bigint, superseded bigint, near_duplicates bigint, stale bigint, never_recalled bigint, without_source bigint,
  without_embedding bigint
)
language sql
stable
security invoker
set search_path = ''
as $$
  select
    count(*) filter (where m.valid_to is null),
    count(*) filter (where m.valid_to is not null),
    count(*) filter (where m.valid_to is null and private.find_duplicate(
      m.workspace_id, m.user_id, m.agent_id, m.subject, m.content, m.embedding, m.embedding_model,
      array[m.id]) is not null),
    count(*) filter (where m.valid_to is null
      and greatest(m.confirmed_at, m.last_recalled_at) < now() - interval '180 days'),
    count(*) filter (where m.valid_to is null and m.recalled_count = 0 and m.created_at < now() - interval '30 days'),
    count(*) filter (where m.valid_to is null and not exists (
      select from public.memory_sources as s where s.workspace_id = m.workspace_id and s.memory_id = m.id)),
    count(*) filter (where m.valid_to is null and m.embedding is null)
  from public.memories as m
  where m.workspace_id = $1 and ($2 is null or m.user_id = $2);
$$;
comment on function public.memory_health(uuid, uuid) is
  'Statistics on the memories of the caller (for the service: of all people, or of user_id): valid and superseded '
  'ones. Of the valid ones, those that say the same as another, were neither said nor recalled for 180 days, were '
  'never recalled in their first 30 days or since, have no source, have no embedding yet. Compares each memory with '
  'all others of the same person.';

create function private.age_memories()
returns jsonb
language plpgsql
volatile
set search_path = ''
as $aged$
declare
  -- Skip locked rows: their writer makes them fresh.
  step constant text := $each$
    with aged as (
      update public.memories as m set tier = %L
      where m.id in (select old.id from public.memories as old
        where %s and ($1 is null or old.workspace_id = $1) for update skip locked) returning 1)
    select array[count(*)] from aged$each$;
  places constant text := 'select distinct m.workspace_id from public.memories as m order by 1';
  recent bigint[];
  historical bigint[];
begin
  recent := private.for_all_workspaces('age-memories: recent',
    format(step, 'recent', $$old.tier = 'immediate' and old.confirmed_at < now() - interval '1 day'$$), places);
  historical := private.for_all_workspaces('age-memories: historical',
    format(step, 'historical', $$old.tier = 'recent' and old.confirmed_at < now() - interval '30 days'
      and coalesce(old.last_recalled_at, '-infinity') < now() - interval '30 days'$$), places);
  return jsonb_build_object('recent', coalesce(recent[1], 0), 'historical', coalesce(historical[1], 0));
end;
$aged$;
comment on function private.age_memories() is
  'The job age-memories: immediate becomes recent a day after the last statement; recent becomes historical after 30 '
  'days without a statement or recall. Returns how many.';
select cron.schedule('age-memories', '11 3 * * *', 'select private.age_memories()');

grant execute on function
  private.memory_person(uuid, uuid, text),
  private.current_embedding_model(),
  private.recall(uuid, text, extensions.halfvec, text, uuid, text[], text, integer, uuid),
  public.recall(uuid, text, extensions.halfvec, text, uuid, text[], text, integer, uuid),
  public.memory_health(uuid, uuid),
  public.memories_at(uuid, timestamptz, text, uuid)
to authenticated, service_role;

-- Memories and a person's own documents are erased with the person. A shared document loses its author. superseded_by
-- refers to a memory.
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('public.memories', 'user_id', 'delete', true, 'workspace_id'),
  ('public.memories', 'superseded_by', 'with_row', false, 'workspace_id'),
  ('private.recalls', 'user_id', 'delete', false, 'workspace_id'),
  ('public.memory_sources', 'user_id', 'with_row', true, 'workspace_id'),
  ('public.documents', 'user_id', 'delete', true, 'workspace_id'),
  ('public.documents', 'created_by', 'null', false, 'workspace_id');
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column, found_by)
values ('public.document_chunks', 'user_id', 'with_row', true, 'workspace_id',
  'document_id in (select d.id from public.documents as d where d.user_id = $1)');
