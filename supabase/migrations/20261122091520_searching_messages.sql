-- Searching messages: full text search in the conversations that the caller may read, rare words weighing most.
--
-- Touches: private.message_texts, with its trigger on messages: the search terms. private.text_of_parts: the text they
--            are from.
--          search_messages: the search.
-- Beware:  As with documents, the finder runs as its owner, to use the index, and limits itself to what the caller may
--          see. The caller then reads the rows under the policies. Messages have no language tag: stop words decide,
--          else English. A query is read in each language that may be meant.

create function private.text_of_parts(parts jsonb)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  return (select left(string_agg(part ->> 'text', E'\n' order by place), 50000)
    from jsonb_array_elements(parts) with ordinality as one (part, place)
    where part ->> 'type' = 'text' and btrim(part ->> 'text') <> '');
end;
$$;
comment on function private.text_of_parts(jsonb) is
  'The text parts of a message, at most 50,000 characters. Null: none.';

create function private.guess_language(content text)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  return coalesce((
    -- The beginning is enough to detect the language. Each word is looked up once, however often it is said.
    with found_words as (
      select said.word, count(*) as times
      from (
        select w as word from regexp_split_to_table(lower(left(content, 2000)), '[^[:alpha:]'']+') as w
        where w <> '' limit 200
      ) as said
      group by said.word
    )
    select l.name
    from unnest(
      array['english', 'danish', 'dutch', 'finnish', 'french', 'german', 'italian', 'norwegian', 'portuguese',
        'russian', 'spanish', 'swedish', 'turkish'],
      array['pg_catalog.english_stem', 'pg_catalog.danish_stem', 'pg_catalog.dutch_stem', 'pg_catalog.finnish_stem',
        'pg_catalog.french_stem', 'pg_catalog.german_stem', 'pg_catalog.italian_stem', 'pg_catalog.norwegian_stem',
        'pg_catalog.portuguese_stem', 'pg_catalog.russian_stem', 'pg_catalog.spanish_stem', 'pg_catalog.swedish_stem',
        'pg_catalog.turkish_stem']::regdictionary[]
    ) with ordinality as l (name, dictionary, place)
    cross join lateral (
      select sum(f.times) filter (where ts_lexize(l.dictionary, f.word) = '{}') as stops from found_words as f
    ) as counted
    where counted.stops >= 2 order by counted.stops desc, l.place limit 1), 'english');
end;
$$;
comment on function private.guess_language(text) is
  'The language with the most stop words in a text, at least two; english if none has. One of private.language_name.';

create table private.message_texts (
  id uuid primary key references public.messages (id) on delete cascade,
  workspace_id uuid not null,
  conversation_id uuid not null,
  user_id uuid not null,
  said_at timestamptz not null,
  language private.language_name not null,
  content_tsv tsvector not null
);
comment on table private.message_texts is
  'The search terms of messages. Written by a trigger; a message that is taken back is removed.';
create index message_texts_words on private.message_texts using gin (content_tsv);
create index message_texts_conversation on private.message_texts (conversation_id);
create index message_texts_user on private.message_texts (user_id, workspace_id);
create index message_texts_language on private.message_texts (workspace_id, language);
insert into private.personal_columns (table_name, column_name, on_erasure, is_exported, workspace_column) values
  ('private.message_texts', 'user_id', 'with_row', false, 'workspace_id');

create function private.keep_message_text()
returns trigger
language plpgsql
volatile
security definer -- the search terms belong to the owner
set search_path = ''
as $$
declare
  spoken text;
  text text := case
    when new.taken_back_at is null and new.role in ('user', 'assistant') then private.text_of_parts(new.parts) end;
begin
  if text is null then
    if tg_op = 'UPDATE' then
      delete from private.message_texts as t where t.id = new.id;
    end if;
    return null;
  end if;
  spoken := private.guess_language(text);
  insert into private.message_texts (id, workspace_id, conversation_id, user_id, said_at, language, content_tsv)
  values (new.id, new.workspace_id, new.conversation_id, new.user_id, new.created_at, spoken,
    private.words(spoken, text))
  on conflict (id) do update set language = excluded.language, content_tsv = excluded.content_tsv;
  return null;
end;
$$;
comment on function private.keep_message_text() is 'Trigger on messages: stores a message''s search terms.';
create trigger keep_message_text after insert or update of parts on public.messages
  for each row execute function private.keep_message_text();

create function private.find_messages(
  workspace_id uuid, query text, conversations uuid[], agent_id uuid, folder_id uuid, since timestamptz,
  until timestamptz, most integer
)
returns table (id uuid, rank double precision)
language plpgsql
volatile
security definer -- row-level security rules out the index of words; the access check is below
set search_path = ''
as $$
#variable_conflict use_column
declare
  person uuid := private.current_user_id('conversations:read');
  acting uuid := private.agent_of_token();
  mine uuid[] := array(select w from unnest(private.workspace_ids('guest', 'conversations:read')) as w
    where $1 is null or w = $1);
  shared_in uuid[] := array(select w from unnest(private.workspace_ids('member')) as w where w = any (mine));
  within uuid[];
  shared uuid[];
  deleted uuid[];
  languages text[];
  all_of tsquery;
  every_word tsquery;
  condition text := 'c.workspace_id = any ($1) and (c.user_id = $2 and c.conversation_id <> all ($6) or '
    'c.conversation_id = any ($3))';
begin
  if private.is_service() or person is null or cardinality(mine) = 0 then
    perform private.raise_error('not_found', 'No such workspace of yours.', 404);
  end if;
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
    condition := condition || ' and c.conversation_id = any ($4)';
  end if;
  if coalesce(since, until) is not null then
    condition := condition || ' and $5 @> c.said_at';
  end if;
  -- The query's language is unknown: try each language of the conversations.
  languages := array(
    select l.name
    from unnest(array['english', 'danish', 'dutch', 'finnish', 'french', 'german', 'italian', 'norwegian', 'portuguese',
      'russian', 'spanish',
      'swedish', 'turkish']) as l (name)
    where exists (select from unnest(mine) as w
      join private.message_texts as t on t.workspace_id = w and t.language = l.name));
  for rank, all_of in select 0, websearch_to_tsquery(private.text_config(l),
    private.spaced_text(private.fold_text(query))) from unnest(languages) as l loop
    every_word := case when every_word is null then all_of when numnode(all_of) = 0 then every_word
      else every_word || all_of end;
  end loop;
  for id, rank in execute private.ranking('private.message_texts', condition)
  using mine, person, shared, within, tstzrange(since, until), deleted, private.asked_words(languages, query),
    coalesce(every_word, ''::tsquery), most
  loop
    return next;
  end loop;
end;
$$;
comment on function private.find_messages(uuid, text, uuid[], uuid, uuid, timestamptz, timestamptz, integer) is
  'Ids of messages that the caller may read and whose words match, best first: those with all words, then those with '
  'the rarest. For a person, or for an agent with the scope conversations:read, in that person''s conversations with '
  'it. Errors: not_found 404 (for the service too, which is no person).';
grant execute on function private.find_messages(uuid, text, uuid[], uuid, uuid, timestamptz, timestamptz, integer),
  private.text_of_parts(jsonb),
  private.guess_language(text)
to authenticated;

create function public.search_messages(
  query text, workspace_id uuid default null, conversations uuid[] default null, agent_id uuid default null,
  folder_id uuid default null,
  since timestamptz default null, until timestamptz default null, match_count integer default 10
)
returns table (
  message_id uuid, client_id text, conversation_id uuid, title text, role text, said_at timestamptz, passage text,
  before jsonb, after jsonb,
  score double precision
)
language sql
volatile
security invoker -- row-level security checks the rows again
set search_path = ''
as $$
  select said.id, said.client_id, said.conversation_id, talk.title, said.role, said.created_at,
    case when length(private.text_of_parts(said.parts)) <= 400 then private.text_of_parts(said.parts)
      else ts_headline(private.text_config(private.guess_language(private.text_of_parts(said.parts))),
        private.text_of_parts(said.parts),
      private.any_of(private.asked_words(array[private.guess_language(private.text_of_parts(said.parts))],
        left($1, 2000))),
      'StartSel="", StopSel="", MaxFragments=2, MinWords=15, MaxWords=60, FragmentDelimiter=" … "') end,
    (select jsonb_build_object('id', b.id, 'role', b.role, 'text', left(private.text_of_parts(b.parts), 500))
      from public.messages as b where b.id = said.parent_id),
    (select jsonb_build_object('id', a.id, 'role', a.role, 'text', left(private.text_of_parts(a.parts), 500))
      from public.messages as a where a.parent_id = said.id order by a.created_at desc, a.id desc limit 1),
    found.rank
  from private.find_messages($2, left($1, 2000), $3, $4, $5, $6, $7,
    4 * least(greatest(coalesce($8, 10), 10), 100)) as found
  join public.messages as said on said.id = found.id
  join public.conversations as talk on talk.id = said.conversation_id
  order by found.rank desc, said.created_at desc, said.id
  limit least(greatest(coalesce($8, 10), 1), 100);
$$;
comment on function public.search_messages(text, uuid, uuid[], uuid, uuid, timestamptz, timestamptz, integer) is
  'Searches messages in the conversations that the caller may read, in web search syntax: first those with all words, '
  'then those with the rarest. Filters: workspace, conversations, agent, folder, time (until is exclusive). Returns '
  'the best match_count (1–100). passage: the text around the match; before, after: the neighbours {id, role, text}. '
  'Deleted messages and those taken back are not found. An agent (conversations:read) searches its conversations with '
  'its person. Errors: not_found 404.';
grant execute on function public.search_messages(text, uuid, uuid[], uuid, uuid, timestamptz, timestamptz, integer)
  to authenticated;
