-- Signs carry meaning, subjects keep statements apart, who says it counts, and time is the statement's.
begin;
\ir ../../world.psql
select plan(12);
delete from public.memories;

create temporary table pairs (one text, other text) on commit drop;
insert into pairs values
  ('Writes C++', 'Writes C#'), ('Writes C', 'Writes C++'), ('Keeps it at -18', 'Keeps it at 18'),
    ('Keeps it at −18', 'Keeps it at 18'),
  ('Wants >80', 'Wants <80'), ('Pays $500', 'Pays €500'), ('Pays $500', 'Pays £500'), ('It ended 3-1', 'It ended 3:1'),
    ('It ended 3-1', 'It ended 31'),
  ('Says 👍', 'Says 👎'), ('Is 50%', 'Is 50'), ('Moves +1', 'Moves -1'), ('At 1.5', 'At 15'), ('Likes .NET', 'Likes NET'),
  ('Likes C&A', 'Likes CA'), ('価格は+5', '価格は-5'), ('温度は-3', '温度は3');
select is_empty($$select * from pairs
  where private.memory_hash(one) = private.memory_hash(other)
  or private.significant_words(one) = private.significant_words(other)
    and one !~ '^(Writes C$|Likes)'$$, 'signs carry meaning');
select is_empty($$select *
  from (values ('Has a dog, called Rex.', 'has a dog called REX'), ('“Quoted” (so)', 'quoted so'),
  ('Really?', 'Really!'),
    ('住在北京，喜欢茶。', '住在北京 喜欢茶'), ('Ｆｕｌｌ', 'full'), ('A – B', 'A B')) as t (one, other)
      where private.memory_hash(one) <> private.memory_hash(other)$$,
  'the marks of sentences do not');
select is_empty($$select *
  from (values ('danish', 'Jeg spiser ikke kød.', 'Jeg spiser kød.'), ('dutch', 'Ik eet geen vlees.', 'Ik eet vlees.'),
    ('english', 'I don''t eat meat.', 'I eat meat.'), ('finnish', 'En syö lihaa.', 'Syö lihaa.'),
      ('french', 'Je ne mange pas.', 'Je mange.'),
    ('german', 'Ich esse kein Fleisch.', 'Ich esse Fleisch.'), ('italian', 'Non mangio carne.', 'Mangio carne.'),
      ('norwegian', 'Jeg spiser aldri kjøtt.', 'Jeg spiser kjøtt.'),
    ('portuguese', 'Não como carne.', 'Como carne.'), ('russian', 'Я не ем мясо.', 'Я ем мясо.'),
      ('spanish', 'Nunca como carne.', 'Como carne.'),
    ('swedish', 'Jag äter inte kött.', 'Jag äter kött.'), ('turkish', 'Et yemiyorum.', 'Et yiyorum.'),
      ('simple', 'Nem eszem húst.', 'Eszem húst.'),
    ('english', '我不吃肉', '我吃肉')) as t (language, one, other)
      where private.may_merge_statements(language, one, other)$$,
      'a negation is heard in every language that is stemmed; elsewhere near is not the same');
select ok(private.may_merge_statements('english', 'Has a dog.', 'Owns a dog.')
  and private.may_merge_statements('russian', 'Есть собака.', 'Имеет собаку.'), 'what is near and known is');

create function pg_temp.said(content text, subject text, at timestamptz default now(), kind text default 'user_message',
  sure double precision default 0.7)
returns text language sql as $$
  select outcome
  from public.remember(tests.id('north'), content, subject => subject, valid_from => at, source_kind => kind,
    confidence => sure);
$$;
create function pg_temp.valid() returns text language sql as $$
  select string_agg(subject || '=' || content, ' ' order by subject) from public.memories where valid_to is null;
$$;
grant execute on function pg_temp.said(text, text, timestamptz, text, double precision), pg_temp.valid() to public;
select tests.authenticate_as('member');
select pg_temp.said('Lisbon', 'birth_city'), pg_temp.said('Porto', 'home_city'), pg_temp.said('Porto', 'birth_city'),
  pg_temp.said('Yes', 'is_vegetarian'), pg_temp.said('Yes', 'has_car');
select is(pg_temp.valid(), 'birth_city=Porto has_car=Yes home_city=Porto is_vegetarian=Yes',
  'the same words about another subject are something else');
select is(array[pg_temp.said('Lisbon', 'home_city', kind => 'assistant_message', sure => 1),
  pg_temp.said('Faro', 'home_city', kind => 'document'),
  pg_temp.said('Braga', 'home_city', sure => 0.3)], array['historical', 'historical', 'historical'],
    'neither a lower kind of source nor less confidence supersedes');
select is(pg_temp.valid(), 'birth_city=Porto has_car=Yes home_city=Porto is_vegetarian=Yes',
  'so what the person said holds');
select is(array[pg_temp.said('lisbon!', null, kind => 'assistant_message'),
  pg_temp.said('Faro, too', null, kind => 'assistant_message')], array['historical', 'added'],
  'what has ended does not come back because the assistant repeats it without its subject; what is new comes');
select pg_temp.said('Yes', 'has_car'), pg_temp.said('Yes', 'has_car');
select is((select confirmations from public.memories where subject = 'has_car'), 0,
  'a call that is repeated confirms nothing');

-- Whatever the order in which statements come, the last that was said holds, and each moment had what was said last
-- before it.
select tests.authenticate_as('database');
create temporary table seeds on commit drop as select (random() * 1000000)::integer as seed;
select diag('seed ' || seed), setseed(seed / 1000000.0) from seeds;
create temporary table told on commit drop as
select 'subject' || n as subject, step,
  (array['Lisbon', '北京に住む', 'Живёт в Москве', 'กรุงเทพ', '서울', 'C++'])[1 + floor(random() * 6)::integer] as content,
  '2026-01-01'::timestamptz + step * interval '1 day' as said_at, random() as turn
from generate_series(1, 30) as n cross join generate_series(1, 6) as step;
grant select on told to authenticated;
select tests.authenticate_as('member');
select pg_temp.said(t.content, t.subject, t.said_at) from (select * from told order by turn) as t;
select is_empty($$select m.subject from public.memories as m join told on told.subject = m.subject and told.step = 6
    where m.valid_to is null and m.content <> told.content$$, 'in any order, what was said last holds');
select is_empty($$select t.subject, t.step, t.content, held.content from told as t
    left join lateral public.memories_at(tests.id('north'), t.said_at + interval '1 hour', t.subject) as held on true
    where held.content is distinct from t.content$$, 'and one may ask what held at a time');
select is((select count(*) from public.memories where subject like 'subject%' and valid_to is null), 30::bigint,
  'each subject has one');

select * from finish();
rollback;
