begin;
\ir ../../world.psql
select plan(20);

insert into public.budgets (id, workspace_id, period, amount, per_call)
values (tests.id('all'), tests.id('north'), 'month', 1000, 300);
insert into public.conversations (id, workspace_id, user_id) values
  (tests.id('talk'), tests.id('north'), tests.id('member')),
    (tests.id('elsewhere'), tests.id('south'), tests.id('clerk'));
create function tests.left_of(budget text) returns bigint language sql as $$
  select private.budget_left(tests.id(budget), private.budget_period('month'));
$$;
create function tests.streaming(stream text, talk text, place text, who text) returns text language sql as $$
  select tests.answer_of(format('insert into public.streams (id, workspace_id, conversation_id, user_id) values (%L, '
    '%L, %L, %L)',
    tests.id(stream), tests.id(place), tests.id(talk), tests.id(who)));
$$;
create function tests.asking(query text) returns text language sql as $$
  select tests.answer_of(format('insert into public.background_queries (workspace_id, conversation_id, user_id, type, '
    'input) values (%L, %L, %L, ''q'', %L)',
    tests.id('north'), tests.id('talk'), tests.id('member'), jsonb_build_object('named', query)));
$$;

select is(tests.streaming('one', 'talk', 'north', 'member'), 'ok', 'a stream begins');
select is(tests.left_of('all'), 700::bigint, 'and reserves what a call is worth');
update public.streams set status = 'finished', finished_at = now() where id = tests.id('one');
select is(tests.left_of('all'), 700::bigint, 'nobody said how much it used: as much as it had reserved');
select is(tests.streaming('two', 'talk', 'north', 'member'), 'ok', 'another');
select is(public.settle_usage(tests.id('north'), 'stream:' || tests.id('two'), 50), true,
  'whose writer knows what it used');
update public.streams set status = 'finished', finished_at = now() where id = tests.id('two');
select is(tests.left_of('all'), 650::bigint, 'uses that, and its end changes nothing');
select is(tests.asking('a'), 'ok', 'a background query');
select is(tests.left_of('all'), 350::bigint, 'reserves too');
update public.background_queries set status = 'cancelled', finished_at = now() where input ->> 'named' = 'a';
select is(tests.left_of('all'), 650::bigint, 'and gives back what it has when it is cancelled');
select is(array[tests.asking('b'), tests.asking('c')], array['ok', 'ok'], 'two of them');
select is(tests.asking('d'), '402 budget_exhausted', 'and what is not there is refused');
select is(tests.streaming('three', 'talk', 'north', 'member'), '402 budget_exhausted', 'to a stream as well');
select is(tests.streaming('four', 'elsewhere', 'south', 'clerk'), 'ok',
  'a workspace without a budget has none to keep to');
select is((select count(*) from private.usage_reservations where workspace_id = tests.id('south')), 0::bigint,
  'and reserves nothing');
select is((select sum(amounts[1]) from private.usage_reservations
  where workspace_id = tests.id('north') and not is_settled), 600::numeric,
  'what is still open holds what it has reserved');

update public.budgets set amount = 2000 where id = tests.id('all');
select is(tests.streaming('five', 'talk', 'north', 'member'), 'ok', 'a stream whose answer');
create function tests.answering(stream text) returns text language sql as $$
  select tests.answer_of(format('insert into public.background_queries (workspace_id, conversation_id, user_id, type, '
    'input) values (%L, %L, %L, ''answer'', %L)',
    tests.id('north'), tests.id('talk'), tests.id('member'), jsonb_build_object('stream_id', tests.id(stream))));
$$;
select is(tests.answering('five'), 'ok', 'is asked for in the queue');
select is(tests.left_of('all'), 750::bigint, 'is reserved once');
select is(tests.answering('five'), 'ok', 'whoever asks a second time in its name');
select is(tests.left_of('all'), 450::bigint, 'pays for that');

select * from finish();
rollback;
