-- Every word that was put in can be found, in any script and in the ways that people type: by documents, memories, and
-- a turn's memories.
begin;
\ir ../../world.psql
select plan(6);
delete from public.documents;
delete from public.memories;

create temporary table typed (place serial, way text, content text, question text) on commit drop;
insert into typed (way, content, question) values
  ('Chinese: a word inside of a sentence', '我去年搬到北京，住在朝阳区。', '北京'),
  ('Chinese: a question', '他养了一只叫旺财的猫。', '旺财是什么？'),
  ('Chinese: one character', '她每天早上喝茶。', '茶'),
  ('Chinese: the last character of a text', '花园里有一棵松', '松'),
  ('Japanese: kanji in a sentence', '来週、東京タワーへ行きます。', '東京'),
  ('Japanese: katakana', '彼女はピアノを弾く。', 'ピアノ'),
  ('Japanese: half width', '新しいコーヒーメーカーを買った。', 'ｺｰﾋｰ'),
  ('Korean: a word with its particle', '저는 서울에서 태어났습니다.', '서울'),
  ('Korean: decomposed', normalize('부산항 근처에 산다', NFD), '부산'),
  ('Thai: a word inside of a sentence', 'ฉันอาศัยอยู่ในกรุงเทพมหานคร', 'กรุงเทพ'),
  ('Thai: at the end', 'เขาชอบกินทุเรียน', 'ทุเรียน'),
  ('Khmer', 'ខ្ញុំរស់នៅភ្នំពេញ', 'ភ្នំពេញ'),
  ('Lao', 'ຂ້ອຍຢູ່ວຽງຈັນ', 'ວຽງຈັນ'),
  ('scripts mixed', 'The office in 深圳市 opens at nine.', '深圳'),
  ('a hyphen', 'The covid-19 vaccine was given.', '19'),
  ('a hyphen between words', 'A well-tempered clavier stands there.', 'tempered'),
  ('an underscore', 'Set max_retry_count before.', 'retry'),
  ('camelCase', 'Call fetchInvoiceTotal first.', 'invoice'),
  ('an acronym in camelCase', 'The XMLHttpSender fails.', 'sender'),
  ('dots', 'See settings.production.yaml for it.', 'production'),
  ('a path', 'It is in src/billing/ledger.ts somewhere.', 'ledger'),
  ('an address', 'Write to https://example.com/guides/onboarding now.', 'onboarding'),
  ('a sentence without a space', 'It ended.Nobody complained.', 'complained'),
  ('a number with its unit', 'The parcel weighs 73kg altogether.', '73'),
  ('a unit with its number', 'The engine has 88kW of power.', 'kw'),
  ('a version', 'Upgrade to v4.17.2 soon.', '17'),
  ('a sign', 'The freezer is at -47 degrees.', '47'),
  ('an accent left out', 'Le résumé du comité est prêt.', 'comite'),
  ('an accent added', 'The naive approach of Beyonce.', 'Beyoncé'),
  ('composed, asked decomposed', 'Die Müllabfuhr kommt freitags.', normalize('Müllabfuhr', NFD)),
  ('decomposed, asked composed', normalize('El camión está lleno.', NFD), 'camión'),
  ('a letter of its own', 'Er wohnt in der Straßenbahnallee.', 'Strassenbahnallee'),
  ('Nordic letters', 'Hun bor i Tromsø ved Ålesund.', 'tromso'),
  ('Polish letters', 'Mieszka w Łodzi od lat.', 'lodzi'),
  ('Turkish letters', 'Ankaradaki ışıklandırma değişti.', 'isiklandirma'),
  ('Vietnamese', 'Tôi sống ở Đà Nẵng.', 'da nang'),
  ('Greek accents', 'Μένει στην Θεσσαλονίκη.', 'θεσσαλονικη'),
  ('Cyrillic ё', 'Он купил новый самолёт.', 'самолет'),
  ('Arabic points', 'هُوَ يَسْكُنُ في دمشق', 'يسكن'),
  ('full width', 'ＡＣＭＥ Ltd sells １２３ things.', 'acme'),
  ('asked in full width', 'Globex sells things.', 'Ｇｌｏｂｅｘ'),
  ('a ligature', 'The ﬂoorboards creak.', 'floorboards'),
  ('a soft hyphen', 'Ein Donau' || U&'\00AD' || 'dampfer legt an.', 'donaudampfer');

create function pg_temp.first_document(asked text) returns text language sql as $$
  select content from public.search_documents(tests.id('north'), asked) order by score desc limit 1;
$$;
create function pg_temp.first_memory(asked text) returns text language sql as $$
  select content from public.recall(tests.id('north'), asked) order by score desc limit 1;
$$;
create function pg_temp.has_prompt(asked text, known text) returns boolean language plpgsql as $$
declare
  talk uuid;
begin
  insert into public.conversations (workspace_id) values (tests.id('north')) returning id into talk;
  perform public.add_message(talk, jsonb_build_array(jsonb_build_object('type', 'text', 'text', asked)));
  return strpos(public.assemble_context(talk) #>> '{messages,-1,content}', known) > 0;
end;
$$;
grant all on typed to authenticated;
grant execute on function pg_temp.first_document(text), pg_temp.first_memory(text), pg_temp.has_prompt(text, text)
  to public;

select tests.authenticate_as('member');
select public.put_document(tests.id('north'), 'typed.n' || place, content) from typed;
select public.remember(tests.id('north'), content) from typed;
select is_empty($$select way, pg_temp.first_document(question) from typed
  where pg_temp.first_document(question) is distinct from content$$,
  'a document is found first by what somebody types');
select is_empty($$select way, pg_temp.first_memory(question) from typed
  where pg_temp.first_memory(question) is distinct from content$$,
  'so is a memory');
select is_empty($$select way from typed
  where pg_temp.has_prompt(question, content) is not true$$, 'and a turn has it in its prompt');

select tests.authenticate_as('database');
set local enable_seqscan = off;
create temporary table plans (way text, line text) on commit drop;
do $$
declare
  one record;
  planned text;
begin
  for one in select t.way, word from typed as t cross
  join lateral unnest(private.asked_words(array['simple'], t.question)) as word loop
    for planned in execute format('explain select id from public.document_chunks where content_tsv @@ %L::tsquery',
      one.word) loop
      insert into plans values (one.way, planned);
    end loop;
  end loop;
end;
$$;
select is_empty($$select way from typed except select way from plans where line like '%document_chunks_content_tsv%'$$,
  'each is looked up in the GIN index of words, single characters by their prefix');

-- Rarity: among many texts with a common word, the one with the rare word comes first.
select tests.authenticate_as('member');
select public.put_document(tests.id('north'), 'rare.n' || n, 'The harbour report says harbour and harbour ' || n)
from generate_series(1, 40) as n;
select public.put_document(tests.id('north'), 'rare.one', 'A harbour with a lighthousekeeper.');
select is(pg_temp.first_document('harbour lighthousekeeper report says'), 'A harbour with a lighthousekeeper.',
  'rare words tell more than common ones');
select is((select private.words('english',
  'The users call getUserName') @@ any (private.asked_words(array['english'], 'names'))), true,
  'parts of names are stemmed as words are');

select * from finish();
rollback;
