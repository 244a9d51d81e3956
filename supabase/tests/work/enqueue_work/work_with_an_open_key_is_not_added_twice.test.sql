begin;
\ir ../../world.psql
\ir ../chores.psql
select plan(15);

-- What became of each item, by the title of the row that it is now: + new, = was there.
create function tests.enqueue(variadic items jsonb[]) returns text language plpgsql as $$
declare
  added record;
  told text[];
begin
  for added in
    select * from private.enqueue_work('chores', (
      select jsonb_agg(jsonb_build_object('workspace_id', tests.id('north')) || item order by place)
      from unnest(items) with ordinality as i (item, place)))
  loop
    told := told || concat((select j.title from public.chores as j where j.id = added.id),
      case when added.is_new then '+' else '=' end);
  end loop;
  return array_to_string(told, ' ');
end;
$$;
select is(tests.enqueue('{"title": "a", "dedupe_key": "k"}', '{"title": "b"}', '{"title": "b"}'), 'a+ b+ b+',
  'work is added');
select is(tests.enqueue('{"title": "c"}', '{"title": "d", "dedupe_key": "k"}', '{"title": "e", "dedupe_key": "l"}'),
  'c+ a= e+', 'an open key answers with the row that has it, in its place');
select is(tests.enqueue('{"title": "f", "dedupe_key": "m"}', '{"title": "g", "dedupe_key": "m", "priority": 3}'),
  'f+ f=', 'also within one call');
select is(tests.enqueue('{"title": "x", "workspace_id": "00000000-0000-4000-8000-000000000001", "dedupe_key": "k"}'),
  'x+', 'another workspace has keys of its own');
select is(tests.enqueue('{"title": "defaults"}'), 'defaults+', 'what is not named');
select results_eq(
  $$select status, priority::integer, attempts::integer, max_attempts::integer, scheduled_for, dedupe_key::text
  from public.chores where title = 'defaults'$$,
  $$values ('pending', 0, 0, 5, now(), null::text)$$, 'has its default'
);
select is(
  tests.enqueue('{"title": "said", "priority": -7, "scheduled_for": "2100-01-01T00:00:00Z", "max_attempts": 2}'),
  'said+', 'what is named'
);
select results_eq(
  $$select priority::integer, scheduled_for, max_attempts::integer from public.chores where title = 'said'$$,
  $$values (-7, timestamptz '2100-01-01 00:00:00+00', 2)$$, 'is set'
);
select is(tests.claim('w', 100), 'a b b c defaults e f x', 'all that is due is found by a claim');
select is(tests.enqueue('{"title": "h", "dedupe_key": "k"}'), 'a=', 'a key is open as long as its work is in progress');
select private.complete_work('chores', tests.token('w'), tests.ids('a'));
select is(tests.enqueue('{"title": "h", "dedupe_key": "k"}'), 'h+', 'and free when it is done');
select is((select count(*) from private.enqueue_work('chores', '[]')), 0::bigint, 'nothing is nothing');

-- The same for who inserts into the table.
select is(tests.answer_of($$select tests.add('i', dedupe => 'k')$$), '23505', 'a plain insert is refused');
insert into public.chores (workspace_id, title, dedupe_key) values (tests.id('north'), 'i', 'k')
on conflict (workspace_id, dedupe_key)
  where dedupe_key is not null and status in ('pending', 'in_progress') do nothing;
select is(tests.job('i'), null, 'or does nothing, if it says so');
select is(
  (select count(*)
    from private.enqueue_work('chores',
    (select jsonb_agg(jsonb_build_object('workspace_id', tests.id('south'), 'title', n))
    from generate_series(1, 1000) as n)) where is_new),
  1000::bigint, 'a thousand at once'
);

select * from finish();
rollback;
