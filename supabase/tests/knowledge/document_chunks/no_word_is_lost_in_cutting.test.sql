-- What was put in stands in the passages and their headings, whatever Markdown it is; where a cut goes through a fence
-- or a table, both sides have what they need.
begin;
\ir ../../world.psql
select plan(5);

create function pg_temp.words_of(told text) returns text[] language sql as $$
  select array(select distinct word from regexp_split_to_table(told, '[^[:alnum:]]+') as word where word <> ''
    order by word);
$$;
create function pg_temp.passages(whole text, budget integer default 256) returns text language sql as $$
  select string_agg(concat_ws(E'\n', heading, content), E'\n' order by ordinal) from private.split_text(whole, budget);
$$;

create temporary table given (way text, whole text) on commit drop;
insert into given values
  ('a fence that is never closed', E'# A\nfirst\n# B\n```\ncode\n\n## Important\nThe refund limit is 500 EUR.'),
  ('a fence at the end', E'# Setup\nRun this:\n```sh\nnpm start'),
  ('backticks in a line that is none', E'```ls -la``` lists files\nAnd more follows.\n# H\nlast'),
  ('a heading alone', '# Emergency number is 4711'),
  ('headings alone', E'# One\n# Two\n## Three\n#### Four\n## Five\n# Six'),
  ('line ends of old', E'# One\rfirst\r\r# Two\rsecond\r## Three'),
  ('line ends of Windows', E'# One\r\nfirst\r\n```\r\ncode\r\n```\r\n# Two\r\nsecond'),
  ('a byte order mark', E'\ufeff# One\nfirst'),
  ('longer fences', E'````md\n```\n# inside\n```\n````\n# After\nx'),
  ('tildes', E'~~~ a `b`\n```\n# inside\n~~~\n# After\nx'),
  ('tildes do not close backticks', E'```\n~~~\n# inside\n```\n# After\nx'),
  ('a shorter fence closes nothing', E'`````\n```\n# inside\n`````\n# After\nx'),
  ('an underlined heading', E'Title\n=====\nbody\n\nSub title\n---------\nmore'),
  ('front matter', E'---\ntitle: Pricing\ntags: [a, b]\n---\n# Prices\nTen.'),
  ('front matter that never ends', E'---\nbegun: yes\n# Prices\nTen.'),
  ('a heading of a thousand characters',
    '# ' || (select string_agg('w' || n, ' ') from generate_series(1, 250) as n) || E'\n## below\nbody'),
  ('headings that are long together',
    (select string_agg(repeat('#', n) || ' ' || repeat('h' || n || ' ', 60), E'\n') from generate_series(1, 6) as n) ||
    E'\nbody'),
  ('a heading without words', E'before\n#\nafter\n## \nlast'),
  ('seven signs are no heading', E'####### seven\nx'),
  ('a sign without a space', E'#tag\nx'),
  ('a table', E'| name | price |\n|------|------:|\n' ||
    (select string_agg('| item' || n || ' | ' || n || ' |', E'\n') from generate_series(1, 200) as n) || E'\n\nafter'),
  ('a long fence', E'```py\n' || (select string_agg('line' || n || ' = ' || n, E'\n') from generate_series(1, 200) as n)
    || E'\n```\nafter'),
  ('a line of one word', repeat('x', 5000));
select is_empty($$select way from given
  where pg_temp.words_of(pg_temp.passages(whole)) is distinct from pg_temp.words_of(whole)
  and way not like 'a line of%'$$,
  'the words of the passages with their headings are the words of the document');
select is_empty($$select way from given
  where not pg_temp.words_of(pg_temp.passages(whole, 16)) @> pg_temp.words_of(whole) and way not like 'a line of%'$$,
  'however small the passages are');
select is_empty($$select content from private.split_text((select whole from given where way = 'a table'))
  where content ~ 'item' and content !~ '^\| name \| price \|\n\|-'$$,
  'a table''s head goes with each of its pieces');
select is_empty($$select content from private.split_text((select whole from given where way = 'a long fence'))
  where (select count(*) from regexp_matches(content, '^```', 'gn')) <> 2$$,
  'a fence that is cut is closed, and opened again');

-- Any lines in any order.
create temporary table seeds on commit drop as select (random() * 1000000)::integer as seed;
select diag('seed ' || seed), setseed(seed / 1000000.0) from seeds;
create temporary table drawn on commit drop as
select n, string_agg(replace((array[
    'word@ and more', '# heading@', '## heading@', '###### heading@ ##', '#', '```', '```lang@', '~~~', '````',
    '``` `x` @', '', '', '  ', '---', '===',
    'title@', '- item@', '1. item@', '> quoted@', '    indented@', '| a@ | b |', '|---|---|', '| c@ | d |', '# 標題@',
    '漢字が並ぶ@', 'Ünï@ · “said”',
    '<!-- comment@ -->', '   ## three@', '    # four@', E'tab\there@', '#hash@', repeat('long@ ', 300)
  ])[1 + floor(random() * 32)::integer], '@', n || 'x' || line),
    (array[E'\n', E'\n', E'\r\n', E'\r'])[1 + floor(random() * 4)::integer] order by line) as whole
from generate_series(1, 300) as n cross join generate_series(1, 25) as line group by n;
select is_empty($$select n, whole from drawn
  where pg_temp.words_of(pg_temp.passages(whole, 64)) is distinct from pg_temp.words_of(whole) limit 3$$,
  'no word of 300 drawn documents is lost, and none is made up');

select * from finish();
rollback;
