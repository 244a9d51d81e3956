begin;
\ir ../../world.psql
\ir ../../conversations/talk.psql
select plan(25);

-- Says one message after the other in the talk of the member of north; an id names each.
create function pg_temp.say(name text, role text, parts jsonb, short text default null) returns void
  language plpgsql as $$
begin
  insert into public.messages (id, workspace_id, conversation_id, user_id, parent_id, role, parts, content_for_llm)
  select tests.id(name), c.workspace_id, c.id, c.user_id, c.active_message_id, role, parts, short
  from public.conversations as c where c.id = tests.id('north talk');
  update public.conversations set active_message_id = tests.id(name) where id = tests.id('north talk');
end;
$$;
create function pg_temp.text(words text) returns jsonb language sql as $$
  select jsonb_build_array(jsonb_build_object('type', 'text', 'text', words));
$$;
create function pg_temp.call(id text) returns jsonb language sql as $$
  select jsonb_build_array(jsonb_build_object('type', 'tool-call', 'toolCallId', id, 'toolName', 'look', 'input',
    '{}'::jsonb));
$$;
create function pg_temp.result(id text, words text default 'found') returns jsonb language sql as $$
  select jsonb_build_array(jsonb_build_object('type', 'tool-result', 'toolCallId', id, 'toolName', 'look', 'output',
    words));
$$;
create function pg_temp.prompt(budget integer default 8000) returns jsonb language sql as $$
  select private.assemble_context(tests.id('north talk'), budget, null, null, null, null, null);
$$;
create function pg_temp.roles(prompt jsonb) returns text language sql as $$
  select string_agg(m ->> 'role', ' ' order by place)
  from jsonb_array_elements(prompt -> 'messages') with ordinality as e (m, place);
$$;
-- What a provider refuses: a call or a result alone, or a talk that does not begin with the person.
create function pg_temp.faults(prompt jsonb) returns text[] language sql as $$
  with said as (
    select m, place from jsonb_array_elements(prompt -> 'messages') with ordinality as e (m, place)
  ), parts as (
    select part ->> 'toolCallId' as id, part ->> 'type' as kind, part ->> 'state' as state from said cross
    join lateral jsonb_array_elements(m -> 'parts') as part
    where part ? 'toolCallId'
  )
  select array(
    select 'alone: ' || id from parts where kind in ('tool-call', 'tool-result') group by id
    having count(distinct kind) < 2
    union all select 'begins with ' || role
    from (select m ->> 'role' as role from said where m ->> 'role' <> 'system' order by place limit 1) as first
    where role <> 'user'
    union all select 'unfinished: ' || id from parts
    where state in ('input-streaming', 'input-available', 'approval-requested', 'approval-responded'));
$$;

-- Instructions, a greeting, and a long run of calls.
update public.conversations set active_message_id = null where id = tests.id('north talk');
select pg_temp.say('rules', 'system', pg_temp.text('Answer in French.'));
select pg_temp.say('greeting', 'assistant', pg_temp.text('Hello!'));
select pg_temp.say('first', 'user', pg_temp.text('What is the weather?'));
select is(pg_temp.roles(pg_temp.prompt()), 'system user',
  'a greeting before the person is left out, what instructs is not');
do $$
begin
  for n in 1..40 loop
    perform pg_temp.say('call ' || n, 'assistant', pg_temp.call('c' || n), 'short');
    perform pg_temp.say('result ' || n, 'tool', pg_temp.result('c' || n, repeat('rain ', n)));
  end loop;
end;
$$;
select is(pg_temp.faults(pg_temp.prompt()), '{}',
  'after eighty messages of calls the prompt has nothing that a provider refuses');
select is(pg_temp.prompt() -> 'messages' -> 0 -> 'parts' -> 0 ->> 'text', 'Answer in French.',
  'the instructions are in it, though they are older than fifty');
select is(pg_temp.prompt() -> 'messages' -> 1 -> 'parts' -> 0 ->> 'text', 'What is the weather?',
  'and the question that the calls answer');
select is(pg_temp.prompt() -> 'left_out' -> 0 ->> 'reason', 'older_than_fifty', 'what is left out is said');
select is_empty($$
  select budget, pg_temp.faults(pg_temp.prompt(budget)) from generate_series(320, 2500, 20) as budget
  where pg_temp.faults(pg_temp.prompt(budget)) <> '{}'$$,
  'whatever the budget');
select is_empty($$select budget from generate_series(320, 2500, 20) as budget
  where (pg_temp.prompt(budget) ->> 'token_count')::integer > budget$$, 'which is kept');
select is_empty($$
  select budget from generate_series(320, 2500, 20) as budget
  where not (pg_temp.prompt(budget) -> 'messages')::text ~ 'Answer in French'
    or not (pg_temp.prompt(budget) -> 'messages')::text ~ 'weather'$$,
  'what instructs and what was asked never fall out');
create temporary table prompts on commit drop as
  select budget, (pg_temp.prompt(budget) ->> 'record_id')::bigint as record_id
  from generate_series(320, 2500, 20) as budget;
select is_empty($$
  select prompts.budget from prompts join public.context_records as kept on kept.id = prompts.record_id
  where (select said.role from public.conversation_path(kept.message_id, kept.message_count) with ordinality as said
    (id, workspace_id, conversation_id, user_id, parent_id, role, parts, attachments, metadata, content_for_llm,
      token_count,
      preprocessing_log_id, system_message_id, created_at, client_id, taken_back_at, place) order by said.place desc
        limit 1) = 'tool'$$,
  'a pair is taken whole or not at all: what is taken never begins with a result');
create temporary table made on commit drop as select pg_temp.prompt(900) as body;
select is((select private.replay_context((body ->> 'record_id')::bigint) -> 'messages' from made),
  (select body -> 'messages' from made),
  'and a prompt can be had again');

-- At message 51.
select pg_temp.say('grateful', 'user', pg_temp.text('Thanks.'));
do $$
begin
  for n in 1..48 loop
    perform pg_temp.say('talk ' || n, case when n % 2 = 1 then 'assistant' else 'user' end, pg_temp.text('word ' || n));
  end loop;
end;
$$;
select is(pg_temp.faults(pg_temp.prompt()), '{}', 'a pair that message 51 would part stays out whole');
select is((pg_temp.prompt() -> 'messages')::text ~ 'tool-result', false, 'its result too');

-- Calls that nobody answered.
select pg_temp.say('asks', 'assistant', pg_temp.call('lost'));
select pg_temp.say('goes on', 'user', pg_temp.text('Never mind.'));
select is(pg_temp.faults(pg_temp.prompt()), '{}', 'a call without a result is left out');
select pg_temp.say('waits', 'assistant', jsonb_build_array(
  jsonb_build_object('type', 'text', 'text', 'May I?'),
  jsonb_build_object('type', 'tool-pay', 'toolCallId', 'p', 'state', 'approval-requested', 'input', '{}'::jsonb)));
select is(pg_temp.faults(pg_temp.prompt()), '{"unfinished: p"}', 'what the newest message waits for stays');
select pg_temp.say('no', 'user', pg_temp.text('No.'));
select is(pg_temp.faults(pg_temp.prompt()), '{}', 'and is left out once the talk has gone on');
select ok((pg_temp.prompt() -> 'messages')::text ~ 'May I\?', 'without the words beside it');
select pg_temp.say('odd', 'tool', pg_temp.result('nobody asked'));
select pg_temp.say('odd too', 'user', pg_temp.text('What?'));
select is(pg_temp.faults(pg_temp.prompt()), '{}', 'a result that nobody asked for is left out');

-- Files count as what providers count.
select is(private.count_tokens(jsonb_build_array(jsonb_build_object('type', 'file', 'mediaType', 'image/png', 'url',
  'data:image/png;base64,' || repeat('A', 131072)))), 1600, 'a picture of 96 KB');
select is(private.count_tokens('[{"type": "file", "mediaType": "image/png", "url": "https://a.example/b.png"}]'), 1600,
  'is what one at an address is');
select is(private.count_tokens(jsonb_build_array(jsonb_build_object('type', 'file', 'mediaType', 'application/pdf',
  'url', 'data:application/pdf;base64,' || repeat('A', 400000)))), 18000, 'a PDF counts by its size');
select is(private.count_tokens('[{"type": "text", "text": "four"}]'), 8, 'text by its bytes');
select pg_temp.say('picture', 'user', jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'What is this?'),
  jsonb_build_object('type', 'file', 'mediaType', 'image/png', 'url',
    'data:image/png;base64,' || repeat('A', 131072))));
select is(tests.answer_of($$select pg_temp.prompt(8000)$$), 'ok',
  'a question with a picture has a prompt of the usual size');
select pg_temp.say('it is', 'assistant', pg_temp.text('A cat.'));
select pg_temp.say('and', 'user', pg_temp.text('Whose?'));
select ok((pg_temp.prompt(8000) -> 'messages')::text ~ 'What is this\?',
  'and a turn later the question is still there');
select is((select token_count from public.messages where id = tests.id('picture')), 1611,
  'it was counted when it was said');
select is(pg_temp.faults(pg_temp.prompt()), '{}', 'and every model takes it');

select * from finish();
rollback;
