-- Words of messages: the search terms of what is said.
--
-- Touches: private.message_texts, with its trigger on messages: the search terms. private.text_of_parts: the text they
--            are from.
-- Beware:  Messages have no language tag: stop words decide, else English.

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
      array['private.english_stops', 'private.danish_stops', 'private.dutch_stops', 'private.finnish_stops',
        'private.french_stops', 'private.german_stops', 'private.italian_stops', 'private.norwegian_stops',
        'private.portuguese_stops', 'private.russian_stops', 'private.spanish_stops', 'private.swedish_stops',
        'private.turkish_stops']::regdictionary[]
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

grant execute on function private.text_of_parts(jsonb), private.guess_language(text) to authenticated;
