-- Statements: when two texts say the same, for memories.
--
-- Touches: private.plain_statement, private.memory_hash: equal for the same words.
--          private.significant_words, private.negations, private.differ_by_an_affix: what makes near texts different.
--          private.may_merge_statements: whether two near statements may be one memory.
-- Beware:  A negation that is missed merges a statement with its opposite, and one of the two is lost. A word that is
--          taken for a negation by mistake only keeps two memories where one would do. So in doubt, a word negates.

create function private.plain_statement(content text)
returns text
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
begin
  -- Remove only marks that end or group a sentence. Between digits and before a word, a sign has meaning.
  return btrim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    replace(normalize(lower(content), NFKC), '−', '-'),
    '[“”„«»"‘’''`¿¡。、・「」『』()\[\]{}]+', ' ', 'g'),
    '([^\d\s])[,;:]+|[,;:]+(?=\D|$)', '\1 ', 'g'),
    '[.!?…]+(?=\s|$)', ' ', 'g'),
    '(\s)[-–—]+(?=\s|$)', '\1', 'g'),
    '\s+', ' ', 'g'));
end;
$$;
comment on function private.plain_statement(text) is
  'A statement without case, quotes, brackets and the marks that end or group a sentence. Signs stay: c++, -18, >80, '
  '$500, 3:1, 👍.';

create function private.memory_hash(content text)
returns text
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
begin
  return private.content_hash(private.plain_statement(content));
end;
$$;
comment on function private.memory_hash(text) is
  'Equal for texts that differ only in case, spaces and punctuation marks.';

create function private.negations()
returns text
language sql
immutable
parallel safe
set search_path = ''
as $$
  -- Folded, as private.fold_text writes them, since people leave out accents and apostrophes.
  select '\m(?:'
    || 'no|not|never|without|cannot|none|nobody|nothing|nowhere|neither|nor'
    || '|(?:do|does|did|is|are|was|were|wo|would|ca|could|should|have|has|had|must|ai)nt'
    || '|nichts?|nie|niemals|niemand(?:en|em)?|kein(?:e[nmrs]?|erlei)?|ohne|weder|nirgends'
    || '|ne|pas|jamais|sans|rien|aucune?|personne|ni|plus|guere'
    || '|nunca|sin|jamas|nada|nadie|ningun(?:[oa]s?)?|tampoco'
    || '|nao|nem|sem|ninguem|nenhum(?:as?)?|nenhuns|tampouco'
    || '|non|mai|senza|nessun[oa]?|niente|nulla|neanche|nemmeno|neppure'
    || '|niet|niets|geen|nooit|zonder|nergens|noch'
    || '|ikke|ingen|intet|ingenting|aldrig|uden|hverken|ej'
    || '|ikkje|inga|aldri|uten|utan|verken'
    || '|inte|icke|inget|varken'
    || '|ei|en|et|emme|ette|eivat|eika|enka|etka|ilman|koskaan'
    || '|не|нет|нету|никогда|никто|никого|ничего|ничто|нельзя|без|ни'
    || '|degil|yok|hic|asla'
    -- Romanian, Indonesian, Vietnamese, Albanian: whose other words may be taken for those of the profile's language
    || '|nu|tidak|bukan|khong|nuk'
    || ')\M|n''t\M|\mn''(?=[[:alpha:]])';
$$;
comment on function private.negations() is
  'A regular expression for the words that negate, of each language that is stemmed, in normalized lowercase.';

create function private.significant_words(content text)
returns text[]
language sql
immutable
strict
parallel safe
set search_path = ''
as $$
  select array(
    select told.word from (
      -- Words with a digit or a sign, and negations.
      select word from string_to_table(private.plain_statement(content), ' ') as word
      where word ~ '[^[:alpha:]''’-]' or word ~ '^-|-$'
      union all
      select found[1] from regexp_matches(lower(private.fold_text(content)), '(' || private.negations() || ')',
        'g') as found
    ) as told order by told.word
  );
$$;
comment on function private.significant_words(text) is
  'The numbers, signs and negations of a text, sorted. Two texts that differ in them never say the same, however near '
  'their embeddings are. Negations are known for the languages that are stemmed.';

create function private.differ_by_an_affix(one text, other text)
returns boolean
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  these text[] := regexp_split_to_array(lower(private.fold_text(one)), '[^[:alnum:]]+');
  those text[] := regexp_split_to_array(lower(private.fold_text(other)), '[^[:alnum:]]+');
begin
  -- married and unmarried, gift and ugift, женат and неженат; Raucher and Nichtraucher; child and childless
  return exists (
    select from (
      select a.word as bare, b.word as longer from unnest(these) as a (word), unnest(those) as b (word)
      where a.word <> all (those) and b.word <> all (these)
      union all
      select b.word, a.word from unnest(these) as a (word), unnest(those) as b (word)
      where a.word <> all (those) and b.word <> all (these)
    ) as pair
    where length(pair.bare) >= 3 and length(pair.longer) > length(pair.bare)
      and case
        when right(pair.longer, length(pair.bare)) = pair.bare
        then left(pair.longer, -length(pair.bare)) ~ '^(?:un|non|in|im|il|ir|dis|des|nicht|on|u|o|epa|не|без|бес)$'
        when left(pair.longer, length(pair.bare)) = pair.bare
        then substr(pair.longer, length(pair.bare) + 1) ~ '^(?:less|los|loos|ton)$'
        else false
      end
  );
end;
$$;
comment on function private.differ_by_an_affix(text, text) is
  'Whether one text has a word and the other the same word with an affix that negates it.';

create function private.may_merge_statements(language text, one text, other text)
returns boolean
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
begin
  -- Turkish negates within its verbs, and how others negate is unknown. What has a letter that none of the languages
  -- writes is in another one, whatever the profile says: ı, ł, ř, ơ, қ. Œ and Ÿ are letters of French. So is what has
  -- none of the common words of the profile's language. Et is one of many, and meat in Turkish.
  return language not in ('simple', 'turkish')
    and normalize(one || other, NFKC) !~ case
      when language = 'russian' then '[^\u0001-\u00ffЁА-яё\u2000-\u2bff\U0001f000-\U0001faff]'
      else '[^\u0001-\u00ffœŒŸ\u2000-\u2bff\U0001f000-\U0001faff]' end
    and exists (
      select from regexp_split_to_table(lower(normalize(one || ' ' || other, NFKC)), '[^[:alpha:]]+') as word
      where word not in ('', 'et')
        and ts_lexize(('private.' || language || '_stops')::regdictionary, word) = '{}')
    and private.significant_words(one) = private.significant_words(other)
    and not private.differ_by_an_affix(one, other);
end;
$$;
comment on function private.may_merge_statements(text, text, text) is
  'Whether two statements with near embeddings may be merged: they have a stop word of a language whose negations are '
  'known, and the same numbers, signs and negations.';

grant execute on function private.plain_statement(text), private.memory_hash(text), private.negations(),
  private.significant_words(text), private.differ_by_an_affix(text, text),
  private.may_merge_statements(text, text, text) to authenticated, service_role;
