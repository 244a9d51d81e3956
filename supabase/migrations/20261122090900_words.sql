-- Words: turns a text into search terms, in any script and however the query is typed.
--
-- Touches: private.language_name, private.language_of, private.text_config: languages and their stemming;
--            private.<language>_stops: their stop words.
--          private.fold_text: normalizes a text. private.words: its search terms. private.asked_words: those of a
--            query.
--          private.ranking: the SQL statement that ranks rows by words.
-- Beware:  Documents, memories and messages share one analysis. Texts and queries are analysed alike, so a change here
--          changes generated columns: rebuild them. Scripts without spaces between words are read as pairs of
--          characters. No extension is needed: the result is the same in every Postgres with UTF-8. Why:
--          docs/decisions/0027-ranking.md.

create domain private.language_name as text
  constraint language_is_one_that_postgres_stems check (coalesce(value in (
  'simple', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'italian', 'norwegian', 'portuguese',
  'russian', 'spanish', 'swedish', 'turkish'
), true) or private.refuse('language', 'language_is_one_that_postgres_stems'));
comment on domain private.language_name is 'The name of a text search configuration. simple does no stemming.';

-- private.english_stops and its like know the stop words of a language and nothing else. A language's own dictionary
-- stems each word that is none, which takes twice as long.
do $$
declare
  language text;
begin
  foreach language in array array['danish', 'dutch', 'english', 'finnish', 'french', 'german', 'italian', 'norwegian',
    'portuguese', 'russian', 'spanish', 'swedish', 'turkish']
  loop
    execute format('create text search dictionary private.%1$s_stops (template = pg_catalog.simple, stopwords = %1$s, '
      'accept = false)', language);
  end loop;
end;
$$;

create function private.language_of(tag text)
returns private.language_name
language sql
immutable
parallel safe
set search_path = ''
as $$
  select coalesce((
    select known.name from (values
      ('da', 'danish'), ('de', 'german'), ('en', 'english'), ('es', 'spanish'), ('fi', 'finnish'), ('fr', 'french'),
        ('it', 'italian'), ('nb', 'norwegian'),
      ('nl', 'dutch'), ('nn', 'norwegian'), ('no', 'norwegian'), ('pt', 'portuguese'), ('ru', 'russian'),
        ('sv', 'swedish'), ('tr', 'turkish')
    ) as known (tag, name) where lower(split_part($1, '-', 1)) in (known.tag, known.name) limit 1
  ), 'simple');
$$;
comment on function private.language_of(text) is
  'The language for a tag (en, pt-BR) or a name (english); simple, which does no stemming, for any other.';

create function private.text_config(language text)
returns regconfig
language plpgsql -- here and below: an SQL function is parsed and planned again by each statement that calls it
immutable
parallel safe
set search_path = ''
as $$
begin
  return $1::regconfig;
end;
$$;
comment on function private.text_config(text) is
  'The text search configuration of a language. Declared immutable, for generated columns: those of '
  'private.language_name are built in.';
grant execute on function private.language_of(text), private.text_config(text) to authenticated, service_role;

create function private.unspaced_scripts()
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  select '\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eff\u0f40-\u0fbc\u1000-\u1049\u1050-\u109f\u1100-\u11ff\u1780-\u17d3'
    || '\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3131-\u318e\u31f0-\u31ff'
    || '\u3400-\u4dbf\u4e00-\u9fff'
    || '\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff';
$$;
comment on function private.unspaced_scripts() is
  'The inside of a bracket expression: letters of Thai, Lao, Tibetan, Burmese, Khmer, Chinese, Japanese, and Korean, '
  'which has spaces but joins particles to its words.';

create function private.fold_text(content text)
returns text
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
begin
  if content ~ '^[\x01-\x7f]*$' then
    return content;
  end if;
  -- Unify compatibility forms (full width, ligatures), then remove accents: of Latin and Greek, the stress of Cyrillic,
  -- the points of Hebrew and Arabic. Letters in their own right stay: й, が, Hangul. Remove invisible characters too:
  -- soft hyphens, joiners.
  return translate(
    replace(replace(replace(replace(replace(replace(
      normalize(regexp_replace(regexp_replace(regexp_replace(
        normalize(content, NFKD),
        '([A-Za-z\u0370-\u03ff])[\u0300-\u036f]+', '\1', 'g'),
        '([\u0400-\u04ff])[\u0300\u0301]+', '\1', 'g'),
        '[\u00ad\u0591-\u05bd\u05bf\u05c1\u05c2\u05c7\u0640\u064b-\u0652\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff]+', '',
        'g'), NFKC),
      'ß', 'ss'), 'ẞ', 'SS'), 'æ', 'ae'), 'Æ', 'AE'), 'œ', 'oe'), 'Œ', 'OE'),
    'ıłŁøØđĐðÐħĦŧŦёЁ’‘‐‑−', 'ilLoOdDdDhHtTеЕ''''---');
end;
$$;
comment on function private.fold_text(text) is
  'Normalizes a text by what users often leave out when they type: accents, composed or decomposed forms, full width, '
  'invisible characters. Case stays.';

create function private.script_pairs(folded text)
returns text[]
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  letter text := '[' || private.unspaced_scripts() || ']';
  runs text;
begin
  if folded !~ letter then
    return array[]::text[];
  end if;
  runs := btrim(regexp_replace(folded, '[^' || private.unspaced_scripts() || ']+', ' ', 'g'));
  -- Two passes, from the first and from the second character, so that the cost is linear in the length of a run.
  return array(
    select distinct pair from string_to_table(
      regexp_replace(runs, '(' || letter || letter || ')(?=' || letter || ')', '\1 ', 'g') || ' '
      || regexp_replace(regexp_replace(runs, '(^|\s)(' || letter || ')(?=' || letter || ')', '\1\2 ', 'g'),
        '(' || letter || letter || ')(?=' || letter || ')', '\1 ', 'g'), ' ') as pair
    where pair <> '');
end;
$$;
comment on function private.script_pairs(text) is
  'For scripts without spaces: each pair of neighbouring characters, and the first and the last of a run alone, so '
  'that every character begins one entry.';

create function private.composed_parts(folded text)
returns text
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
declare
  units text;
begin
  if folded !~ ('[[:alnum:]][-_./\\:@#+~&=][[:alnum:]]|[-+]\d|[[:lower:]][[:upper:]]|\d[[:alpha:]]|[[:alpha:]]\d'
    || '|[[:upper:]]{2}[[:lower:]]')
  then
    return null;
  end if;
  units := regexp_replace(regexp_replace(folded, '(\d)([[:alpha:]])', '\1 \2', 'g'), '([[:alpha:]])(\d)', '\1 \2', 'g');
  return units || ' ' || regexp_replace(regexp_replace(regexp_replace(units,
    '([[:lower:]])([[:upper:]])', '\1 \2', 'g'), '([[:upper:]])([[:upper:]][[:lower:]])', '\1 \2', 'g'),
      '[-_./\\:@#+~&=,]+', ' ', 'g');
end;
$$;
comment on function private.composed_parts(text) is
  'A normalized text with its compound names split (getUserName, max_value, src/app.ts, 10kg, covid-19); null where '
  'there are none.';

create function private.words(language text, content text)
returns tsvector
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  config regconfig := private.text_config(language);
  folded text := private.fold_text(coalesce(content, ''));
  pairs text[] := private.script_pairs(folded);
  spaced text := case when pairs = '{}' then folded else private.spaced_text(folded) end;
  parts text := private.composed_parts(spaced);
  found tsvector := to_tsvector(config, spaced);
begin
  if parts is not null then
    found := found || ts_delete(to_tsvector(config, parts), tsvector_to_array(found));
  end if;
  return case when pairs = '{}' then found else found || array_to_tsvector(pairs) end;
end;
$$;
comment on function private.words(text, text) is
  'The search terms of a text: its words, stemmed in its language, the parts of compound names, and pairs of '
  'characters for scripts without spaces. Words come first, at their positions, so that phrase search works.';

create function private.asked_words(languages text[], asked text)
returns tsquery[]
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  folded text := private.fold_text(coalesce(asked, ''));
  letter text := '[' || private.unspaced_scripts() || ']';
begin
  return array(
    select ('''' || replace(replace(word.lexeme, '\', '\\'), '''', '''''') || '''' || word.ending)::tsquery
    from (
      select read.lexeme, '' as ending
      from unnest(languages) as language cross join lateral unnest(private.words(language, folded)) as read
      where length(read.lexeme) > 1 or read.lexeme !~ letter
      union
      -- A single character begins a pair, or ends a run.
      select alone[1], ':*'
      from regexp_matches(folded, '(?<!' || letter || ')' || letter || '(?!' || letter || ')', 'g') as alone
    ) as word
    order by length(word.lexeme) desc, word.lexeme limit 48
  );
end;
$$;
comment on function private.asked_words(text[], text) is
  'The search terms of a query, read in each of these languages. Of a long query only the 48 longest terms, which are '
  'the most selective, because ranking costs for each.';

create function private.any_of(words tsquery[])
returns tsquery
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  return (select string_agg(word::text, ' | ')::tsquery from unnest(words) as word);
end;
$$;
comment on function private.any_of(tsquery[]) is 'Matches texts with any of the words; null where there are none.';

create function private.spaced_text(folded text)
returns text
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
begin
  return regexp_replace(folded, '[' || private.unspaced_scripts() || ']+', ' ', 'g');
end;
$$;
comment on function private.spaced_text(text) is
  'A normalized text without the scripts that are read as pairs of characters.';

create function private.ranking(source text, condition text)
returns text
language sql
immutable
set search_path = ''
as $$
  select format($statement$
    with asked as (
      select a.word, a.place from unnest($7::tsquery[]) with ordinality as a (word, place)
    ), hits as materialized (
      select asked.place, hit.id
      from asked cross
      join lateral (select c.id from %1$s as c where %2$s and c.content_tsv @@ asked.word limit 5000) as hit
    ), telling as materialized (
      select hits.place, ln(1 + (select count(distinct hits.id) from hits) / count(*)::double precision) as weight
      from hits group by hits.place
    ), likely as materialized (
      select hits.id from hits join telling on telling.place = hits.place group by hits.id
      order by sum(telling.weight) desc, hits.id limit 1000
    )
    select c.id, case when c.content_tsv @@ $8 then 1000 else 0 end
      + sum(telling.weight * ts_rank('{0.5,0.6,0.8,1}', c.content_tsv, asked.word))
    from likely join %1$s as c on c.id = likely.id
    join asked on c.content_tsv @@ asked.word join telling on telling.place = asked.place
    group by c.id, c.content_tsv order by 2 desc, 1 limit $9
  $statement$, source, condition);
$$;
comment on function private.ranking(text, text) is
  'The SQL statement that ranks rows `c` of a table by words, under a condition that may use $1 to $6. $7: the words '
  '(private.asked_words), $8: rows that match it come first, $9: how many. Document frequency is counted among the '
  'rows that the caller may see, up to 5,000 for each word. The thousand rows with the rarest words are ranked by term '
  'frequency, as in BM25 without length normalization: passages are of similar length.';

grant execute on function
  private.unspaced_scripts(), private.fold_text(text), private.script_pairs(text), private.composed_parts(text),
  private.words(text, text),
  private.asked_words(text[], text), private.any_of(tsquery[]), private.spaced_text(text)
to authenticated, service_role;
