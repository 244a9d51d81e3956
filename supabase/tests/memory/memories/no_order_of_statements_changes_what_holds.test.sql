-- Random sequences over the scripts in which people write: in whatever order statements come, the most trusted holds,
-- the latest of equals, and each moment has its own; and statements that only a sign or a negation tells apart stay
-- apart, however often and in whatever order they are repeated.
begin;
\ir ../../world.psql
select plan(7);
delete from public.memories;
create temporary table seeds on commit drop as select (random() * 1000000)::integer as seed;
select diag('seed ' || seed), setseed(seed / 1000000.0) from seeds;

-- The exact sequence that was reported: what was recalled comes back by the assistant's mouth, after a correction.
select tests.authenticate_as('member');
create function pg_temp.home() returns text language sql as $$
  select string_agg(content, ', ') from public.memories where valid_to is null and subject = 'home_city';
$$;
select public.remember(tests.id('north'), 'Lives in Lisbon', subject => 'home_city', source_kind => 'user_message');
select count(*) from public.recall(tests.id('north'), 'Lisbon');
select public.remember(tests.id('north'), 'Lives in Porto', subject => 'home_city', source_kind => 'user_message');
select is(
  (select outcome from public.remember(tests.id('north'), 'Lives in Lisbon', subject => 'home_city', confidence => 0.3,
    source_kind => 'assistant_message')),
  'historical', 'what the assistant repeats is history'
);
select is(pg_temp.home(), 'Lives in Porto', 'and does not end what the person said');
select tests.authenticate_as('database');
delete from public.memories;

-- Sources, confidence and times in any order.
create temporary table told on commit drop as
select 'subject' || n as subject, step, '2026-01-01'::timestamptz + step * interval '1 day' as said_at,
  (array['Lives in Lisbon', '北京に住む', '住在北京', 'Живёт в Москве', 'อยู่กรุงเทพ', '서울에 산다', 'Writes C++', '−18', '👍',
    'μένει εδώ', 'لا يسكن هنا', 'N''habite pas ici'])[1 + floor(random() * 12)::integer] || ' ' || step as content,
  (array['user_message', 'manual', 'document', 'assistant_message'])[1 + floor(random() * 4)::integer] as kind,
  (array[0.3, 0.7, 0.7, 0.9])[1 + floor(random() * 4)::integer]::double precision as sure, random() as turn
from generate_series(1, 40) as n cross join generate_series(1, 7) as step;
grant select on told to authenticated;
select tests.authenticate_as('member');
do $$
declare
  one record;
begin
  for one in select * from told order by turn loop
    perform public.remember(tests.id('north'), one.content, subject => one.subject, confidence => one.sure,
      source_kind => one.kind, valid_from => one.said_at);
  end loop;
end;
$$;
select tests.authenticate_as('database');
-- Of what was said until a moment, the most trusted, and of that the latest.
create function pg_temp.best(of_subject text, moment timestamptz) returns text language sql as $$
  select content from told where subject = of_subject and said_at <= moment
  order by private.source_rank(kind) desc, sure desc, said_at desc limit 1;
$$;
select is_empty(
  $$select t.subject, m.content, pg_temp.best(t.subject, 'infinity') from (select distinct subject from told) as t
    left join public.memories as m on m.subject = t.subject and m.valid_to is null
    where m.content is distinct from pg_temp.best(t.subject, 'infinity')$$,
  'the most trusted statement holds, in whatever order they came'
);
select is_empty(
  $$select t.subject, t.step, held.content, pg_temp.best(t.subject, t.said_at + interval '1 hour') from told as t
    left join lateral (
      select m.content from public.memories as m where m.subject = t.subject
        and m.valid_from <= t.said_at + interval '1 hour'
        and (m.valid_to is null or m.valid_to > t.said_at + interval '1 hour')
    ) as held on true
    where held.content is distinct from pg_temp.best(t.subject, t.said_at + interval '1 hour')$$,
  'at each moment one did: the most trusted of what had been said'
);
select is((select count(*) from public.memory_sources), 280::bigint, 'and every statement is kept');

-- Signs and negations, each pair under one embedding of its own.
delete from public.memories;
create temporary table apart on commit drop as
select row_number() over () as place, part.content from (values
  ('Writes C++', 'Writes C#'), ('Keeps it at −18', 'Keeps it at 18'), ('Wants >80', 'Wants <80'),
  ('Pays $500', 'Pays €500'), ('It ended 3-1', 'It ended 3:1'), ('Says 👍', 'Says 👎'), ('Is 50%', 'Is 50'),
  ('I smoke', 'I don''t smoke'), ('Is married', 'Is unmarried'), ('Fume', 'Ne fume pas'),
  ('我吃肉', '我不吃肉'), ('肉を食べる', '肉を食べない'), ('고기를 먹어요', '고기를 안 먹어요'), ('ฉันกินเนื้อ', 'ฉันไม่กินเนื้อ'),
  ('Ем мясо', 'Не ем мясо'), ('آكل اللحم', 'لا آكل اللحم')
) as pair (one, other) cross join lateral unnest(array[pair.one, pair.other]) as part (content);
update public.profiles set locale = 'en' where user_id = tests.id('member');
do $$
declare
  one record;
begin
  for one in
    select apart.*, row_number() over (order by random()) as turn from apart cross join generate_series(1, 4)
    order by turn
  loop
    -- A message each, in other letters and with other marks around it.
    perform private.remember(tests.id('north'),
      case when random() < 0.5 then upper(one.content) else '“' || one.content || '!”' end,
      source_kind => 'user_message', source_message_id => gen_random_uuid(),
      embedding => (select jsonb_agg(case when n = (one.place + 1) / 2 then 1 else 0 end order by n)
        from generate_series(1, 384) as n)::text::extensions.halfvec,
      embedding_model => 'm', user_id => tests.id('member'));
  end loop;
end;
$$;
select is_empty(
  $$select apart.content, count(m.id) from apart left join public.memories as m
      on m.content_hash = private.memory_hash(apart.content) and m.valid_to is null
    group by apart.content having count(m.id) <> 1$$,
  'each statement is one memory'
);
select is_empty($$select content, confirmations from public.memories where confirmations <> 3$$,
  'which each repetition has confirmed, and nothing else');

select * from finish();
rollback;
