-- A statement and its opposite are two memories, in every language that is stemmed and in the ways that people type;
-- however near their embeddings are. Beside each language what is near and says the same.
begin;
\ir ../../world.psql
select plan(5);
delete from public.memories;

create temporary table said (language text, one text, other text) on commit drop;
insert into said values
  ('danish', 'Jeg spiser ikke kød.', 'Jeg spiser kød.'), ('danish', 'Har ingen bil.', 'Har bil.'),
  ('danish', 'Drikker aldrig kaffe.', 'Drikker kaffe.'), ('danish', 'Kaffe uden mælk.', 'Kaffe med mælk.'),
  ('danish', 'Er ugift.', 'Er gift.'),
  ('dutch', 'Ik eet geen vlees.', 'Ik eet vlees.'), ('dutch', 'Woont niet in Utrecht.', 'Woont in Utrecht.'),
  ('dutch', 'Rookt nooit.', 'Rookt.'), ('dutch', 'Eet niets.', 'Eet.'), ('dutch', 'Is ongehuwd.', 'Is gehuwd.'),
  ('dutch', 'Is kinderloos, zonder auto.', 'Is kinderloos, met auto.'),
  ('english', 'I don''t eat meat.', 'I eat meat.'), ('english', 'I don’t eat meat.', 'I do eat meat.'),
  ('english', 'I dont eat meat', 'I do eat meat'), ('english', 'Does NOT smoke.', 'Does smoke.'),
  ('english', 'Ｎｏｔ a smoker.', 'A smoker.'), ('english', 'Has no children.', 'Has children.'),
  ('english', 'Never flies.', 'Flies.'), ('english', 'Coffee without milk.', 'Coffee with milk.'),
  ('english', 'Knows nobody in Porto.', 'Knows people in Porto.'), ('english', 'Is unmarried.', 'Is married.'),
  ('english', 'Is a non-smoker.', 'Is a smoker.'), ('english', 'Is a nonsmoker.', 'Is a smoker.'),
  ('english', 'The plan is feasible.', 'The plan is infeasible.'), ('english', 'Is homeless.', 'Is home.'),
  ('finnish', 'En syö lihaa.', 'Syö lihaa.'), ('finnish', 'Ei asu Turussa.', 'Asuu Turussa.'),
  ('finnish', 'He eivät tupakoi.', 'He tupakoivat.'), ('finnish', 'Kahvi ilman maitoa.', 'Kahvi ja maitoa.'),
  ('french', 'Je ne mange pas.', 'Je mange.'), ('french', 'Je n’aime plus le café.', 'J’aime le café.'),
  ('french', 'Il n''a rien.', 'Il a.'), ('french', 'J''aime pas le thé.', 'J''aime le thé.'),
  ('french', 'Aucune allergie.', 'Une allergie.'), ('french', 'Café sans lait.', 'Café au lait.'),
  ('german', 'Ich esse kein Fleisch.', 'Ich esse Fleisch.'), ('german', 'Raucht nicht.', 'Raucht.'),
  ('german', 'Isst nichts am Abend.', 'Isst am Abend.'), ('german', 'Fährt nie Rad.', 'Fährt Rad.'),
  ('german', 'Kennt niemanden hier.', 'Kennt jemanden hier.'), ('german', 'Ist unverheiratet.', 'Ist verheiratet.'),
  ('german', 'Ist Nichtraucher.', 'Ist Raucher.'), ('german', 'Lebt kinderlos.', 'Lebt Kinder.'),
  ('german', 'Kaffee ohne Milch.', 'Kaffee mit Milch.'),
  ('italian', 'Non mangio carne.', 'Mangio carne.'), ('italian', 'Mai stato a Roma.', 'Stato a Roma.'),
  ('italian', 'Caffè senza latte.', 'Caffè con latte.'), ('italian', 'Nessun figlio.', 'Un figlio.'),
  ('norwegian', 'Jeg spiser aldri kjøtt.', 'Jeg spiser kjøtt.'), ('norwegian', 'Eg et ikkje kjøt.', 'Eg et kjøt.'),
  ('norwegian', 'Har ikke bil.', 'Har bil.'), ('norwegian', 'Kaffe uten melk.', 'Kaffe med melk.'),
  ('portuguese', 'Não como carne.', 'Como carne.'), ('portuguese', 'Nao como carne', 'Como carne'),
  ('portuguese', normalize('Não fumo.', NFD), 'Fumo.'), ('portuguese', 'Nunca fumei.', 'Fumei.'),
  ('portuguese', 'Café sem leite.', 'Café com leite.'), ('portuguese', 'Nenhuma alergia.', 'Uma alergia.'),
  ('russian', 'Я не ем мясо.', 'Я ем мясо.'), ('russian', 'Никогда не курил.', 'Курил.'),
  ('russian', 'Нет детей.', 'Есть дети.'), ('russian', 'Кофе без молока.', 'Кофе с молоком.'),
  ('russian', 'Он неженат.', 'Он женат.'), ('russian', 'Он не женат.', 'Он женат.'),
  ('spanish', 'Nunca como carne.', 'Como carne.'), ('spanish', 'No fumo.', 'Fumo.'),
  ('spanish', 'Jamas fumé.', 'Fumé.'), ('spanish', 'Café sin leche.', 'Café con leche.'),
  ('spanish', 'Ninguna alergia.', 'Una alergia.'), ('spanish', 'Tampoco fuma.', 'También fuma.'),
  ('swedish', 'Jag äter inte kött.', 'Jag äter kött.'), ('swedish', 'Har inga barn.', 'Har barn.'),
  ('swedish', 'Dricker aldrig kaffe.', 'Dricker kaffe.'), ('swedish', 'Kaffe utan mjölk.', 'Kaffe med mjölk.'),
  ('swedish', 'Är ogift.', 'Är gift.'),
  -- Turkish: beside words for it a suffix within the verb, and one on the noun.
  ('turkish', 'Evli değil.', 'Evli.'), ('turkish', 'Evli degil.', 'Evli.'), ('turkish', 'Arabası yok.', 'Arabası var.'),
  ('turkish', 'Et yemiyorum.', 'Et yiyorum.'), ('turkish', 'Et yemem.', 'Et yerim.'),
  ('turkish', 'Sigara içmez.', 'Sigara içer.'), ('turkish', 'Kahveyi sevmedim.', 'Kahveyi sevdim.'),
  ('turkish', 'Gelmeyecek.', 'Gelecek.'), ('turkish', 'Burada yaşamıyor.', 'Burada yaşıyor.'),
  ('turkish', 'Kahve sütsüz.', 'Kahve sütlü.'), ('turkish', 'Hiç uçmadı.', 'Uçtu.'),
  ('turkish', 'Asla uçmaz.', 'Uçar.'), ('turkish', 'Ne et ne balık yer.', 'Et ve balık yer.'),
  -- Of a language that the profile does not say.
  ('english', 'Dağda et yemiyorum.', 'Dağda et yiyorum.'), ('english', 'Nie lubię kawy.', 'Lubię kawę.'),
  ('english', 'Tôi không ăn thịt.', 'Tôi có ăn thịt.'), ('english', 'Nejím maso, díky Jiří.', 'Jím maso, díky Jiří.'),
  ('russian', 'Мен қой етін жемеймін.', 'Мен қой етін жеймін.'),
  -- The same in letters that the profile's language writes too.
  ('english', 'Gelmeyecek.', 'Gelecek.'), ('english', 'Sigara içmez.', 'Sigara içer.'),
  ('english', 'Kahve sütsüz.', 'Kahve sütlü.'), ('english', 'Nejim maso.', 'Jim maso.'),
  ('english', 'Nisam ozenjen.', 'Ozenjen sam.'), ('english', 'Nu am masina.', 'Am masina.'),
  ('english', 'Saya tidak makan daging.', 'Saya makan daging.'), ('english', 'Toi khong an thit.', 'Toi co an thit.'),
  ('english', 'Ekki borda kjot.', 'Borda kjot.'), ('english', 'Nuk ha mish.', 'Ha mish.'),
  -- Without stemming, negations are unknown.
  ('simple', 'Nem eszem húst.', 'Eszem húst.'), ('simple', '我不吃肉', '我吃肉'), ('english', '我没有车', '我有车'),
  ('english', '肉を食べない', '肉を食べる'), ('english', '고기를 안 먹어요', '고기를 먹어요'), ('english', 'ฉันไม่กินเนื้อ', 'ฉันกินเนื้อ'),
  ('english', 'לא אוכל בשר', 'אוכל בשר'), ('english', 'لا آكل اللحم', 'آكل اللحم');

select set_eq(
  $$select distinct language from said$$,
  $$select (regexp_matches(split_part(pg_get_constraintdef(c.oid), ' OR ', 1), '''([a-z]+)''', 'g'))[1]
    from pg_catalog.pg_constraint as c
    where c.contypid = 'private.language_name'::regtype$$,
  'every language that is stemmed has its negations here'
);

-- Through the door: each pair under one embedding of its own, which is the nearest that two can be.
create function pg_temp.of_pair(place bigint) returns extensions.halfvec language sql as $$
  select (select jsonb_agg(case when n = place then 1 else 0 end order by n)
    from generate_series(1, 384) as n)::text::extensions.halfvec;
$$;
create temporary table pairs on commit drop as select row_number() over () as place, * from said;
create temporary table told (place bigint, part text, outcome text) on commit drop;
create function pg_temp.tell(language text, place bigint, content text) returns text language plpgsql as $$
begin
  update public.profiles set locale = case tell.language when 'simple' then 'hu' when 'dutch' then 'nl'
    when 'german' then 'de' when 'norwegian' then 'nb' when 'portuguese' then 'pt' when 'spanish' then 'es'
    when 'swedish' then 'sv' when 'turkish' then 'tr' else left(tell.language, 2) end
  where user_id = tests.id('member');
  return (select r.outcome from private.remember(tests.id('north'), content, source_kind => 'user_message',
    embedding => pg_temp.of_pair(tell.place), embedding_model => 'm', user_id => tests.id('member')) as r);
end;
$$;
insert into told select place, 'one', pg_temp.tell(language, place, one) from pairs order by place;
insert into told select place, 'other', pg_temp.tell(language, place, other) from pairs order by place;
-- A capital of Turkish is not known to be that of ı.
insert into told select place, 'again', pg_temp.tell(language, place,
  '“' || case language when 'turkish' then one else upper(one) end || '”') from pairs order by place;
select is_empty(
  $$select p.language, p.one, p.other, t.part, t.outcome from told as t join pairs as p on p.place = t.place
    where t.part <> 'again' and t.outcome <> 'added'
      -- What is said of itself in two ways is the same statement.
      and not exists (select from pairs as q where q.place < p.place and case t.part when 'one'
        then private.memory_hash(q.one) = private.memory_hash(p.one)
        else private.memory_hash(q.other) = private.memory_hash(p.other) end)$$,
  'a statement and its opposite are two, in whatever way it is denied'
);
select is_empty(
  $$select p.language, p.one, t.outcome from told as t join pairs as p on p.place = t.place
    where t.part = 'again' and t.outcome <> 'confirmed'$$,
  'the same statement again, in other letters, is not'
);

-- What is near and says the same.
create temporary table same (language text, one text, other text) on commit drop;
insert into same values
  ('danish', 'Har en hund.', 'Ejer en hund.'), ('dutch', 'Heeft een hond.', 'Bezit een hond.'),
  ('english', 'Has a dog.', 'Owns a dog.'), ('english', 'Does not smoke.', 'Did not smoke.'),
  ('english', 'Is unmarried.', 'Stays unmarried.'), ('finnish', 'Hän omistaa koiran.', 'Hänellä on koira.'),
  ('french', 'Il a un chien.', 'Il possède un chien.'),
  ('french', 'Son cœur est bon.', 'Elle a le cœur bon.'), ('french', 'Il ne fume pas.', 'Lui ne fume pas.'),
  ('german', 'Hat einen Hund.', 'Besitzt einen Hund.'), ('italian', 'Ha un cane.', 'Possiede un cane.'),
  ('norwegian', 'Har hund.', 'Eier hund.'), ('portuguese', 'Tem um cão.', 'Possui um cão.'),
  ('portuguese', normalize('Tem um cão.', NFD), 'Possui um cão.'),
  ('russian', 'Есть собака.', 'Имеет собаку.'), ('spanish', 'Tiene un perro.', 'Posee un perro.'),
  ('swedish', 'Har en hund.', 'Äger en hund.');
select is_empty(
  $$select language, one, other from same where not private.may_merge_statements(language, one, other)$$,
  'what is near and denies as much is one statement'
);
select is_empty(
  $$select profile.language, one, other from said cross join (select distinct language from said) as profile
    where private.may_merge_statements(profile.language, other, one)$$,
  'whichever of the two came first, and whatever the language of the profile'
);

select * from finish();
rollback;
