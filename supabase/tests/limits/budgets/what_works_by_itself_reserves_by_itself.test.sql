begin;
\ir ../../world.psql
select plan(29);

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

update public.background_queries set status = 'done', finished_at = now(), result = '{}'
where input ->> 'stream_id' = tests.id('five')::text;
select is(tests.answering('five'), 'ok', 'and so does whoever asks when the first one has its answer');
select is(tests.left_of('all'), 150::bigint, 'though the stream is still open');

-- Who cancels what a worker has begun pays for it: asking and cancelling again and again is no way past a budget.
update public.budgets set amount = 5000 where id = tests.id('all');
create function tests.ask_and_cancel(query text, claims boolean) returns bigint language plpgsql as $$
declare
  asked bigint;
  before bigint := tests.left_of('all');
begin
  perform tests.authenticate_as('member');
  asked := public.ask_in_background(tests.id('talk'), query);
  perform tests.authenticate_as('database');
  if claims then
    perform public.claim_work('background_queries', 'researcher', 100);
  end if;
  perform tests.authenticate_as('member');
  perform public.cancel_background_query(asked);
  perform tests.authenticate_as('database');
  return before - tests.left_of('all');
end;
$$;
select is(tests.ask_and_cancel('q', false), 0::bigint, 'what nobody began costs nothing');
select is(tests.ask_and_cancel('q', true), 300::bigint, 'what a worker had begun costs what was reserved');
select is(tests.ask_and_cancel('q', true), 300::bigint, 'each time');

-- A stream pays for the answers of its own conversation, and not for those of others who know its id.
insert into public.conversations (id, workspace_id, user_id) values
  (tests.id('aside'), tests.id('north'), tests.id('member'));
select is(tests.streaming('six', 'talk', 'north', 'member'), 'ok', 'a stream of one conversation');
create temporary table before on commit drop as select tests.left_of('all') as n;
insert into public.background_queries (workspace_id, conversation_id, user_id, type, input)
values (tests.id('north'), tests.id('aside'), tests.id('member'), 'answer',
  jsonb_build_object('stream_id', tests.id('six')));
select is((select n from before) - tests.left_of('all'), 300::bigint, 'pays for no other one');
select is(tests.answering('six'), 'ok', 'and for its own');
select is((select n from before) - tests.left_of('all'), 300::bigint, 'once');

select * from finish();
rollback;
