-- Splitting documents: how a Markdown or plain text becomes passages.
--
-- Touches: private.estimate_tokens, private.markdown_lines (headings, fences and tables, as CommonMark reads them),
--          private.first_piece_of_line, private.split_text (passages within a budget).
-- Beware:  every word of a text is in one of its passages, or in their headings: docs/decisions/0026.

create function private.estimate_tokens(content text)
returns integer
language plpgsql
immutable
strict
parallel safe
set search_path = ''
as $$
begin
  return (octet_length(content) + 3) / 4;
end;
$$;
comment on function private.estimate_tokens(text) is
  'Estimates the tokens of a text: a quarter of its bytes. Close for European languages, an overestimate for others.';
grant execute on function private.estimate_tokens(text) to authenticated, service_role;

create function private.first_piece_of_line(rest text, budget integer)
returns text
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
declare
  room integer := budget * 4; -- characters, to find where to split
  piece text;
  half integer;
begin
  if private.estimate_tokens(rest) <= budget then
    return rest;
  end if;
  piece := left(rest, greatest(1, room * length(left(rest, room)) / octet_length(left(rest, room))));
  half := length(piece) / 2;
  return coalesce(
    left(piece, half) || coalesce(
      substring(substr(piece, half + 1) from '^.*[.!?]["'')\]]*(?=\s)'),
      substring(substr(piece, half + 1) from '^.*[。！？]'),
      substring(substr(piece, half + 1) from '^.*\s'),
      -- A URL without a space: split between two of its parts.
      substring(substr(piece, half + 1) from '^.*[^[:alnum:]]')
    ),
    piece
  );
end;
$$;
comment on function private.first_piece_of_line(text, integer) is
  'The start of a line that fits into so many tokens. It ends after a sentence, else after a word, else after a sign, '
  'else anywhere.';

create function private.markdown_lines(whole text)
returns table (place bigint, line text, level integer, title text, fence text, table_head text)
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
#variable_conflict use_column
declare
  lines text[] := string_to_array(regexp_replace(regexp_replace(whole, '^\ufeff', ''), E'\r\n?', E'\n', 'g'), E'\n');
  next_line text;
  opened text; -- the opening line of the fence, and its marker
  marker text;
  is_front boolean := false;
  is_underline boolean := false;
  closes boolean;
begin
  for number in 1..coalesce(cardinality(lines), 0) loop
    place := number::bigint;
    line := lines[number];
    next_line := lines[number + 1];
    level := null;
    title := null;
    closes := false;
    fence := case when marker is not null then opened end;
    if marker is not null then
      closes := line ~ ('^ {0,3}' || left(marker, 1) || '{' || length(marker) || ',}\s*$');
    elsif is_front then
      is_front := line !~ '^(---|\.\.\.)\s*$';
    elsif number = 1 and line ~ '^---\s*$' and array_position(lines[2:200], '---') is not null then
      is_front := true; -- front matter, whose end is not an underline
    elsif line ~ '^ {0,3}(`{3,}[^`]*|~{3,}.*)$' then
      marker := substring(line from '^ {0,3}(`{3,}|~{3,})');
      opened := line;
    elsif line ~ '^ {0,3}#{1,6}(\s|$)' then
      level := length(substring(line from '^ *(#+)'));
      title := coalesce(btrim(regexp_replace(line, '^ *#+\s*|\s+#+\s*$', '', 'g')), '');
    elsif next_line ~ '^ {0,3}(=+|-+)\s*$' and line ~ '\S'
      and line !~ '^ {4}|^ {0,3}([-+*>|]|\d{1,9}[.)])\s|^ {0,3}(=+|-+)\s*$' and line !~ '\|'
      and (table_head is null) and (number = 1 or lines[number - 1] !~ '\S'
        or lines[number - 1] ~ '^ {0,3}#{1,6}(\s|$)') then
      level := case when next_line ~ '=' then 1 else 2 end;
      title := btrim(line);
      is_underline := true;
    elsif is_underline then
      is_underline := false;
      level := 0; -- the underline itself
    end if;
    if marker is null and not is_front then
      if line ~ '\|' and next_line ~ '^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$' and next_line ~ '\|' then
        table_head := line || E'\n' || next_line;
      elsif table_head is not null and line !~ '\|' then
        table_head := null;
      end if;
    else
      table_head := null;
    end if;
    return next;
    if closes then
      marker := null;
    end if;
  end loop;
end;
$$;
comment on function private.markdown_lines(text) is
  'The lines of a Markdown text, parsed as CommonMark: level and title of a heading (0: the underline of one), the '
  'opening line of the surrounding fence, and the head of the surrounding table. Accepts any line endings. A byte '
  'order mark is left out. Front matter holds no headings. An unclosed fence runs to the end.';

create function private.split_text(whole text, budget integer default 256, most integer default null)
returns table (ordinal integer, heading text, content text)
language plpgsql
immutable
parallel safe
set search_path = ''
as $$
#variable_conflict use_column
declare
  headings text[] := array_fill(null::text, array[6]);
  last_level integer;
  is_untold boolean := false; -- no passage has carried the heading above yet
  pending text := '';
  again text := ''; -- the repeated start of pending: a fence's first line, a table's head
  said record;
  rest text;
  place integer;
  piece text;
  closing text;
  -- A window over a long line: cutting small pieces from the front of the whole line would take quadratic time.
  slab constant integer := 64 * budget;
begin
  ordinal := 0;
  heading := null;
  for said in
    select l.line, l.level, l.title, l.fence, l.table_head from private.markdown_lines(whole) as l
    union all select '', 1, null, null, null -- a heading begins a passage; this sentinel ends the last one
  loop
    continue when said.level = 0;
    if said.level is not null then
      -- A heading without text below it is a passage of its own.
      if pending = again or btrim(pending, E' \n\t') = '' then
        pending := case when is_untold and said.level <= last_level then headings[last_level] else '' end;
      end if;
      if btrim(pending, E' \n\t') <> '' then
        content := btrim(pending, E'\n');
        return next;
        ordinal := ordinal + 1;
        if ordinal = most then
          return;
        end if;
      end if;
      pending := '';
      again := '';
      headings[said.level] := nullif(said.title, '');
      for deeper in said.level + 1..6 loop
        headings[deeper] := null;
      end loop;
      last_level := said.level;
      is_untold := headings[said.level] is not null;
      heading := nullif(array_to_string(headings, ' › '), '');
      continue when heading is null or length(heading) <= 500;
      -- The rest of a long heading becomes text below it.
      heading := coalesce(substring(left(heading, 500) from '^.*(?=\s)'), left(heading, 500));
      said.line := said.title;
    end if;
    rest := '';
    place := 1;
    loop
      if place <= length(said.line) and length(rest) <= 4 * budget then
        rest := rest || substr(said.line, place, slab);
        place := place + slab;
      end if;
      piece := private.first_piece_of_line(rest, budget);
      if pending <> again and private.estimate_tokens(pending || piece) > budget then
        if btrim(pending, E' \n\t') <> '' then
          -- A fence that is split is closed and opened again.
          closing := case when said.fence is not null then substring(said.fence from '^ {0,3}(`{3,}|~{3,})') end;
          content := btrim(pending, E'\n') || coalesce(E'\n' || closing, '');
          return next;
          ordinal := ordinal + 1;
          if ordinal = most then
            return;
          end if;
          is_untold := false;
        end if;
        again := coalesce(coalesce(said.fence, said.table_head) || E'\n', '');
        if length(again) > 2 * budget then
          again := '';
        end if;
        pending := again;
      end if;
      pending := pending || piece || E'\n';
      rest := substr(rest, length(piece) + 1);
      exit when rest = '' and place > length(said.line);
    end loop;
  end loop;
end;
$$;
comment on function private.split_text(text, integer, integer) is
  'Splits a Markdown or plain text into passages of at most about `budget` tokens (estimated), a repeated first line '
  'not counted. It splits at headings, else between lines, sentences, words. heading: the headings above a passage, '
  'outermost first. Nothing is lost: a heading without text is a passage of its own, each piece of a table repeats its '
  'head, and a split fence is closed and opened again. A heading inside a fenced block is plain text. most: it ends '
  'after so many passages.';
